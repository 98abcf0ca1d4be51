import { closeSync, openSync, writeSync } from 'node:fs';
import { bytes } from 'ringway';
import { BLOCK_BYTES, NUMBER_BYTES, numberOf } from './block.js';
import { consume } from './consume.js';
import { runWorker } from './lifeline.js';
import { readArguments } from './worker-options.js';
import { outputPath } from './workshop.js';

/** Few, for a default lane holds some fifteen blocks, and every consumer shall have some of them. */
const BATCH = 4;

/** Writes each block to its place in the output. Doing so twice does no harm: redelivered blocks are the same. */
function blockWriter(file: number): (message: Uint8Array) => { number: number; bytes: number; words: number } {
  return (message) => {
    const number = numberOf(message);
    const length = message.length - NUMBER_BYTES;
    for (let written = 0; written < length;) {
      const at = NUMBER_BYTES + written;
      written += writeSync(file, message, at, length - written, number * BLOCK_BYTES + written);
    }
    return { number, bytes: length, words: 0 };
  };
}

const options = readArguments();
void runWorker(options, async (lifeline) => {
  const file = openSync(outputPath(options), 'r+');
  try {
    await consume(options, bytes(), BATCH, blockWriter(file), lifeline);
  } finally {
    closeSync(file);
  }
});
