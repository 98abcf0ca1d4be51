import assert from 'node:assert/strict';
import { once } from 'node:events';

import { Segment } from '@ringway/memory';
import { DEFAULTS, Queue, bytes, json, msgpack, text, typed, type QueueOptions } from '@ringway/ring';

import { channelGeometry, channelSpec } from '../dist/channel.js';
import { KIND_QUEUE } from '../dist/layout.js';
import { rejectsCode, throwsCode } from './support/codes.js';
import { cleanUp, keep, objectsOf, queueName } from './support/process.js';
import { Outcome, PATIENCE_MS, TEST_MS, turns, within } from './support/turns.js';

const SOON = 3000;
const SMALL = { laneBytes: 4096, maxProducers: 2, maxConsumers: 2 };

describe('a queue', () => {
  let name: string;

  beforeEach(() => {
    name = queueName();
  });

  afterEach(cleanUp);

  describe('opening', () => {
    it('makes what is missing, and finds it the next time', async () => {
      const made = keep(Queue.open<number>(name, SMALL));
      const found = keep(Queue.open<number>(name));
      await made.producer().send(5);
      assert.equal((await found.consumer().receive())?.value, 5);
      assert.equal(made.stats().creationId, found.stats().creationId);
    });

    it('refuses to make what is there, or to find what is missing, if told so', () => {
      throwsCode(() => Queue.open(name, { create: 'never' }), 'ERR_RINGWAY_NOT_FOUND');
      keep(Queue.open(name, { ...SMALL, create: 'always' }));
      throwsCode(() => Queue.open(name, { ...SMALL, create: 'always' }), 'ERR_RINGWAY_EXISTS');
      keep(Queue.open(name, { create: 'never' }));
    });

    it('takes the geometry of the creator, and names both values where it was told another one', () => {
      keep(Queue.open(name, { ...SMALL, maxMessageBytes: 1000 }));
      const found = keep(Queue.open(name)).stats();
      assert.deepEqual([found.laneBytes, found.maxProducers, found.maxConsumers], [4096, 2, 2]);
      for (const other of [{ laneBytes: 8192 }, { maxProducers: 3 }, { maxConsumers: 3 }, { maxMessageBytes: 1001 }]) {
        const { message } = throwsCode(() => Queue.open(name, other), 'ERR_RINGWAY_OPTIONS_MISMATCH');
        for (const value of Object.values(other)) assert.ok(message.includes(String(value)), message);
      }
      keep(Queue.open(name, { ...SMALL, maxMessageBytes: 1000 }));
    });

    it('takes the codec of the creator, if it is one of Ringway’s own', async () => {
      const made = keep(Queue.open<string>(name, { ...SMALL, codec: text() }));
      await made.producer().send('x');
      assert.equal((await keep(Queue.open<string>(name)).consumer().receive())?.value, 'x');
      throwsCode(() => Queue.open(name, { codec: json() }), 'ERR_RINGWAY_CODEC_MISMATCH');
    });

    it('needs to be told a codec that is not', () => {
      keep(Queue.open(name, { ...SMALL, codec: typed(Float64Array) }));
      throwsCode(() => Queue.open(name), 'ERR_RINGWAY_CODEC_MISMATCH');
      keep(Queue.open(name, { codec: typed(Float64Array) }));
    });

    it('refuses what is no queue', () => {
      const { size, geometry } = channelSpec(KIND_QUEUE, channelGeometry(SMALL));
      const header = { geometry, size, codecName: 'msgpack', codecId: 0, schemaId: 0 };
      keep(Segment.create(name, { ...header, kind: KIND_QUEUE + 6 }));
      throwsCode(() => Queue.open(name), 'ERR_RINGWAY_KIND_MISMATCH');
    });

    it('refuses a geometry that cannot be', () => {
      const { size } = channelSpec(KIND_QUEUE, channelGeometry(SMALL));
      const header = { kind: KIND_QUEUE, size, codecName: 'msgpack', codecId: 0, schemaId: 0 };
      for (const geometry of [
        [],
        [4096],
        [4097, 2, 2, 1],
        [4096, 0, 2, 1],
        [4096, 2, 2, 0],
        [8192, 2, 2, 1],
        [4096, 2, 2000, 1],
      ]) {
        const segment = Segment.create(name, { ...header, geometry });
        throwsCode(() => Queue.open(name), 'ERR_RINGWAY_CORRUPT_SEGMENT');
        segment.close();
        Queue.unlink(name);
      }
    });

    it('refuses options that are none', () => {
      const wrong: QueueOptions<unknown>[] = [
        { laneBytes: 4095 },
        { laneBytes: 12_288 },
        { laneBytes: 2 ** 31 },
        { maxProducers: 0 },
        { maxProducers: 1025 },
        { maxConsumers: 1.5 },
        { maxMessageBytes: 0 },
        { heldWarningMs: 0 },
        { create: 'maybe' as 'never' },
        { mode: 0o1000 },
      ];
      for (const options of wrong) assert.throws(() => Queue.open(name, options), RangeError, JSON.stringify(options));
      throwsCode(() => Queue.open('a/b'), 'ERR_RINGWAY_INVALID_NAME');
      throwsCode(() => Queue.open(''), 'ERR_RINGWAY_INVALID_NAME');
      assert.deepEqual(objectsOf(name), []);
    });
  });

  it('is listed, exists and is unlinked by name', () => {
    assert.equal(Queue.exists(name), false);
    assert.equal(Queue.unlink(name), false);
    keep(Queue.open(name, { ...SMALL, codec: json() }));
    assert.equal(Queue.exists(name), true);
    assert.equal(Queue.list().find((each) => each.name === name)?.codec, 'json');
    assert.equal(Queue.unlink(name), true);
    assert.equal(Queue.exists(name), false);
  });

  it('with one producer and default options takes at most 1.5 MiB', async () => {
    const queue = keep(Queue.open<number>(name));
    await queue.producer().send(1);
    const { blocks } = await import('node:fs').then(({ statSync }) => statSync(`/dev/shm/${objectsOf(name)[0]}`));
    assert.ok(blocks * 512 <= 1.5 * 1024 * 1024, `${blocks * 512} bytes`);
    assert.equal(DEFAULTS.laneBytes, 1024 * 1024);
  });

  it('gives the memory of a lane back when its producer has left and all is acknowledged', async () => {
    const { statSync } = await import('node:fs');
    const queue = keep(Queue.open<number>(name, { laneBytes: 2 ** 22, maxProducers: 2, maxConsumers: 2 }));
    const taken = (): number => statSync(`/dev/shm/${objectsOf(name)[0]}`).blocks * 512;
    const producer = queue.producer();
    await producer.send(1);
    assert.ok(taken() > 2 ** 22);
    queue.consumer().poll(() => undefined);
    producer.close();
    assert.ok(taken() < 2 ** 20, `${taken()} bytes`);
  });

  it('of a handle on which nobody joined before it was unlinked is opened anew', async () => {
    const early = keep(Queue.open<number>(name, SMALL));
    Queue.unlink(name);
    const late = keep(Queue.open<number>(name, SMALL));
    await early.producer().send(6);
    assert.equal((await late.consumer().receive({ timeout: SOON }))?.value, 6);
  });

  it('that was opened anew says again that it was unlinked', async () => {
    const queue = keep(Queue.open<number>(name, SMALL));
    for (const time of ['first', 'second']) {
      const producer = queue.producer();
      const unlinked = once(queue, 'unlinked');
      assert.equal(Queue.unlink(name), true);
      await within(PATIENCE_MS, `unlinked, the ${time} time`, unlinked);
      producer.close();
    }
  }).timeout(TEST_MS);

  describe('drained', () => {
    it('is so when there was never anything', async () => {
      await keep(Queue.open(name, SMALL)).drained();
    });

    it('waits until everything is acknowledged, by whoever it is', async () => {
      const [sends, receives] = [keep(Queue.open<number>(name, SMALL)), keep(Queue.open<number>(name))];
      const producer = sends.producer();
      for (const number of [1, 2]) await producer.send(number);
      const drained = new Outcome(sends.drained());
      const consumer = receives.consumer();
      const deliveries = [await consumer.receive(), await consumer.receive()];
      deliveries[0]?.ack();
      await turns(5);
      assert.equal(drained.settled, false);
      deliveries[1]?.ack();
      await within(SOON, 'drained', drained.done);
      assert.equal(drained.error, undefined);
    });

    it('is told to everybody who waits', async () => {
      const queue = Queue.local<number>();
      await queue.producer().send(1);
      const waiting = [queue.drained(), queue.drained()];
      queue.consumer().poll(() => undefined);
      await within(SOON, 'both', Promise.all(waiting));
      queue.close();
    });

    it('can be aborted and can last too long', async () => {
      const queue = Queue.local<number>();
      await queue.producer().send(1);
      await rejectsCode(queue.drained({ timeout: 1 }), 'ERR_RINGWAY_TIMEOUT');
      const abort = new AbortController();
      const waiting = queue.drained({ signal: abort.signal });
      abort.abort();
      await assert.rejects(waiting, { name: 'AbortError', code: 'ABORT_ERR' });
      await assert.rejects(queue.drained({ timeout: -1 }), RangeError);
      queue.close();
    });

    it('is rejected when the queue is closed', async () => {
      const queue = Queue.local<number>();
      await queue.producer().send(1);
      const waiting = queue.drained();
      queue.close();
      await rejectsCode(waiting, 'ERR_RINGWAY_CLOSED');
      await rejectsCode(queue.drained(), 'ERR_RINGWAY_CLOSED');
    });
  });

  describe('stats', () => {
    it('tell who is there, and what each lane holds', async () => {
      const queue = Queue.local<number>({ ...SMALL, codec: json<number>() });
      const producer = queue.producer({ label: 'shop' });
      const consumer = queue.consumer({ label: 'desk' });
      for (const number of [1, 2, 3]) await producer.send(number);
      const held = await consumer.receive();
      let stats = queue.stats();
      assert.deepEqual(
        [stats.producers.map(({ label }) => label), stats.consumers.map(({ label }) => label)],
        [['shop'], ['desk']],
      );
      let [lane] = stats.lanes;
      assert.equal(lane.state, 'open');
      assert.equal(lane.label, 'shop');
      assert.equal(lane.producer?.slot, producer.slot);
      assert.deepEqual([lane.publishedMessages, lane.acknowledgedMessages, lane.backlogMessages], [3, 0, 3]);
      assert.deepEqual(
        lane.holders.map(({ slot, label, pid }) => [slot, label, pid]),
        [[consumer.slot, 'desk', process.pid]],
      );
      assert.ok(lane.backlogBytes >= 48 && lane.oldestClaimMs >= 0);
      held?.ack();
      [lane] = queue.stats().lanes;
      assert.deepEqual([lane.acknowledgedMessages, lane.backlogMessages], [1, 2]);
      consumer.close();
      queue.consumer().poll(() => undefined);
      [lane] = queue.stats().lanes;
      assert.deepEqual([lane.acknowledgedMessages, lane.backlogMessages, lane.backlogBytes], [3, 0, 0]);
      assert.deepEqual(lane.holders, []);
      await producer.end();
      stats = queue.stats();
      assert.deepEqual(stats.producers, []);
      assert.equal(stats.lanes[0].state, 'free');
      queue.close();
    });

    it('count waits for room', async () => {
      const queue = Queue.local<number>(SMALL);
      const producer = queue.producer();
      while (producer.trySend(1));
      const sending = producer.send(1);
      assert.equal(queue.stats().lanes[0].waitsForRoom, 1);
      queue.consumer().poll(() => undefined);
      await within(SOON, 'send', sending);
      queue.close();
    });
  });

  it('is closed with everything that was made of it, idempotently, and says so afterwards', async () => {
    const queue = keep(Queue.open<number>(name, SMALL));
    const [producer, consumer] = [queue.producer(), queue.consumer()];
    const waiting = consumer.receive();
    queue.close();
    queue.close();
    assert.deepEqual([queue.closed, producer.closed, consumer.closed], [true, true, true]);
    await rejectsCode(waiting, 'ERR_RINGWAY_CLOSED');
    throwsCode(() => queue.producer(), 'ERR_RINGWAY_CLOSED');
    throwsCode(() => queue.consumer(), 'ERR_RINGWAY_CLOSED');
    throwsCode(() => queue.stats(), 'ERR_RINGWAY_CLOSED');
  });

  it('on the heap needs no shared memory', async () => {
    const before = objectsOf('').length;
    using queue = Queue.local<{ id: number }>({ codec: msgpack<{ id: number }>() });
    const producer = queue.producer();
    for (let id = 0; id < 100; id++) await producer.send({ id });
    await producer.end();
    const ids: number[] = [];
    for await (const { id } of queue.consumer()) ids.push(id);
    assert.deepEqual(
      ids,
      Array.from({ length: 100 }, (_, id) => id),
    );
    assert.equal(objectsOf('').length, before);
  });

  it('of bytes gives private copies', async () => {
    using queue = Queue.local<Uint8Array>({ ...SMALL, codec: bytes() });
    const producer = queue.producer();
    await producer.send(new Uint8Array([1, 2, 3]));
    const consumer = queue.consumer();
    const first = await consumer.receive();
    first?.ack();
    for (let count = 0; count < 1000; count++) {
      await producer.send(new Uint8Array([9, 9, 9]));
      (await consumer.receive())?.ack();
    }
    assert.deepEqual([...(first?.value ?? [])], [1, 2, 3]);
  });
});
