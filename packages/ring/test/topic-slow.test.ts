import assert from 'node:assert/strict';
import fc from 'fast-check';

import { Cursor } from '../dist/cursor.js';
import { CURSOR_EVICTED, CURSOR_OWNER, CURSOR_POLICY, CURSOR_POLICY_WORD, CURSOR_POSITION } from '../dist/layout.js';
import { Gap } from '../dist/message.js';
import { rejectsCode, throwsCode } from './support/codes.js';
import { numbered, numberOf } from './support/heap.js';
import { HeapTopic, numbersOf, range } from './support/heap-topic.js';

describe('a slow subscriber', () => {
  let topic: HeapTopic;

  beforeEach(() => {
    topic = HeapTopic.create();
  });

  afterEach(() => HeapTopic.killAll());

  describe("with onSlow 'block'", () => {
    it('is waited for, and publishers go on as soon as there is room', async () => {
      const subscriber = topic.subscriber();
      const publisher = topic.publisher();
      let sent = 0;
      while (publisher.trySend(numbered(sent, 100))) sent++;
      const sending = publisher.send(numbered(sent, 100));
      await rejectsCode(publisher.send(numbered(99, 100), { timeout: 5 }), 'ERR_RINGWAY_TIMEOUT');
      const first = subscriber.tryReceive();
      assert.ok(first !== undefined && 'value' in first && numberOf(first.value) === 0);
      await sending;
      assert.deepEqual(numbersOf(subscriber), range(1, sent + 1));
      assert.equal(subscriber.missed, 0);
    });

    it('wakes a publisher once, when what it waits for fits', async () => {
      const subscriber = topic.subscriber();
      const publisher = topic.publisher();
      let sent = 0;
      while (publisher.trySend(numbered(sent, 8))) sent++;
      const doorbell = topic.channel.slots.doorbell(publisher.slot);
      const sending = publisher.send(numbered(sent, 800));
      // It has said what it waits for, and sleeps.
      for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate);
      const before = Atomics.load(topic.words, doorbell);
      for (const number of range(0, 40)) {
        const next = subscriber.tryReceive();
        assert.ok(next !== undefined && 'value' in next && numberOf(next.value) === number);
        assert.equal(Atomics.load(topic.words, doorbell), before);
      }
      for (let next = subscriber.tryReceive(); next !== undefined; next = subscriber.tryReceive());
      assert.notEqual(Atomics.load(topic.words, doorbell), before);
      await sending;
    });

    it('holds up nobody once it is closed', async () => {
      const [subscriber, other] = [topic.subscriber(), topic.subscriber()];
      const publisher = topic.publisher();
      let sent = 0;
      while (publisher.trySend(numbered(sent))) sent++;
      const sending = publisher.send(numbered(sent));
      other.close();
      subscriber.close();
      await sending;
      for (const number of range(0, 1000)) assert.ok(publisher.trySend(numbered(number)));
    });

    it('holds up nobody once it is dead, wherever it stood', async () => {
      const process = topic.reopen();
      const dead = process.subscriber();
      const publisher = topic.publisher();
      let sent = 0;
      while (publisher.trySend(numbered(sent))) sent++;
      dead.tryReceive();
      while (publisher.trySend(numbered(sent))) sent++;
      const sending = publisher.send(numbered(sent));
      process.kill();
      await sending;
      assert.equal(topic.lost.length, 1);
    });

    it('is waited for by a publisher that goes on in the lane of one that died', () => {
      const subscriber = topic.subscriber();
      const process = topic.reopen();
      const first = process.publisher({ label: 'shop' });
      let sent = 0;
      while (first.trySend(numbered(sent))) sent++;
      process.kill();
      const second = topic.publisher({ label: 'shop' });
      assert.equal(topic.channel.lanesHigh, 1);
      assert.ok(!second.trySend(numbered(sent)));
      assert.deepEqual(numbersOf(subscriber), range(0, sent));
      assert.ok(second.trySend(numbered(sent)));
      assert.deepEqual(numbersOf(subscriber), [sent]);
    });
  });

  describe("with onSlow 'drop'", () => {
    it('misses exactly what it does not get, and is told so in its place, for random sizes and paces', () => {
      const sizes = fc.array(fc.integer({ min: 4, max: 1000 }), { minLength: 1, maxLength: 12 });
      const paces = fc.array(fc.tuple(fc.nat(90), fc.nat(60)), { minLength: 1, maxLength: 20 });
      fc.assert(
        fc.property(sizes, paces, fc.boolean(), (lengths, rounds, lives) => {
          const fresh = HeapTopic.create();
          const subscriber = fresh.subscriber({ onSlow: 'drop', gaps: true });
          let publisher = fresh.publisher();
          let sent = 0;
          let expected = 0;
          const take = (): boolean => {
            const next = subscriber.tryReceive();
            if (next === undefined) return false;
            if (next instanceof Gap) {
              assert.ok(next.missed > 0);
              expected += next.missed;
            } else assert.equal(numberOf(next.value), expected++);
            return true;
          };
          for (const [sends, receives] of rounds) {
            for (let count = 0; count < sends; count++) {
              assert.ok(publisher.trySend(numbered(sent, lengths[sent++ % lengths.length])));
            }
            for (let count = 0; count < receives && take(); count++);
            if (!lives) continue;
            publisher.close();
            publisher = fresh.publisher();
          }
          while (take());
          assert.equal(expected, sent);
          assert.equal(
            subscriber.missed,
            fresh.gaps.reduce((sum, { missed }) => sum + missed, 0),
          );
          assert.equal(fresh.channel.lanesHigh, 1);
          fresh.kill();
        }),
        { numRuns: 150 },
      );
    });

    it('is told of what it misses by the event and by `missed`, also without gaps in their place', () => {
      const subscriber = topic.subscriber({ onSlow: 'drop' });
      const publisher = topic.publisher({ label: 'shop' });
      for (const number of range(0, 500)) assert.ok(publisher.trySend(numbered(number)));
      const numbers = numbersOf(subscriber);
      assert.deepEqual(numbers, range(500 - numbers.length, 500));
      assert.equal(subscriber.missed, 500 - numbers.length);
      assert.deepEqual(
        topic.gaps.map(({ missed, lane, publisher: label }) => [missed, lane, label]),
        [[subscriber.missed, 0, 'shop']],
      );
      // Not more than half a lane, and what may be overwritten, is left out.
      assert.ok(numbers.length >= (4096 / 16) * 0.4, String(numbers.length));
    });

    it('holds up nobody', () => {
      topic.subscriber({ onSlow: 'drop' });
      const publisher = topic.publisher();
      for (const number of range(0, 1000)) assert.ok(publisher.trySend(numbered(number)));
      assert.equal(topic.channel.lane(0).heldBytes(topic.channel.lane(0).position), 0);
    });

    it('counts on when a lane has another publisher, dead or alive', () => {
      const subscriber = topic.subscriber({ onSlow: 'drop' });
      let sent = 0;
      for (let life = 0; life < 10; life++) {
        const process = topic.reopen();
        const publisher = process.publisher();
        for (let count = 0; count < 100; count++) assert.ok(publisher.trySend(numbered(sent++)));
        if (life % 2 === 0) process.kill();
        else publisher.close();
        topic.recovery.sweep(undefined);
      }
      const numbers = numbersOf(subscriber);
      assert.equal(topic.channel.lanesHigh, 1);
      assert.equal(numbers.length + subscriber.missed, sent);
      assert.equal(numbers.at(-1), sent - 1);
    });
  });

  describe("with onSlow 'disconnect'", () => {
    it('is disconnected, and told so in every wait and by every call', async () => {
      const subscriber = topic.subscriber({ onSlow: 'disconnect' });
      const publisher = topic.publisher({ label: 'shop' });
      subscriber.pause();
      const waits = range(0, 3).map(() => subscriber.receive());
      for (const number of range(0, 1000)) assert.ok(publisher.trySend(numbered(number)));
      assert.deepEqual(topic.evicted, [subscriber.slot]);
      subscriber.resume();
      const errors = await Promise.all(waits.map((wait) => rejectsCode(wait, 'ERR_RINGWAY_SLOW_SUBSCRIBER')));
      for (const { message } of errors) assert.match(message, /publisher "shop"/);
      assert.ok(subscriber.closed);
      await rejectsCode(subscriber.receive(), 'ERR_RINGWAY_SLOW_SUBSCRIBER');
      throwsCode(() => subscriber.tryReceive(), 'ERR_RINGWAY_SLOW_SUBSCRIBER');
      throwsCode(() => subscriber.poll(() => undefined), 'ERR_RINGWAY_SLOW_SUBSCRIBER');
      throwsCode(() => subscriber.receiveSync(), 'ERR_RINGWAY_SLOW_SUBSCRIBER');
      subscriber.close();
    });

    it('holds up a publisher in no lane, while the others go on', () => {
      const [slow, steady] = [topic.subscriber({ onSlow: 'disconnect' }), topic.subscriber({ onSlow: 'disconnect' })];
      const blocks = topic.subscriber();
      const publishers = [topic.publisher(), topic.publisher()];
      for (const number of range(0, 1000)) {
        for (const publisher of publishers) assert.ok(publisher.trySend(numbered(number)));
        for (const subscriber of [steady, blocks]) assert.deepEqual(numbersOf(subscriber), [number, number]);
      }
      assert.deepEqual([...new Set(topic.evicted)], [slow.slot]);
      throwsCode(() => slow.tryReceive(), 'ERR_RINGWAY_SLOW_SUBSCRIBER');
    });

    it('is followed in its slot by one that the old eviction does not concern', () => {
      const slow = topic.subscriber({ onSlow: 'disconnect' });
      const publisher = topic.publisher();
      for (const number of range(0, 1000)) publisher.trySend(numbered(number));
      throwsCode(() => slow.tryReceive(), 'ERR_RINGWAY_SLOW_SUBSCRIBER');
      const next = topic.subscriber({ onSlow: 'disconnect' });
      assert.equal(next.slot, slow.slot);
      publisher.trySend(numbered(1));
      assert.deepEqual(numbersOf(next), [1]);
      let sent = 0;
      next.close();
      const blocks = topic.subscriber();
      assert.equal(blocks.slot, slow.slot);
      while (publisher.trySend(numbered(sent))) sent++;
      assert.deepEqual(numbersOf(blocks), range(0, sent));
      assert.equal(topic.evicted.length, 1);
    });

    it('is not disconnected by how it joins: one that is waited for, in the row of one that was not', () => {
      const publisher = topic.publisher();
      for (const number of range(0, 100)) publisher.trySend(numbered(number));
      const before = topic.subscriber({ onSlow: 'disconnect' });
      before.close();
      const lane = topic.channel.lane(0);
      const row = lane.row(before.slot);
      assert.equal(topic.words[row + CURSOR_POLICY_WORD], CURSOR_POLICY.disconnect);
      const me = topic.words[row + CURSOR_OWNER] + 1;
      const cursor = new Cursor(
        ...([lane, topic.words, topic.channel.doorbells, topic.rows.anchors(lane), row, me] as const),
        CURSOR_POLICY.block,
      );
      const { load, store } = Atomics;
      const at = (place: number, index: number): boolean => place === row + index;
      // The publisher looks at the row while the subscriber is between any two of its stores, and is stopped after any of its loads until the subscriber has announced itself.
      for (const between of [CURSOR_OWNER, CURSOR_POLICY_WORD, CURSOR_POSITION]) {
        for (const stopped of [CURSOR_OWNER, CURSOR_POLICY_WORD, CURSOR_POSITION]) {
          store(topic.words, row + CURSOR_POLICY_WORD, CURSOR_POLICY.disconnect);
          store(topic.words, row + CURSOR_OWNER, me - 1);
          store(topic.words, row + CURSOR_POSITION, 1);
          store(topic.words, row + CURSOR_EVICTED, 0);
          let looked = false;
          const atomics = Atomics as { store: unknown; load: unknown };
          atomics.store = (words: Int32Array, place: number, value: number): number => {
            const stored = store(words, place, value);
            if (!at(place, between) || looked) return stored;
            looked = true;
            atomics.load = (of: Int32Array, where: number): number => {
              const loaded = load(of, where);
              if (at(where, stopped)) {
                atomics.load = load;
                cursor.announce(50);
              }
              return loaded;
            };
            topic.rows.evict(lane, lane.position);
            atomics.load = load;
            return stored;
          };
          try {
            cursor.announce(50);
          } finally {
            Object.assign(Atomics, { load, store });
          }
          assert.ok(looked);
          assert.notEqual(load(topic.words, row + CURSOR_EVICTED), me, `between ${between}, stopped ${stopped}`);
        }
      }
      store(topic.words, row + CURSOR_POSITION, 1);
    });
  });
});
