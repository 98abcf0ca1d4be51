import assert from 'node:assert/strict';
import fc from 'fast-check';

import { currentHalfLaps } from '../dist/lane.js';
import {
  IDLE,
  LANE_HALF_LAPS,
  LANE_INTENT,
  LANE_LEASE,
  LANE_NEXT,
  LANE_POSITION,
  LANE_QUARANTINE,
  LANE_STATE,
  LANE_WANTED,
  CHANNEL_BYTE,
  CHANNEL_CONSUMERS_HIGH,
  CHANNEL_LANES_HIGH,
  ROW_FROM,
  ROW_TO,
} from '../dist/layout.js';
import { LaneWriter } from '../dist/lane-writer.js';
import { CONTRADICTION } from '../dist/rows.js';
import { HeapPeer, numbered } from './support/heap.js';

const CAPACITY = 4096;

describe('a lane', () => {
  let peer: HeapPeer;

  beforeEach(() => {
    peer = HeapPeer.create();
  });

  afterEach(() => HeapPeer.killAll());

  /** Stores a row as a consumer in the middle of its work would have left it. */
  function row(lane: number, slot: number, from: number, to: number): void {
    const base = peer.channel.lane(lane).row(slot);
    peer.words[base + ROW_FROM] = from;
    peer.words[base + ROW_TO] = to;
    peer.channel.raiseConsumersHigh(slot);
  }

  function next(lane: number, position: number): void {
    peer.words[peer.channel.lane(lane).base + LANE_NEXT] = position;
  }

  describe('holds', () => {
    it('what is published and not claimed', () => {
      const { lane } = peer.writer();
      assert.equal(lane.heldBytes(0), 0);
      assert.equal(lane.heldBytes(64), 64);
      assert.equal(lane.heldBytes(CAPACITY), CAPACITY);
    });

    it('what is claimed, from the claim that is furthest behind', () => {
      const { lane } = peer.writer();
      next(0, 1024);
      row(0, 0, 512, 600);
      row(0, 1, 256, 512);
      assert.equal(lane.heldBytes(1024), 768);
    });

    it('nothing for rows that are idle, or that are empty', () => {
      const { lane } = peer.writer();
      next(0, 1024);
      row(0, 0, IDLE, 512);
      row(0, 1, 512, 512);
      row(0, 2, 512, 504);
      assert.equal(lane.heldBytes(1024), 0);
    });

    it('what lies on both sides of the end of the numbers', () => {
      const { lane } = peer.writer();
      const position = -64 | 0;
      next(0, (position + 32) | 0);
      row(0, 0, (position - 64) | 0, position);
      assert.equal(lane.heldBytes((position + 128) | 0), 192);
    });

    it('a contradiction when a word points outside of it', () => {
      const { lane } = peer.writer();
      for (const garbage of [8, -CAPACITY - 8, 1, 7, 0x7ffffff8, -8 - CAPACITY]) {
        next(0, garbage);
        assert.equal(lane.heldBytes(0), CONTRADICTION, `next ${garbage}`);
      }
      next(0, 0);
      for (const [from, to] of [
        [8, 16],
        [-CAPACITY - 8, 0],
        [0x40000000, 0x40000008],
      ]) {
        row(0, 0, from, to);
        assert.equal(lane.heldBytes(0), CONTRADICTION, `row ${from} to ${to}`);
      }
    });

    it('something within its capacity, or contradicts itself, whatever stands in the words', () => {
      const { lane } = peer.writer();
      const word = fc.oneof(
        fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
        fc.integer({ min: -600, max: 600 }).map((units) => units * 8),
      );
      fc.assert(
        fc.property(word, word, word, word, word, (position, claimed, from, to, high) => {
          next(0, claimed);
          row(0, 0, from, to);
          peer.words[CHANNEL_BYTE / 4 + CHANNEL_CONSUMERS_HIGH] = high;
          const held = lane.heldBytes(position);
          assert.ok(held === CONTRADICTION || (held >= 0 && held <= CAPACITY));
        }),
        { numRuns: 1000 },
      );
    });

    it('all rows when the word that bounds them is garbage', () => {
      const { lane } = peer.writer();
      next(0, 64);
      row(0, 2, 0, 64);
      for (const garbage of [-1, 4, 2 ** 31 - 1]) {
        peer.words[CHANNEL_BYTE / 4 + CHANNEL_CONSUMERS_HIGH] = garbage;
        assert.equal(lane.heldBytes(64), 64);
      }
    });
  });

  describe('counts positions that never wrap', () => {
    it('for every half-lap, also when the count lags behind the position by one', () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 2 ** 20 }), fc.nat(2 ** 31 - 1), fc.boolean(), (laps, rest, lags) => {
          const position = ((laps & 1) * 2 ** 31 + rest) | 0;
          assert.equal(currentHalfLaps(lags ? laps - 1 : laps, position), laps);
        }),
      );
    });

    for (const [name, start, halfLaps] of [
      ['2^31', 2 ** 31 - 32, 0],
      ['2^32', -32, 1],
      ['2^33', -32, 3],
    ] as const) {
      it(`over ${name}`, () => {
        const { lane } = peer.writer();
        const long = start < 0 ? 2 ** 32 * ((halfLaps + 1) / 2) + start : start;
        peer.words[lane.base + LANE_POSITION] = start;
        peer.words[lane.base + LANE_NEXT] = start;
        peer.words[lane.base + LANE_HALF_LAPS] = halfLaps;
        const writer = new LaneWriter(lane, peer.words, peer.channel.doorbells);
        assert.equal(lane.longPosition(), long);
        for (let frame = 1; frame <= 4; frame++) {
          assert.ok(writer.write(1, undefined, numbered(frame)));
          writer.publish();
          assert.equal(lane.longPosition(), long + frame * 16);
          assert.equal(lane.longPositionOf(start), long);
        }
      });

      it(`over ${name} when the producer died between the two words`, () => {
        const { lane } = peer.writer();
        const long = start < 0 ? 2 ** 32 * ((halfLaps + 1) / 2) + start : start;
        peer.words[lane.base + LANE_POSITION] = (start + 64) | 0;
        peer.words[lane.base + LANE_NEXT] = (start + 64) | 0;
        peer.words[lane.base + LANE_HALF_LAPS] = halfLaps;
        assert.equal(lane.longPosition(), long + 64);
        const successor = new LaneWriter(lane, peer.words, peer.channel.doorbells);
        successor.write(1, undefined, numbered(0));
        successor.publish();
        assert.equal(lane.longPosition(), long + 80);
      });
    }
  });

  describe('is owned', () => {
    it('by one: another producer gets another lane', () => {
      const first = peer.writer();
      const second = peer.reopen();
      assert.notEqual(second.writer().lane.index, first.lane.index);
      assert.equal(second.channel.lane(first.lane.index).seize(1), false);
      second.kill();
    });

    it('until its owner is proved dead', () => {
      const dying = peer.reopen();
      const { lane, slot } = dying.writer();
      const here = peer.channel.lane(lane.index);
      const { me } = peer.writer();
      dying.kill();
      assert.equal(here.seize(me), false, 'nobody has looked yet');
      peer.channel.roster.refresh();
      peer.recovery.sweep(undefined);
      assert.equal(peer.channel.slots.state(slot), 0);
      assert.equal(here.state, LANE_STATE.abandoned);
      assert.equal(here.seize(me), true);
    });

    it('by a newcomer with the label of the dead one, who goes on at its position', () => {
      const dying = peer.reopen();
      const { writer, lane } = dying.writer('shop');
      writer.write(1, undefined, numbered(1));
      writer.publish();
      dying.kill();
      peer.channel.roster.refresh();
      peer.recovery.sweep(undefined);
      assert.equal(peer.writer('other').lane.index === lane.index, false);
      const successor = peer.writer('shop');
      assert.equal(successor.lane.index, lane.index);
      assert.equal(successor.writer.position, 16);
    });

    it('by nobody else while the producer of that label lives', () => {
      const living = peer.reopen();
      const { lane } = living.writer('shop');
      assert.notEqual(peer.writer('shop').lane.index, lane.index);
      living.kill();
    });

    it('in another epoch each time', () => {
      const { lane } = peer.writer();
      const first = lane.beginEpoch();
      assert.equal(lane.beginEpoch(), first + 1);
      peer.words[lane.base + 3] = -1;
      assert.equal(lane.beginEpoch(), 0);
    });
  });

  describe('gives its memory back', () => {
    it('when everything in it is acknowledged, and is free then', () => {
      const { lane, writer, me } = peer.writer('shop');
      writer.write(1, undefined, numbered(1));
      writer.publish();
      assert.equal(lane.giveBack(me), false);
      next(0, 16);
      assert.equal(lane.giveBack(me), true);
      assert.equal(lane.state, LANE_STATE.free);
      assert.equal(lane.owner, 0);
      assert.equal(lane.label, '');
      assert.ok(lane.bytes.every((byte) => byte === 0));
    });

    it('not while somebody claims from it, or has claimed', () => {
      const { lane, me } = peer.writer();
      peer.words[lane.base + LANE_LEASE] = 77;
      assert.equal(lane.giveBack(me), false);
      peer.words[lane.base + LANE_LEASE] = 0;
      next(0, 0);
      row(0, 1, -64, 0);
      assert.equal(lane.giveBack(me), false);
      row(0, 1, IDLE, 0);
      assert.equal(lane.giveBack(me), true);
    });

    it('after the intent went a whole lane ahead', () => {
      const { lane, me } = peer.writer();
      assert.equal(lane.giveBack(me), true);
      assert.equal(peer.words[lane.base + LANE_INTENT], CAPACITY);
    });

    it('and goes on counting positions for its next owner', () => {
      const first = peer.writer();
      first.writer.write(1, undefined, numbered(1));
      first.writer.publish();
      next(0, 16);
      first.lane.giveBack(first.me);
      const second = peer.reopen();
      const again = second.writer();
      assert.equal(again.lane.index, first.lane.index);
      assert.equal(again.writer.position, 16);
      second.kill();
    });
  });

  describe('that is out of use', () => {
    it('counts as drained and has nothing to claim', () => {
      const { lane, writer } = peer.writer();
      writer.write(1, undefined, numbered(1));
      writer.publish();
      assert.equal(lane.isDrained(), false);
      assert.equal(lane.hasUnclaimed(), true);
      lane.quarantine();
      assert.equal(lane.isDrained(), true);
      assert.equal(lane.hasUnclaimed(), false);
    });

    it('comes back when nobody is at work in it, empty and aligned', () => {
      const { lane, me } = peer.writer();
      peer.words[lane.base + LANE_POSITION] = 1237;
      peer.words[lane.base + LANE_NEXT] = -3;
      lane.quarantine();
      assert.equal(lane.giveBack(me), true);
      assert.equal(lane.quarantined, false);
      assert.equal(lane.position % 8, 0);
      assert.equal(lane.heldBytes(lane.position), 0);
    });

    it('stays so while a consumer has a claim in it', () => {
      const { lane, me, writer } = peer.writer();
      writer.write(1, undefined, numbered(1));
      writer.publish();
      const { claim, me: consumer } = peer.claim(0);
      assert.equal(claim.take(consumer, 1, 0), 1);
      lane.quarantine();
      assert.equal(lane.giveBack(me), false);
      claim.deliver();
      claim.acknowledgeAll();
      assert.equal(lane.giveBack(me), true);
    });

    it('stays so while a living consumer has its lease, and not for a lease of nobody', () => {
      const { lane, me } = peer.writer();
      const { me: consumer } = peer.claim(0);
      lane.quarantine();
      peer.words[lane.base + LANE_LEASE] = consumer;
      assert.equal(lane.giveBack(me), false);
      peer.words[lane.base + LANE_LEASE] = 0x12345fff;
      assert.equal(lane.giveBack(me), true);
    });

    it('is taken by a newcomer after it was cleaned', () => {
      const one = HeapPeer.create({ laneBytes: 4096, maxProducers: 1, maxConsumers: 1 });
      const dying = one.reopen();
      const { lane } = dying.writer();
      dying.kill();
      one.channel.lane(0).quarantine();
      one.channel.roster.refresh();
      one.recovery.sweep(undefined);
      const { writer } = one.writer();
      assert.equal(writer.quarantined, false);
      assert.equal(writer.lane.index, lane.index);
      one.kill();
    });
  });

  it('bounds the lanes and rows that are looked at, and garbage there hides none', () => {
    peer.writer();
    peer.writer();
    assert.equal(peer.channel.lanesHigh, 2);
    peer.words[CHANNEL_BYTE / 4 + CHANNEL_LANES_HIGH] = -5;
    assert.equal(peer.channel.lanesHigh, 3);
    peer.words[CHANNEL_BYTE / 4 + CHANNEL_LANES_HIGH] = 9999;
    assert.equal(peer.channel.lanesHigh, 3);
  });

  it('wakes the producer once, when the floor has reached what it waits for', () => {
    const { lane, slot } = peer.writer();
    lane.want(64);
    peer.words[lane.base + LANE_POSITION] = 128;
    next(0, 32);
    lane.acknowledged();
    assert.equal(peer.rung(slot), 0);
    next(0, 64);
    lane.acknowledged();
    assert.equal(peer.rung(slot), 1);
    next(0, 128);
    lane.acknowledged();
    assert.equal(peer.rung(slot), 1);
    assert.equal(peer.words[lane.base + LANE_WANTED], 0);
    assert.equal(peer.words[lane.base + LANE_QUARANTINE], 0);
  });
});
