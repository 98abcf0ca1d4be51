import { createReadStream } from 'node:fs';
import type { Totals } from './totals.js';
import { isSeparator } from './words.js';

const LINE_FEED = 0x0a;

/**
 * Counts a file in one process, byte by byte, without cutting it into lines: what the consumers' totals are compared
 * with.
 */
export async function countFile(path: string, signal: AbortSignal): Promise<Totals> {
  let [lines, bytes, words] = [0, 0, 0];
  let last = LINE_FEED;
  let inside = false;
  for await (const chunk of createReadStream(path, { signal }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    for (const byte of chunk) {
      if (byte === LINE_FEED) lines++;
      const separator = isSeparator(byte);
      if (!separator && !inside) words++;
      inside = !separator;
      last = byte;
    }
  }
  return { lines: last === LINE_FEED ? lines : lines + 1, bytes, words };
}
