import assert from 'node:assert/strict';

import type { Lane } from '../dist/lane.js';
import { LANE_NEXT, ROW_FROM, ROW_TO } from '../dist/layout.js';
import { HeapPeer, numbered, numberOf } from './support/heap.js';

const FRAME = 1024;

/** Called between the two halves of a look at the floor: what another process does just then. */
type Between = () => void;

/** Bytes held, by reading the rows first and `next` after: the order that loses messages. */
function rowsFirst(words: Int32Array, lane: Lane, position: number, between: Between): number {
  const held = heldByRows(words, lane, position);
  between();
  return Math.max(held, (position - words[lane.base + LANE_NEXT]) | 0);
}

/** Bytes held, by reading `next` first and the rows after, as Lane.heldBytes does. */
function nextFirst(words: Int32Array, lane: Lane, position: number, between: Between): number {
  const unclaimed = (position - words[lane.base + LANE_NEXT]) | 0;
  between();
  return Math.max(unclaimed, heldByRows(words, lane, position));
}

function heldByRows(words: Int32Array, lane: Lane, position: number): number {
  let held = 0;
  for (let consumer = 0; consumer < 3; consumer++) {
    const row = lane.row(consumer);
    const from = words[row + ROW_FROM];
    if ((from & 7) !== 0 || ((words[row + ROW_TO] - from) | 0) <= 0) continue;
    held = Math.max(held, (position - from) | 0);
  }
  return held;
}

/**
 * A producer with a full lane looks at the floor; a consumer claims everything between the two halves of that look. Returns the
 * message that the consumer finds in its claim after the producer has used what it took for room.
 */
function foundAfterRace(heldBytes: typeof rowsFirst): number {
  const peer = HeapPeer.create();
  try {
    const { writer, lane } = peer.writer();
    for (let number = 1; number <= 4; number++) {
      assert.ok(writer.write(1, undefined, numbered(number, FRAME - 8)));
      writer.publish();
    }
    const { claim, me } = peer.claim(0);
    const held = heldBytes(peer.words, lane, writer.position, () => assert.equal(claim.take(me, 8, 0), 4));
    // What a producer does who believes that he has room: the next frame begins where the first one stands.
    if (lane.capacity - held >= FRAME)
      lane.bytes.set(numbered(5, FRAME - 8), (writer.position & (lane.capacity - 1)) + 8);
    const number = claim.deliver();
    const start = claim.positions[number & claim.mask] & (lane.capacity - 1);
    return numberOf(lane.bytes, start + 8);
  } finally {
    peer.kill();
  }
}

describe('the order in which a producer computes the floor', () => {
  it('loses a message when the rows are read before next', () => {
    assert.equal(
      foundAfterRace(rowsFirst),
      5,
      'the consumer finds the producer’s next message where its first one was',
    );
  });

  it('loses none when next is read before the rows', () => {
    assert.equal(foundAfterRace(nextFirst), 1);
  });

  it('is next before rows in the lane itself', () => {
    const read: string[] = [];
    const peer = HeapPeer.create();
    const { lane } = peer.writer();
    peer.claim(0);
    const rows = new Set(Array.from({ length: 3 }, (_, slot) => lane.row(slot) + ROW_FROM));
    const load = Atomics.load.bind(Atomics);
    const spied = (array: Int32Array, index: number): number => {
      if (index === lane.base + LANE_NEXT) read.push('next');
      if (rows.has(index)) read.push('row');
      return load(array, index);
    };
    Atomics.load = spied as typeof Atomics.load;
    try {
      lane.heldBytes(lane.position);
    } finally {
      Atomics.load = load;
    }
    assert.deepEqual(read, ['next', 'row']);
    peer.kill();
  });
});
