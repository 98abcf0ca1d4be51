import assert from 'node:assert/strict';
import fc from 'fast-check';
import { MAX_SLOTS, SLOT_BYTES, sleeperWords } from '@ringway/sync';
import { HEADER_BYTES } from '@ringway/memory';

import * as layout from '../dist/layout.js';

const CACHE_LINE = 64;

describe('the layout', () => {
  it('puts everything behind the header, one after the other, without overlap', () => {
    const geometry = fc.tuple(
      fc.integer({ min: 12, max: 30 }).map((power) => 2 ** power),
      fc.integer({ min: 1, max: layout.MAX_PARTICIPANTS }),
      fc.integer({ min: 1, max: layout.MAX_PARTICIPANTS }),
    );
    fc.assert(
      fc.property(geometry, ([laneBytes, producers, consumers]) => {
        const found = layout.channelLayout(layout.KIND_QUEUE, laneBytes, producers, consumers);
        assert.equal(found.slotCount, producers + consumers);
        assert.equal(layout.CHANNEL_BYTE, HEADER_BYTES);
        assert.ok(layout.CHANNEL_BYTE + layout.CHANNEL_BYTES <= layout.SLOTS_BYTE);
        assert.equal(layout.SLOTS_BYTE + found.slotCount * SLOT_BYTES, found.lanesByte);
        assert.equal(found.lanesByte + producers * layout.LANE_HEADER_BYTES, found.rowsByte);
        const end = found.rowsByte + producers * consumers * layout.ROW_BYTES;
        assert.ok(end <= found.controlBytes && found.controlBytes - end < layout.PAGE_BYTES);
        assert.equal(found.controlBytes % layout.PAGE_BYTES, 0);
        assert.equal(found.size, found.controlBytes + producers * laneBytes);
        for (const byte of [layout.SLOTS_BYTE, found.lanesByte, found.rowsByte]) assert.equal(byte % CACHE_LINE, 0);
      }),
    );
  });

  it('of a queue with default options and one lane in use takes at most 1.5 MiB', () => {
    const { controlBytes, laneBytes } = layout.channelLayout(layout.KIND_QUEUE, 1024 * 1024, 64, 64);
    assert.ok(controlBytes + laneBytes <= 1.5 * 1024 * 1024);
  });

  it('has room for the sleepers words of as many consumers as there may be', () => {
    const end = layout.CHANNEL_SLEEPERS + sleeperWords(layout.MAX_PARTICIPANTS);
    assert.ok(end * 4 <= layout.CHANNEL_BYTES);
    assert.ok(2 * layout.MAX_PARTICIPANTS <= MAX_SLOTS, 'an owner word can name every slot');
  });

  it('keeps the words of the queue apart, those that are written often on lines of their own', () => {
    const words = [
      layout.CHANNEL_CONSUMERS_HIGH,
      layout.CHANNEL_LANES_HIGH,
      layout.CHANNEL_ENDINGS,
      layout.CHANNEL_DRAIN_WANTED,
      layout.CHANNEL_DRAIN_DOORBELL,
      layout.CHANNEL_SLEEPERS,
    ];
    assert.equal(new Set(words).size, words.length);
    assert.equal((layout.CHANNEL_SLEEPERS * 4) % CACHE_LINE, 0);
    assert.ok(Math.max(...words.slice(0, -1)) < layout.CHANNEL_SLEEPERS);
    const line = (word: number): number => Math.floor((word * 4) / CACHE_LINE);
    assert.notEqual(line(layout.CHANNEL_DRAIN_WANTED), line(layout.CHANNEL_CONSUMERS_HIGH));
  });

  it('keeps the words of a lane header apart, the producer and the consumers on different lines', () => {
    const line = (word: number): number => Math.floor((word * 4) / CACHE_LINE);
    const producers = [
      layout.LANE_POSITION,
      layout.LANE_HALF_LAPS,
      layout.LANE_INTENT,
      layout.LANE_INTENT_HALF_LAPS,
      layout.LANE_WANTED,
    ];
    const counters = [
      layout.LANE_MESSAGES_FLOAT * 2,
      layout.LANE_MESSAGES_FLOAT * 2 + 1,
      layout.LANE_BYTES_FLOAT * 2,
      layout.LANE_BYTES_FLOAT * 2 + 1,
      layout.LANE_WAITS_FLOAT * 2,
      layout.LANE_WAITS_FLOAT * 2 + 1,
      layout.LANE_OLDEST_FLOAT * 2,
      layout.LANE_OLDEST_FLOAT * 2 + 1,
    ];
    const consumers = [layout.LANE_LEASE, layout.LANE_NEXT];
    const rare = [
      layout.LANE_OWNER,
      layout.LANE_STATE_WORD,
      layout.LANE_QUARANTINE,
      layout.LANE_EPOCH,
      layout.LANE_PRIORITY,
    ];
    const all = [...producers, ...consumers, ...rare, ...counters];
    assert.equal(new Set(all).size, all.length);
    assert.equal(new Set(producers.map(line)).size, 1);
    assert.equal(new Set(consumers.map(line)).size, 1);
    assert.equal(new Set(rare.map(line)).size, 1);
    assert.equal(new Set(counters.map(line)).size, 1);
    const label = layout.LANE_LABEL_BYTE / 4;
    assert.equal(new Set([producers[0], consumers[0], rare[0], counters[0], label].map(line)).size, 5);
    assert.equal(line((layout.LANE_LABEL_BYTE + layout.LANE_LABEL_BYTES - 1) / 4), line(label));
    assert.ok((Math.max(...all) + 1) * 4 <= layout.LANE_HEADER_BYTES);
    assert.equal(layout.LANE_HEADER_BYTES % CACHE_LINE, 0);
  });

  it('keeps the words of a row apart, each row on a line of its own', () => {
    const words = [
      layout.ROW_FROM,
      layout.ROW_TO,
      layout.ROW_LIVES,
      layout.ROW_HANDED,
      layout.ROW_CLAIMED_FLOAT * 2,
      layout.ROW_CLAIMED_FLOAT * 2 + 1,
      layout.ROW_ACKED_FLOAT * 2,
      layout.ROW_ACKED_FLOAT * 2 + 1,
    ];
    assert.equal(new Set(words).size, words.length);
    assert.ok(Math.max(...words) < layout.ROW_WORDS);
    assert.equal(layout.ROW_BYTES, CACHE_LINE);
  });

  it('has no position that means idle', () => {
    assert.notEqual(layout.IDLE % layout.FRAME_ALIGNMENT, 0);
  });
});
