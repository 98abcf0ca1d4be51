import assert from 'node:assert/strict';
import fc from 'fast-check';

import { frameBytes } from '../dist/frame.js';
import {
  FRAME_TYPE,
  LANE_HALF_LAPS,
  LANE_NEXT,
  LANE_POSITION,
  CHANNEL_BYTE,
  CHANNEL_SLEEPERS,
} from '../dist/layout.js';
import { LaneWriter } from '../dist/lane-writer.js';
import { HeapPeer, numbered, numberOf } from './support/heap.js';
import { throwsCode } from './support/codes.js';

describe('writing into a lane', () => {
  let peer: HeapPeer;

  beforeEach(() => {
    peer = HeapPeer.create();
  });

  afterEach(() => HeapPeer.killAll());

  it('shows nothing before it is published, and everything after', () => {
    const { writer, lane } = peer.writer();
    writer.write(FRAME_TYPE.message, undefined, numbered(1));
    writer.write(FRAME_TYPE.message, undefined, numbered(2));
    assert.equal(lane.position, 0);
    assert.equal(writer.unpublishedBytes, 32);
    writer.publish();
    assert.equal(lane.position, 32);
    assert.equal(writer.unpublishedBytes, 0);
  });

  it('fills a lane to its last byte, and refuses one frame more', () => {
    const { writer, lane } = peer.writer();
    for (let frame = 0; frame < lane.capacity / 16; frame++) {
      assert.ok(writer.fits(8));
      assert.ok(writer.write(FRAME_TYPE.message, undefined, numbered(frame)));
    }
    writer.publish();
    assert.equal(writer.fits(0), false);
    assert.equal(writer.write(FRAME_TYPE.message, undefined, new Uint8Array(0)), false);
    assert.equal(writer.reserve(0), -1);
    assert.equal(lane.heldBytes(lane.position), lane.capacity);
  });

  it('finds room when the floor moves, to the byte', () => {
    const { writer, lane } = peer.writer();
    while (writer.write(FRAME_TYPE.message, undefined, new Uint8Array(56)));
    writer.publish();
    peer.words[lane.base + LANE_NEXT] = 56;
    assert.equal(writer.fits(49), false);
    assert.equal(writer.fits(48), true);
    assert.equal(writer.floorFor(48), 56);
    writer.lookAtFloor();
    assert.equal(writer.floor, 56);
  });

  it('keeps a frame whole that runs over the end of the ring', () => {
    const { writer, lane } = peer.writer();
    const payload = Uint8Array.from({ length: 1000 }, (_, at) => at & 0xff);
    for (let round = 0; round < 20; round++) {
      const start = writer.position & (lane.capacity - 1);
      assert.ok(writer.write(FRAME_TYPE.message, undefined, payload));
      writer.publish();
      assert.deepEqual(lane.bytes.slice(start + 8, start + 8 + payload.length), payload);
      peer.words[lane.base + LANE_NEXT] = writer.position;
    }
  });

  it('counts messages and bytes, for people, and no control frames', () => {
    const { writer, lane } = peer.writer();
    writer.write(FRAME_TYPE.control, new Uint8Array(8), new Uint8Array(0));
    writer.write(FRAME_TYPE.message, undefined, numbered(1));
    writer.publish();
    writer.countWait();
    assert.deepEqual(lane.counters(), { messages: 1, bytes: 32, waits: 1, oldest: 0 });
  });

  it('rings a sleeper when it publishes, and nobody when there was nothing to publish', () => {
    const { writer } = peer.writer();
    const { slot } = peer.claim(0);
    peer.channel.doorbells.announce(slot);
    const before = peer.rung(slot);
    writer.publish();
    assert.equal(peer.rung(slot), before);
    writer.write(FRAME_TYPE.message, undefined, numbered(1));
    writer.publish();
    assert.equal(peer.rung(slot), before + 1);
    assert.equal(peer.words[CHANNEL_BYTE / 4 + CHANNEL_SLEEPERS], 0);
  });

  it('goes on over the end of the numbers', () => {
    for (const start of [2 ** 31 - 4096, -4096]) {
      const { lane, me } = peer.writer();
      peer.words[lane.base + LANE_POSITION] = start;
      peer.words[lane.base + LANE_NEXT] = start;
      peer.words[lane.base + LANE_HALF_LAPS] = start < 0 ? 1 : 0;
      const writer = new LaneWriter(lane, peer.words, peer.channel.doorbells);
      for (let frame = 0; frame < 20; frame++) {
        assert.ok(writer.write(FRAME_TYPE.message, undefined, numbered(frame, 1000)), `frame ${frame} from ${start}`);
        writer.publish();
        const at = (lane.position - frameBytes(1000)) & (lane.capacity - 1);
        assert.equal(numberOf(lane.bytes, at + 8), frame);
        peer.words[lane.base + LANE_NEXT] = lane.position;
      }
      assert.equal(lane.longPosition(), (start >>> 0) + 20 * frameBytes(1000));
      lane.giveBack(me);
    }
  });

  it('takes its lane out of use when claims point outside of it', () => {
    const { writer, lane } = peer.writer();
    while (writer.write(FRAME_TYPE.message, undefined, new Uint8Array(56)));
    writer.publish();
    peer.words[lane.base + LANE_NEXT] = 3;
    throwsCode(() => writer.write(FRAME_TYPE.message, undefined, numbered(1)), 'ERR_RINGWAY_CORRUPT_LANE');
    assert.equal(writer.quarantined, true);
  });

  it('never overwrites what is not acknowledged, whatever is written and acknowledged', () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('write' as const), bytes: fc.integer({ min: 0, max: 1016 }) }),
      fc.record({ do: fc.constant('publish' as const), bytes: fc.constant(0) }),
      fc.record({ do: fc.constant('acknowledge' as const), bytes: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), fc.constantFrom(0, 2 ** 31 - 2048, -2048), (steps, start) => {
        const own = HeapPeer.create();
        const { lane } = own.writer();
        for (const word of [LANE_POSITION, LANE_NEXT]) own.words[lane.base + word] = start;
        own.words[lane.base + LANE_HALF_LAPS] = start < 0 ? 1 : 0;
        const writer = new LaneWriter(lane, own.words, own.channel.doorbells);
        const model: { at: number; length: number; number: number }[] = [];
        let published = 0;
        let number = 0;
        for (const { do: what, bytes } of steps) {
          if (what === 'write') {
            const at = writer.position;
            const length = Math.max(bytes, 4);
            const used = model.reduce((sum, frame) => sum + frameBytes(frame.length), 0);
            const fits = used + frameBytes(length) <= lane.capacity;
            assert.equal(writer.write(FRAME_TYPE.message, undefined, numbered(number, length)), fits);
            if (fits) model.push({ at, length, number: number++ });
          } else if (what === 'publish') {
            writer.publish();
            published = model.length;
          } else if (published > 0) {
            const [first] = model.splice(0, 1);
            published--;
            own.words[lane.base + LANE_NEXT] = (first.at + frameBytes(first.length)) | 0;
          }
          for (const frame of model) {
            const place = frame.at & (lane.capacity - 1);
            assert.equal(lane.frames[place >> 2], frame.length);
            assert.equal(numberOf(lane.bytes, place + 8), frame.number);
          }
        }
        own.kill();
      }),
      { numRuns: 100 },
    );
  });
});
