import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { load } from '@ringway/native';
import type { Storm } from './fixtures/storm-worker.js';
import { closeObjects, openObject, PAGE } from './support/object.js';
import { until } from './support/process.js';
import { Random } from './support/random.js';

const WORKERS = 50;
/** The most steps of a worker before it is terminated. */
const MOST_STEPS = 400;
/** Each takes some seconds, under sanitizers some more. */
const ROUNDS = Number(process.env.RINGWAY_STORM_ROUNDS ?? '1');
const SEED = Number(process.env.RINGWAY_STORM_SEED ?? '1');
const ROUND_MS = 120_000;
const LOCKED_BYTES = 256;

/** How many threads of this process wait for watches. */
function countWaitThreads(): number {
  return readdirSync('/proc/self/task').filter((id) => {
    try {
      return readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim() === 'ringway-wait';
    } catch (error) {
      // It has ended since the directory was read.
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
  }).length;
}

/** How many mappings of this process show objects without a name: those of `openObject`. */
function countMappings(): number {
  return readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' /dev/shm/#')).length;
}

/** How many descriptors of this process lead to the object. */
function countDescriptors(fd: number): number {
  const target = readlinkSync(`/proc/self/fd/${fd}`);
  return readdirSync('/proc/self/fd').filter((other) => {
    try {
      return readlinkSync(`/proc/self/fd/${other}`) === target;
    } catch (error) {
      // The descriptor by which the directory was read.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }).length;
}

describe(`a storm of ${WORKERS} workers that open, wait, watch and are terminated`, function () {
  this.timeout(ROUND_MS);
  const native = load();
  const workers: Worker[] = [];
  let fd: number;
  let buffer: ArrayBuffer;
  let words: Int32Array;

  beforeEach(() => {
    fd = openObject(PAGE);
    buffer = native.map(fd, 0, PAGE) as ArrayBuffer;
    words = new Int32Array(buffer);
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
    native.unmap(buffer);
    closeObjects();
  });

  for (let round = 0; round < ROUNDS; round += 1) {
    const seed = SEED + round;

    it(`leaves no lock, mapping, descriptor or thread behind (seed ${seed})`, async () => {
      const random = new Random(seed);
      const before = { mappings: countMappings(), threads: countWaitThreads(), descriptors: countDescriptors(fd) };
      const errors: unknown[] = [];
      const storm = Array.from({ length: WORKERS }, (_, index) => {
        const data: Storm = { pid: process.pid, fd, index, seed: seed * WORKERS + index };
        const worker = new Worker(fileURLToPath(new URL('./fixtures/storm-worker.js', import.meta.url)), {
          workerData: data,
        });
        workers.push(worker);
        worker.on('error', (error) => errors.push(error));
        return { worker, index, steps: random.below(MOST_STEPS), ended: once(worker, 'exit') };
      });

      // Some are terminated before their first step.
      const left = new Set(storm);
      await until(() => {
        for (const entry of left) {
          if (errors.length === 0 && Atomics.load(words, entry.index) < entry.steps) continue;
          void entry.worker.terminate();
          left.delete(entry);
        }
        return left.size === 0;
      });
      await Promise.all(storm.map(({ ended }) => ended));

      assert.deepEqual(errors, []);
      const held = new Int32Array(LOCKED_BYTES / 32);
      assert.equal(native.probeRange(fd, 0, LOCKED_BYTES, held), 0);
      assert.deepEqual(held, new Int32Array(LOCKED_BYTES / 32));
      assert.deepEqual(
        { mappings: countMappings(), threads: countWaitThreads(), descriptors: countDescriptors(fd) },
        before,
      );
    });
  }
});
