import { randomFill } from 'node:crypto';
import { open } from 'node:fs/promises';
import { promisify } from 'node:util';

/** Bytes that are made at a time. */
const CHUNK = 16 * 1024 * 1024;

/** Writes a file of random bytes, and waits until the disk has it: what follows does not share the disk with it. */
export async function writeRandomFile(path: string, bytes: number, signal: AbortSignal): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    const chunk = new Uint8Array(Math.min(CHUNK, bytes));
    for (let left = bytes; left > 0; left -= chunk.length) {
      signal.throwIfAborted();
      await promisify(randomFill)(chunk);
      await file.writeFile(chunk.subarray(0, Math.min(left, chunk.length)));
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
