import assert from 'node:assert/strict';

import type { Lane } from '../dist/lane.js';
import { LANE_HALF_LAPS, LANE_INTENT, LANE_INTENT_HALF_LAPS, LANE_POSITION } from '../dist/layout.js';
import { Gap } from '../dist/message.js';
import { numbered, numberOf } from './support/heap.js';
import { HeapTopic, numbersOf, range } from './support/heap-topic.js';

const LANE_BYTES = 4096;
const HALF_LAP = 2 ** 31;

describe('positions in a topic', () => {
  let topic: HeapTopic;
  let lane: Lane;

  beforeEach(() => {
    topic = HeapTopic.create({ laneBytes: LANE_BYTES, maxProducers: 1, maxConsumers: 3 });
    lane = topic.channel.lane(0);
  });

  afterEach(() => HeapTopic.killAll());

  /** As if so much had been published in the lane, the last of it long ago. */
  function place(position: number, number: number): void {
    const { words } = topic;
    for (const [word, halfLaps] of [
      [LANE_POSITION, LANE_HALF_LAPS],
      [LANE_INTENT, LANE_INTENT_HALF_LAPS],
    ]) {
      words[lane.base + word] = position | 0;
      words[lane.base + halfLaps] = Math.floor(position / HALF_LAP) | 0;
    }
    topic.rows.anchors(lane).store({ position, number });
  }

  for (const [title, boundary] of [
    ['2^31', 2 ** 31],
    ['2^32', 2 ** 32],
    ['3 * 2^31', 3 * 2 ** 31],
    ['2^45', 2 ** 45],
    ['2^53', 2 ** 53 - 2 ** 20],
  ] as const) {
    for (const [before, number] of [
      [8, 0],
      [LANE_BYTES, 2 ** 32 - 100],
      [LANE_BYTES * 5 + 24, 2 ** 53 - 100_000],
    ]) {
      it(`go on over ${title}, from ${before} bytes before it and message ${number}`, () => {
        place(boundary - before, number);
        const [blocks, drops, disconnects] = [
          topic.subscriber(),
          topic.subscriber({ onSlow: 'drop', gaps: true }),
          topic.subscriber({ onSlow: 'disconnect' }),
        ];
        const publisher = topic.publisher();
        let dropped = 0;
        let sent = 0;
        for (let round = 0; round < 120; round++) {
          const before = sent;
          // Less than a lane, so that nobody is disconnected.
          while (sent < before + 12 && publisher.trySend(numbered(sent, 4 + ((sent * 29) % 300)))) sent++;
          assert.deepEqual(numbersOf(blocks), range(before, sent));
          assert.deepEqual(numbersOf(disconnects), range(before, sent));
          if (round % 7 !== 0) continue;
          for (let next = drops.tryReceive(); next !== undefined; next = drops.tryReceive()) {
            if (next instanceof Gap) dropped += next.missed;
            else assert.equal(numberOf(next.value), dropped++);
          }
        }
        assert.ok(drops.missed > 0);
        assert.equal(dropped + numbersOf(drops).length, sent);
        assert.deepEqual(topic.evicted, []);
        blocks.close();
        assert.deepEqual(numbersOf(topic.subscriber({ history: 3 })), range(sent - 3, sent));
      });
    }
  }

  for (const laps of [1, 2, 1000]) {
    it(`tell a reader that was stopped for ${laps} times 2^32 bytes exactly what it missed`, () => {
      const subscriber = topic.subscriber({ onSlow: 'drop' });
      const first = topic.publisher();
      assert.ok(first.trySend(numbered(0)));
      assert.deepEqual(numbersOf(subscriber), [0]);
      first.close();
      // At the same place of the lane, and with the same words but for the laps.
      const distance = laps * 2 ** 32;
      place(lane.longPosition() + distance, 1 + distance / 16);
      const second = topic.publisher();
      assert.ok(second.trySend(numbered(1)));
      while (numbersOf(subscriber).length > 0);
      assert.equal(subscriber.missed, distance / 16);
    });
  }

  for (const [title, word] of [
    ['its position', LANE_HALF_LAPS],
    ['its intent', LANE_INTENT_HALF_LAPS],
  ] as const) {
    it(`are right after a publisher that was killed before it had counted the half-lap of ${title}`, () => {
      place(HALF_LAP * 2 - 2048, 500);
      const process = topic.reopen();
      const subscriber = topic.subscriber({ onSlow: 'drop' });
      const killed = process.publisher();
      let sent = 0;
      for (; sent < 40; sent++) assert.ok(killed.trySend(numbered(sent, 56)));
      process.kill();
      const { words } = topic;
      assert.equal(words[lane.base + word], 2);
      words[lane.base + word]--;
      assert.equal(lane.longPosition(), 2 ** 32 - 2048 + 40 * 64 + 16);
      assert.deepEqual(numbersOf(subscriber), range(0, sent));
      const publisher = topic.publisher();
      const late = topic.subscriber({ history: 10 });
      assert.deepEqual(numbersOf(late), range(sent - 10, sent));
      for (; sent < 45; sent++) assert.ok(publisher.trySend(numbered(sent)));
      assert.deepEqual(numbersOf(subscriber), range(40, sent));
      assert.deepEqual(numbersOf(late), range(40, sent));
      assert.equal(subscriber.missed, 0);
    });
  }

  it('of anchors are found again: newest, oldest, and the one before a number', () => {
    const anchors = topic.rows.anchors(lane);
    const stored = range(0, 40).map((index) => ({ position: 2 ** 33 + index * 256, number: 2 ** 40 + index * 7 }));
    for (const anchor of stored) anchors.store(anchor);
    const kept = stored.slice(-16);
    assert.deepEqual(anchors.newest(Infinity), kept[15]);
    assert.deepEqual(anchors.newest(kept[9].position + 8), kept[9]);
    assert.deepEqual(anchors.oldest(0, Infinity), kept[0]);
    assert.deepEqual(anchors.oldest(kept[3].position + 1, Infinity), kept[4]);
    assert.equal(anchors.oldest(kept[15].position + 1, Infinity), undefined);
    assert.deepEqual(anchors.atOrBefore(kept[5].number + 6, Infinity), kept[5]);
    assert.equal(anchors.atOrBefore(kept[0].number - 1, Infinity), undefined);
  });
});
