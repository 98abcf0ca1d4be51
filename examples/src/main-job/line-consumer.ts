import { consume } from './consume.js';
import { lineBytes, lineCodec } from './line-message.js';
import { runWorker } from './lifeline.js';
import { readArguments } from './worker-options.js';
import { countWords } from './words.js';

const BATCH = 256;

const options = readArguments();
void runWorker(options, (lifeline) =>
  consume(
    options,
    lineCodec(),
    BATCH,
    (message) => {
      const line = lineBytes(message);
      return { number: message.n, bytes: line.length, words: countWords(line) };
    },
    lifeline,
  ),
);
