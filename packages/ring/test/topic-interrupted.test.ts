import assert from 'node:assert/strict';

import { Cursor } from '../dist/cursor.js';
import { CURSOR_OWNER, CURSOR_POLICY, CURSOR_POSITION, LANE_QUARANTINE } from '../dist/layout.js';
import { Gap } from '../dist/message.js';
import type { Producer } from '../dist/producer.js';
import type { Subscriber } from '../dist/subscriber.js';
import { makeMessage, readMessage } from './chaos/message.js';
import { atEveryAccess, interruptedAfter } from './support/crash.js';
import { HeapTopic } from './support/heap-topic.js';

const PUBLISHER = 1;
/** Published before anything happens: more than a lane. */
const BEFORE = 40;
/** Published at one go: more than a lane, too. */
const BURST = 30;
/** Fewest accesses of a scenario: if it were less, it would not have been run. */
const SOME = 20;

/** What comes to one subscriber, checked message by message. */
class Follower {
  readonly subscriber: Subscriber<Uint8Array, Gap>;
  /** The next one; undefined before the first. */
  next: number | undefined;
  /** Missed since the last one. */
  #missed = 0;
  /** Published when it had joined: up to there it may begin, and who is waited for may begin anew. */
  readonly #before: number;

  constructor(subscriber: Subscriber<Uint8Array, Gap>, published: number) {
    this.subscriber = subscriber;
    this.#before = published;
  }

  read(): void {
    for (let got = this.subscriber.tryReceive(); got !== undefined; got = this.subscriber.tryReceive()) {
      if (got instanceof Gap) {
        this.#missed += got.missed;
        continue;
      }
      const found = readMessage(got.value);
      assert.ok(found !== undefined, 'a torn message');
      const from = found.sequence - this.#missed;
      const told = `${found.sequence}, ${this.#missed} missed, after ${this.next ?? 'joining'}, ${this.#before} were there`;
      if (this.next === undefined) assert.ok(from >= 1 && from <= this.#before + 1, told);
      else if (from !== this.next) {
        assert.equal(this.#missed, 0, told);
        assert.ok(from > this.next && from <= this.#before + 1, told);
      }
      this.next = found.sequence + 1;
      this.#missed = 0;
    }
  }
}

describe('a topic whose participants are interrupted between any two of their atomic accesses', () => {
  let topic: HeapTopic;
  let publisher: Producer<Uint8Array>;
  let published: number;

  afterEach(() => HeapTopic.killAll());

  function begin(): void {
    HeapTopic.killAll();
    topic = HeapTopic.create({ maxProducers: 1, maxConsumers: 2 });
    publisher = topic.publisher();
    published = 0;
    publish(BEFORE);
  }

  /** As many as there is room for. */
  function publish(count: number): void {
    for (let left = count; left > 0; left--) {
      const sequence = published + 1;
      if (!publisher.trySend(makeMessage(PUBLISHER, sequence, 80 + (sequence % 7) * 24))) return;
      published = sequence;
    }
  }

  for (const onSlow of ['block', 'drop', 'disconnect'] as const) {
    for (const history of [0, 10, 1000]) {
      const who = `one that joins with onSlow '${onSlow}' and history ${history}`;

      it(`hands all to ${who} while somebody publishes`, () => {
        const accesses = atEveryAccess((accesses) => {
          begin();
          let follower: Follower | undefined;
          const interrupted = interruptedAfter(
            accesses,
            () => publish(BURST),
            () => {
              // What is on its way by then is published before or after it joins: it may have it, or not.
              follower = new Follower(topic.subscriber({ onSlow, history, gaps: true }), published + 1);
              if (onSlow === 'block') follower.read();
            },
          );
          if (follower === undefined) return interrupted;
          // Never so much at a time that somebody would be disconnected.
          if (onSlow !== 'disconnect' || topic.evicted.length === 0) follower.read();
          for (let round = 0; round < 20 && topic.evicted.length === 0; round++) {
            publish(7);
            follower.read();
            assert.equal(follower.next, published + 1);
          }
          return interrupted;
        });
        assert.ok(accesses > SOME, `${accesses} accesses`);
      });

      it(`hands all to ${who}, and is interrupted by who publishes a lane at once`, () => {
        const accesses = atEveryAccess((accesses) => {
          begin();
          let subscriber: Subscriber<Uint8Array, Gap> | undefined;
          const interrupted = interruptedAfter(
            accesses,
            () => (subscriber = topic.subscriber({ onSlow, history, gaps: true })),
            () => publish(BURST),
          );
          assert.ok(subscriber !== undefined);
          const follower = new Follower(subscriber, published);
          if (topic.evicted.length > 0) return interrupted;
          follower.read();
          for (let round = 0; round < 20; round++) {
            publish(7);
            follower.read();
            assert.equal(follower.next, published + 1);
          }
          return interrupted;
        });
        assert.ok(accesses > SOME, `${accesses} accesses`);
      });

      if (onSlow === 'drop') {
        it(`tells exactly what was missed to ${who}, and is overtaken while it reads`, () => {
          const accesses = atEveryAccess((accesses) => {
            begin();
            const follower = new Follower(topic.subscriber({ onSlow, history, gaps: true }), published);
            follower.read();
            publish(2 * BURST);
            const interrupted = interruptedAfter(
              accesses,
              () => follower.read(),
              () => publish(2 * BURST),
            );
            follower.read();
            assert.equal(follower.next, published + 1);
            return interrupted;
          });
          assert.ok(accesses > SOME, `${accesses} accesses`);
        });
      }
    }
  }

  it('leaves a lane out of use where a newcomer announces himself in a row that is being cleared', () => {
    begin();
    const lane = topic.channel.lane(0);
    const gone = topic.subscriber();
    gone.close();
    const row = lane.row(gone.slot);
    const past = topic.words[row + CURSOR_OWNER];
    const me = topic.channel.slots.owner(gone.slot);
    assert.ok(topic.channel.slots.isPast(past) && !topic.channel.slots.isPast(me));
    const parts = [lane, topic.words, topic.channel.doorbells, topic.rows.anchors(lane), row, me] as const;
    const accesses = atEveryAccess((accesses) => {
      // As a dead one has left it, who had read everything.
      topic.words[row + CURSOR_OWNER] = past;
      topic.words[row + CURSOR_POSITION] = lane.position;
      topic.words[lane.base + LANE_QUARANTINE] = 1;
      const cursor = new Cursor(...parts, CURSOR_POLICY.block);
      const newcomer = { announced: false };
      const interrupted = interruptedAfter(
        accesses,
        () => lane.reset(),
        () => {
          if (!lane.quarantined) return;
          cursor.announce(0);
          newcomer.announced = true;
        },
      );
      if (newcomer.announced) assert.ok(lane.quarantined || topic.words[row + CURSOR_POSITION] === lane.position);
      return interrupted;
    });
    assert.ok(accesses > SOME, `${accesses} accesses`);
  });
});
