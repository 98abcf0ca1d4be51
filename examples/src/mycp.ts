// Copies a file as the textbook does: `node examples/dist/mycp.js SOURCE TARGET`. Maps the source, sizes and maps the target, copies, unmaps;
// by 64 MiB, so that files may be larger than memory. `copyFile` does more: it replaces, keeps holes, and leaves nothing when it is killed.
import { closeSync, fchmodSync, fstatSync, ftruncateSync, openSync, rmSync } from 'node:fs';
import { SingleBar } from 'cli-progress';
import { posix } from 'ringway';

const { MAP_SHARED, PROT_READ, PROT_WRITE } = posix;
const WINDOW = 64 * 1024 * 1024;

const [source, target] = process.argv.slice(2);
if (process.argv.length !== 4) throw new Error('usage: mycp SOURCE TARGET');
const from = openSync(source, 'r');
const { size, mode } = fstatSync(from);
const to = openSync(target, 'wx+', 0o600);
const bar = new SingleBar({ stream: process.stderr, noTTYOutput: false });
if (process.stderr.isTTY) bar.start(size, 0);
try {
  ftruncateSync(to, size);
  for (let offset = 0; offset < size; offset += WINDOW) {
    const length = Math.min(WINDOW, size - offset);
    const original = posix.mmap(null, length, PROT_READ, MAP_SHARED, from, offset);
    const copy = posix.mmap(null, length, PROT_READ | PROT_WRITE, MAP_SHARED, to, offset);
    posix.copy(copy, 0, original, 0, length); // throws where the source was cut, or the disk is full
    posix.munmap(original, length);
    posix.munmap(copy, length);
    bar.update(offset + length);
  }
  fchmodSync(to, mode & 0o777);
} catch (error) {
  rmSync(target);
  throw error;
} finally {
  bar.stop();
  closeSync(to);
  closeSync(from);
}
