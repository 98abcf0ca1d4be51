import { lineCodec, lineMessage, type LineMessage } from './line-message.js';
import { runWorker } from './lifeline.js';
import { linesOf } from './lines.js';
import { produce } from './produce.js';
import { readArguments, requireFile } from './worker-options.js';

/** The file's lines from number `from` on. */
async function* messagesOf(path: string, from: number): AsyncGenerator<LineMessage, void, undefined> {
  let n = 0;
  for await (const line of linesOf(path)) {
    if (n >= from) yield lineMessage(n, line);
    n++;
  }
}

const options = readArguments();
void runWorker(options, (lifeline) =>
  produce(options, lineCodec(), (from) => messagesOf(requireFile(options), from), lifeline),
);
