import { open } from 'node:fs/promises';
import { bytes } from 'ringway';
import { BLOCK_BYTES, NUMBER_BYTES, setNumber } from './block.js';
import { runWorker } from './lifeline.js';
import { produce } from './produce.js';
import { readArguments, requireFile } from './worker-options.js';

/**
 * The file's blocks from number `from` on. Each has the number before it; all are the same memory, valid until the next
 * one is asked for.
 */
async function* blocksOf(path: string, from: number): AsyncGenerator<Uint8Array, void, undefined> {
  const block = new Uint8Array(NUMBER_BYTES + BLOCK_BYTES);
  const file = await open(path);
  try {
    for (let number = from; ; number++) {
      let filled = 0;
      while (filled < BLOCK_BYTES) {
        const at = NUMBER_BYTES + filled;
        const { bytesRead } = await file.read(block, at, BLOCK_BYTES - filled, number * BLOCK_BYTES + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      if (filled === 0) return;
      setNumber(block, number);
      yield block.subarray(0, NUMBER_BYTES + filled);
    }
  } finally {
    await file.close();
  }
}

const options = readArguments();
void runWorker(options, (lifeline) =>
  produce(options, bytes(), (from) => blocksOf(requireFile(options), from), lifeline),
);
