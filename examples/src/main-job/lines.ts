import { createReadStream } from 'node:fs';

const LINE_FEED = 0x0a;

/** The lines of a file, each with its line end. The last one may have none. */
export async function* linesOf(path: string): AsyncGenerator<Buffer, void, undefined> {
  // Pieces of a line that goes over several chunks.
  let pieces: Buffer[] = [];
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const line = chunk.subarray(start, end + 1);
      yield pieces.length === 0 ? line : Buffer.concat([...pieces, line]);
      pieces = [];
      start = end + 1;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
  }
  if (pieces.length > 0) yield Buffer.concat(pieces);
}
