import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { Gap, Topic, bytes, type Message } from '@ringway/ring';

import { readMessage } from './chaos/message.js';
import { Random } from './chaos/random.js';
import type { Said } from './fixtures/protocol.js';
import { Child, cleanUp, fixture, keep, queueName } from './support/process.js';
import { PATIENCE_MS, TEST_MS, within } from './support/turns.js';

const MEMBER = 'topic-member';
const SPIN_MS = 2000;
const LIVES = 12;
const COUNT = 2000;

describe('processes of a topic', function () {
  this.timeout(TEST_MS);
  let name: string;
  let topic: Topic<Uint8Array>;
  const workers: Worker[] = [];

  beforeEach(() => {
    name = queueName();
    topic = keep(
      Topic.open<Uint8Array>(name, { codec: bytes(), laneBytes: 16_384, maxPublishers: 4, maxSubscribers: 6 }),
    );
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
    await cleanUp();
  });

  function start(what: string, id: number, amount = 0): Child {
    return Child.run(MEMBER, name, what, String(id), String(amount));
  }

  /** Which one it is; a torn one fails. */
  function read(message: Uint8Array): { producer: number; sequence: number } {
    const found = readMessage(message);
    assert.ok(found !== undefined, `a torn message of ${message.length} bytes`);
    return found;
  }

  for (const mode of ['send', 'sendSync'] as const) {
    it(`go on with ${mode} when one that is waited for is killed`, async () => {
      const holder = start('hold', 1);
      const slot = await within(PATIENCE_MS, 'the holder', holder.hears('joined'));
      const publisher = topic.publisher({ idle: 'park' });
      const message = new Uint8Array(1000);
      while (publisher.trySend(message));
      const lost = once(topic, 'peer-lost');
      let begun: number;
      if (mode === 'send') {
        const sending = publisher.send(message);
        begun = performance.now();
        holder.process.kill('SIGKILL');
        await within(PATIENCE_MS, 'the send', sending);
      } else {
        begun = performance.now();
        holder.process.kill('SIGKILL');
        publisher.sendSync(message, { timeout: PATIENCE_MS });
      }
      console.log(`        ${(performance.now() - begun).toFixed(1)} ms from SIGKILL to ${mode} being through`);
      const [peer] = (await lost) as [{ readonly slot: number; readonly label: string }];
      assert.deepEqual([peer.slot, peer.label], [slot, 'holder']);
      while (publisher.trySend(message) && topic.stats().lanes[0].publishedMessages < 1000);
      assert.equal(topic.stats().lanes[0].publishedMessages, 1000);
    });
  }

  it(`leave whole messages or none where a publisher is killed, ${LIVES} times, and the next one goes on in its lane`, async () => {
    const random = new Random(7);
    const subscriber = topic.subscriber();
    const drops = topic.subscriber({ onSlow: 'drop', gaps: true });
    let [published, counted] = [0, 0];
    /** What the two agree on. */
    const order: string[] = [];
    const count = (message: Message<Uint8Array>): { producer: number; sequence: number } => {
      const { producer, sequence } = read(message.value);
      order.push(`${producer}.${sequence}`);
      published++;
      return { producer, sequence };
    };
    /** What comes to who is not waited for is where it should be. */
    const compare = (): void => {
      for (let got = drops.tryReceive(); got !== undefined; got = drops.tryReceive()) {
        if (got instanceof Gap) counted += got.missed;
        else {
          const { producer, sequence } = read(got.value);
          assert.equal(`${producer}.${sequence}`, order[counted++]);
        }
      }
    };
    for (let life = 1; life <= LIVES; life++) {
      const publisher = start('flood', life);
      let expected = 1;
      const most = random.between(1, 500);
      while (expected <= most) {
        const message = await subscriber.receive({ timeout: PATIENCE_MS });
        assert.ok(message !== undefined);
        assert.deepEqual(count(message), { producer: life, sequence: expected++ });
      }
      await publisher.kill();
      for (let message = subscriber.tryReceive(); message !== undefined; message = subscriber.tryReceive()) {
        assert.deepEqual(count(message), { producer: life, sequence: expected++ });
      }
      if (life % 3 === 0) compare();
      assert.equal(topic.stats().lanes.length, 1);
    }
    compare();
    assert.equal(counted, published);
    assert.ok(drops.missed > 0);
    assert.equal(subscriber.missed, 0);
  });

  it('read nothing torn, nothing invented, and miss exactly what they do not get, while one publishes as fast as it can', async () => {
    const drops = topic.subscriber({ onSlow: 'drop', gaps: true, idle: 'spin' });
    const polls = topic.subscriber({ onSlow: 'drop' });
    const random = new Random(11);
    const spinning = start('spin', 1, SPIN_MS);
    const sent = spinning.hears('sent') as Promise<number>;
    let [expected, delivered, polled, last] = [0, 0, 0, 0];
    for await (const got of drops.messages()) {
      if (got instanceof Gap) expected += got.missed;
      else {
        assert.deepEqual(read(got.value), { producer: 1, sequence: ++expected });
        delivered++;
      }
      if (random.next() < 0.01) {
        polled += polls.poll((message, offset, length) => {
          const { sequence } = read(message.subarray(offset, offset + length));
          assert.ok(sequence > last);
          last = sequence;
        });
      }
    }
    const published = await within(PATIENCE_MS, 'the publisher', sent);
    polled += drain(polls);
    console.log(`        ${published} published, ${delivered} delivered, ${drops.missed} missed`);
    assert.equal(expected, published);
    assert.equal(delivered + drops.missed, published);
    assert.equal(polled + polls.missed, published);
    assert.ok(drops.missed > 0 && delivered > 0);
  });

  /** Polls until there is nothing. */
  function drain(subscriber: { poll(handler: () => void): number }): number {
    let count = 0;
    for (let done = -1; done !== 0; count += done) done = subscriber.poll(() => undefined);
    return count;
  }

  it('and workers get everything of each other, in every way of sending and receiving', async () => {
    const ways = ['receive', 'receiveSync', 'pollSync'];
    const children = ways.map((what) => start(what, 0));
    const heard = ways.map((what) => {
      const worker = new Worker(fixture(MEMBER), { workerData: [name, what, '0', '0'] });
      workers.push(worker);
      const counts = new Promise<unknown>((resolve, reject) => {
        worker.on('message', ({ event, detail }: Said) => {
          if (event === 'counts') resolve(detail);
        });
        worker.once('error', reject);
      });
      return { joined: once(worker, 'message'), counts };
    });
    await within(PATIENCE_MS, 'joining', Promise.all(heard.map(({ joined }) => joined)));
    await within(PATIENCE_MS, 'joining', Promise.all(children.map((child) => child.hears('joined'))));
    // The stream ends when nobody publishes any more, not when the first one is through before the last one has come.
    const last = topic.publisher();
    const publishers = [start('publish', 1, COUNT), start('publishSync', 2, COUNT)];
    const publishing = new Worker(fixture(MEMBER), { workerData: [name, 'publishSync', '3', String(COUNT)] });
    workers.push(publishing);
    const through = once(publishing, 'exit');
    for (const publisher of publishers) assert.equal(await publisher.end(), 0);
    assert.deepEqual(await within(PATIENCE_MS, 'the worker', through), [0]);
    await last.end();
    const counts = [...children.map((child) => child.hears('counts')), ...heard.map((each) => each.counts)];
    for (const count of counts) {
      assert.deepEqual(await within(PATIENCE_MS, 'everything', count), { 1: COUNT, 2: COUNT, 3: COUNT });
    }
    for (const child of children) assert.equal(await child.end(), 0);
  });
});
