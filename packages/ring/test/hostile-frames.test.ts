import assert from 'node:assert/strict';
import { runInNewContext } from 'node:vm';

import { frameBytes } from '../dist/frame.js';
import { FRAME_HEADER_BYTES, FRAME_LANE_PART, LANE_NEXT } from '../dist/layout.js';
import { throwsCode } from './support/codes.js';
import { HeapPeer } from './support/heap.js';

const LANE_BYTES = 16_384;
const LONG_MS = 5000;

describe('a frame that somebody has made longer', () => {
  afterEach(() => HeapPeer.killAll());

  /** A lane that is full, from a place behind its middle, with the length of the first frame overwritten. */
  function spoiled(length: (published: number) => number): HeapPeer {
    const peer = HeapPeer.create({ laneBytes: LANE_BYTES, maxProducers: 1, maxConsumers: 1 });
    const producer = peer.producer({ label: 'shop' });
    const consumer = peer.consumer();
    const message = new Uint8Array(LANE_BYTES / 16 - FRAME_HEADER_BYTES);
    for (let count = 0; count < 14; count++) {
      assert.ok(producer.trySend(message));
      consumer.tryReceive()?.ack();
    }
    consumer.close();
    while (producer.trySend(message));
    const lane = peer.channel.lane(0);
    const next = peer.words[lane.base + LANE_NEXT];
    lane.frames[(next & (LANE_BYTES - 1)) >> 2] = length((lane.position - next) | 0);
    return peer;
  }

  it('than a quarter of its lane takes the lane out of use, and nobody is handed bytes from behind its mapping', () => {
    const consumer = spoiled((published) => published - FRAME_HEADER_BYTES).consumer();
    throwsCode(
      () => consumer.poll((lane, offset, length) => assert.fail(`${length} bytes from ${offset} of ${lane.length}`)),
      'ERR_RINGWAY_CORRUPT_LANE',
    );
  });

  it('than a quarter of its lane is not delivered either', () => {
    const consumer = spoiled(() => LANE_BYTES / FRAME_LANE_PART).consumer();
    throwsCode(() => consumer.tryReceive(), 'ERR_RINGWAY_CORRUPT_LANE');
  });

  it('than 32 bits can count does not hold up for ever who takes the lane over', () => {
    const peer = spoiled(() => 2 ** 31 - 8);
    const newcomer = peer.reopen();
    peer.kill();
    // A loop that does not end is ended from outside.
    const join = (): unknown => newcomer.producer({ label: 'shop' }).slot;
    assert.equal(typeof runInNewContext('join()', { join }, { timeout: LONG_MS }), 'number');
  });

  it('but no longer than that is a message still', () => {
    const most = LANE_BYTES / FRAME_LANE_PART - FRAME_HEADER_BYTES;
    assert.equal(frameBytes(most), LANE_BYTES / FRAME_LANE_PART);
    const consumer = spoiled(() => most).consumer();
    assert.equal(consumer.tryReceive()?.value.length, most);
  });
});
