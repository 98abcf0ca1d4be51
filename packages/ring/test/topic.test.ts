import assert from 'node:assert/strict';

import { Queue, Topic, bytes, json } from '@ringway/ring';

import { throwsCode, rejectsCode } from './support/codes.js';
import { cleanUp, keep, queueName } from './support/process.js';
import { range } from './support/heap-topic.js';

const SMALL = { laneBytes: 4096, maxPublishers: 3, maxSubscribers: 3 };

describe('a topic', () => {
  let name: string;
  let topic: Topic<number>;

  beforeEach(() => {
    name = queueName();
    topic = keep(Topic.open<number>(name, SMALL));
  });

  afterEach(cleanUp);

  it('gives every subscriber every message, in order per publisher', async () => {
    const subscribers = [topic.subscriber(), topic.subscriber()];
    const [first, second] = [topic.publisher({ label: 'first' }), topic.publisher({ label: 'second' })];
    for (const number of range(0, 50)) {
      await first.send(number);
      await second.send(100 + number);
    }
    for (const subscriber of subscribers) {
      const numbers = { first: [] as number[], second: [] as number[] };
      for (let next = subscriber.tryReceive(); next !== undefined; next = subscriber.tryReceive()) {
        numbers[next.publisher as 'first' | 'second'].push(next.value);
      }
      assert.deepEqual(numbers, { first: range(0, 50), second: range(100, 150) });
      assert.equal(subscriber.missed, 0);
    }
  });

  it('gives who joins in the middle what is published from then on, also by publishers to come', async () => {
    const publisher = topic.publisher();
    await publisher.sendMany(range(0, 10));
    const subscriber = topic.subscriber();
    assert.equal(subscriber.tryReceive(), undefined);
    await publisher.sendMany(range(10, 13));
    await topic.publisher().send(99);
    const numbers = range(0, 4).map(() => subscriber.tryReceive()?.value);
    assert.deepEqual(numbers.sort(), [10, 11, 12, 99]);
  });

  it('needs nobody to listen', async () => {
    const publisher = topic.publisher();
    for (const number of range(0, 10_000)) assert.ok(publisher.trySend(number));
    assert.equal(topic.stats().lanes[0].waitsForRoom, 0);
    await topic.drained();
  });

  it('carries headers, keys, times and ids, which are the same for all', async () => {
    const [one, other] = [topic.subscriber(), topic.subscriber()];
    const publisher = topic.publisher({ label: 'shop', timestamps: true });
    await publisher.send(1, { headers: { a: 'b' }, key: 'ABC' });
    await publisher.send(2);
    const [first, second] = [one.tryReceive(), one.tryReceive()];
    assert.deepEqual([{ ...first?.headers }, first?.key, first?.publisher], [{ a: 'b' }, 'ABC', 'shop']);
    assert.deepEqual([second?.headers, second?.key], [{}, undefined]);
    assert.ok((first?.time ?? Infinity) <= (second?.time ?? -Infinity));
    assert.equal(first?.id, other.tryReceive()?.id);
    assert.notEqual(first?.id, second?.id);
    assert.match(first?.id ?? '', new RegExp(`^${topic.stats().creationId}-0-[0-9]+$`));
  });

  it('does not hand out what is older than its ttlMs, by receive and by poll', async () => {
    const [receiver, poller] = [topic.subscriber(), topic.subscriber()];
    const publisher = topic.publisher();
    await publisher.send(1, { ttlMs: 0.001 });
    await publisher.send(2, { ttlMs: 100_000 });
    const begun = process.hrtime.bigint();
    while (process.hrtime.bigint() - begun < 2_000_000n);
    assert.equal(receiver.tryReceive()?.value, 2);
    assert.equal(
      poller.poll(() => undefined),
      1,
    );
    assert.equal(receiver.missed, 0);
  });

  it('ends for a subscriber when its publishers have ended and everything was read, and begins anew', async () => {
    const subscriber = topic.subscriber();
    const [first, second] = [topic.publisher(), topic.publisher()];
    const numbers: number[] = [];
    const loop = (async () => {
      for await (const number of subscriber.values()) numbers.push(number);
    })();
    await first.send(1);
    await first.end();
    await second.send(2);
    await second.end();
    await loop;
    assert.deepEqual(numbers.sort(), [1, 2]);
    const next = topic.subscriber();
    const received = next.receive();
    await topic.publisher().send(3);
    assert.equal((await received)?.value, 3);
  });

  it('does not end where a publisher only closes', async () => {
    const subscriber = topic.subscriber();
    topic.publisher().close();
    await rejectsCode(subscriber.receive({ timeout: 1 }), 'ERR_RINGWAY_TIMEOUT');
  });

  it('ends for who comes later and reads the history', async () => {
    const publisher = topic.publisher();
    await publisher.send(7);
    await publisher.end();
    const subscriber = topic.subscriber({ history: 5 });
    assert.equal((await subscriber.receive())?.value, 7);
    assert.equal(await subscriber.receive(), undefined);
  });

  it('is drained when those are through who are waited for', async () => {
    const [blocks, drops] = [topic.subscriber(), topic.subscriber({ onSlow: 'drop' })];
    await topic.publisher().send(1);
    const drained = topic.drained();
    await rejectsCode(topic.drained({ timeout: 1 }), 'ERR_RINGWAY_TIMEOUT');
    blocks.tryReceive();
    await drained;
    assert.equal(drops.tryReceive()?.value, 1);
  });

  it('names in its stats who publishes, who subscribes, how, and how far each is behind', async () => {
    const publisher = topic.publisher({ label: 'shop' });
    topic.subscriber({ label: 'a' });
    topic.subscriber({ label: 'b', onSlow: 'drop' });
    topic.subscriber({ label: 'c', onSlow: 'disconnect' });
    await publisher.sendMany(range(0, 5));
    const stats = topic.stats();
    assert.deepEqual(
      [stats.name, stats.laneBytes, stats.maxPublishers, stats.maxSubscribers],
      [name, SMALL.laneBytes, 3, 3],
    );
    assert.deepEqual(
      stats.subscribers.map(({ label, onSlow }) => [label, onSlow]),
      [
        ['a', 'block'],
        ['b', 'drop'],
        ['c', 'disconnect'],
      ],
    );
    const [lane] = stats.lanes;
    for (const { behindBytes } of stats.subscribers) assert.equal(behindBytes, lane.publishedBytes);
    assert.deepEqual(
      [lane.label, lane.state, lane.publisher?.label, lane.publishedMessages, lane.heldBytes],
      ['shop', 'open', 'shop', 5, lane.publishedBytes],
    );
  });

  it('refuses one publisher and one subscriber too many, and takes them when another has left', () => {
    const publishers = range(0, 3).map(() => topic.publisher());
    const subscribers = range(0, 3).map(() => topic.subscriber());
    throwsCode(() => topic.publisher(), 'ERR_RINGWAY_TOO_MANY_PRODUCERS');
    throwsCode(() => topic.subscriber(), 'ERR_RINGWAY_TOO_MANY_CONSUMERS');
    publishers[1].close();
    subscribers[1].close();
    assert.equal(topic.publisher().slot, publishers[1].slot);
    assert.equal(topic.subscriber().slot, subscribers[1].slot);
  });

  it('is listed, exists, and is unlinked', () => {
    assert.ok(Topic.exists(name));
    assert.ok(Topic.list().some((each) => each.name === name));
    assert.ok(!Queue.list().some((each) => each.name === name));
    assert.ok(Topic.unlink(name));
    assert.ok(!Topic.exists(name));
    assert.ok(!Topic.unlink(name));
  });

  it('is not the queue of that name, nor the other way round', () => {
    throwsCode(() => Queue.open(name), 'ERR_RINGWAY_KIND_MISMATCH');
    const other = queueName();
    keep(Queue.open(other));
    throwsCode(() => Topic.open(other), 'ERR_RINGWAY_KIND_MISMATCH');
  });

  it('tells in its own words which option differs', () => {
    for (const option of ['maxPublishers', 'maxSubscribers', 'laneBytes'] as const) {
      const error = throwsCode(
        () => Topic.open(name, { [option]: SMALL[option] + (option === 'laneBytes' ? 4096 : 1) }),
        'ERR_RINGWAY_OPTIONS_MISMATCH',
      );
      assert.ok(
        error.message.startsWith(`topic "${name}" was created with ${option} ${SMALL[option]},`),
        error.message,
      );
    }
    throwsCode(() => Topic.open(name, { codec: json() }), 'ERR_RINGWAY_CODEC_MISMATCH');
    assert.throws(() => Topic.open(name, { maxPublishers: 0 }), { name: 'RangeError', message: /^maxPublishers must/ });
    assert.throws(() => Topic.open(name, { maxSubscribers: 1025 }), {
      name: 'RangeError',
      message: /^maxSubscribers must/,
    });
  });

  it('refuses options of a subscriber that mean nothing', () => {
    assert.throws(() => topic.subscriber({ onSlow: 'wait' as 'drop' }), RangeError);
    assert.throws(() => topic.subscriber({ history: -1 }), RangeError);
    assert.throws(() => topic.subscriber({ history: 2 ** 31 }), RangeError);
    assert.throws(() => topic.subscriber({ keys: [''] }), RangeError);
    assert.throws(() => topic.subscriber({ keys: [7 as unknown as string] }), TypeError);
    assert.throws(() => topic.subscriber({ label: 'x'.repeat(49) }), RangeError);
    assert.equal(topic.stats().subscribers.length, 0);
  });

  it('rejects what waits when it is closed', async () => {
    const subscriber = topic.subscriber();
    const waits = [subscriber.receive(), subscriber.receive()];
    topic.close();
    await rejectsCode(waits[0], 'ERR_RINGWAY_CLOSED');
    await rejectsCode(waits[1], 'ERR_RINGWAY_CLOSED');
    throwsCode(() => topic.stats(), 'ERR_RINGWAY_CLOSED');
    throwsCode(() => subscriber.tryReceive(), 'ERR_RINGWAY_CLOSED');
  });

  it('is the same on the heap of one thread', async () => {
    const local = keep(Topic.local<Uint8Array>({ ...SMALL, codec: bytes() }));
    const subscriber = local.subscriber();
    const received = subscriber.receive();
    await local.publisher().send(Uint8Array.of(1, 2));
    assert.deepEqual((await received)?.value, Uint8Array.of(1, 2));
  });

  it('goes on in a lane that another publisher has left, and commits no more memory for it', async () => {
    const subscriber = topic.subscriber();
    for (const number of range(0, 20)) {
      const publisher = topic.publisher({ label: `life ${number}` });
      await publisher.send(number);
      assert.equal(subscriber.tryReceive()?.value, number);
      publisher.close();
    }
    assert.equal(topic.stats().lanes.length, 1);
    assert.equal(topic.stats().lanes[0].publishedMessages, 20);
  });

  it('takes another lane while somebody has yet to read what a publisher has left', async () => {
    const subscriber = topic.subscriber();
    const first = topic.publisher({ label: 'first' });
    await first.send(1);
    first.close();
    await topic.publisher({ label: 'second' }).send(2);
    assert.deepEqual([subscriber.tryReceive()?.publisher, subscriber.tryReceive()?.publisher], ['first', 'second']);
    assert.equal(topic.stats().lanes.length, 2);
  });
});
