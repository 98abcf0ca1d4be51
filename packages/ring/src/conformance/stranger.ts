import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { HEADER_BYTES, SegmentObserver } from '@ringway/memory';

/** Longest range that is overwritten at a time, in bytes: from one word to a few frames. */
const MOST_BYTES = 512;
const WORD_BYTES = 4;
/** Writes between two turns of the event loop. */
const WRITES_PER_TURN = 8;
/** Part of the writes that go to the beginning of the object, which has the words on which all depends. */
const CONTROL_PART = 0.5;
const CONTROL_BYTES = 32_768;

/** Random numbers from 0 to 1 that are the same for the same seed (xorshift). */
function randomFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/**
 * Overwrites ranges of a segment's object with random bytes, through its path and nothing else: what follows the header,
 * control area and lanes.
 *
 * @returns how many bytes
 */
export async function scribble(name: string, seed: number, writes: number): Promise<number> {
  const observer = SegmentObserver.open(name);
  const { path } = observer;
  observer.close();
  const random = randomFrom(seed);
  const fd = openSync(path, 'r+');
  let written = 0;
  try {
    const { size } = fstatSync(fd);
    for (let write = 0; write < writes; write++) {
      const end = random() < CONTROL_PART ? Math.min(size, HEADER_BYTES + CONTROL_BYTES) : size;
      const words = (end - HEADER_BYTES) / WORD_BYTES;
      const offset = HEADER_BYTES + Math.floor(random() * words) * WORD_BYTES;
      const length = Math.min(end - offset, WORD_BYTES * (1 + Math.floor((random() * MOST_BYTES) / WORD_BYTES)));
      const garbage = Uint8Array.from({ length }, () => random() * 256);
      written += writeSync(fd, garbage, 0, length, offset);
      if (write % WRITES_PER_TURN === 0) await nextTurn();
    }
  } finally {
    closeSync(fd);
  }
  return written;
}
