import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { RecordLock } from '@ringway/sync';
import type { LockStorm } from './fixtures/record-lock-worker.js';
import { LockScratch, descriptorsOf, noWaitThreads } from './support/record-lock-scratch.js';

const WORKERS = 16;
const MOST_STEPS = 200;
const ROUND_MS = 120_000;

describe('RecordLock in workers', function () {
  this.timeout(ROUND_MS);
  const scratch = new LockScratch();
  const workers: Worker[] = [];

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
    scratch.clean();
  });

  /** A worker that runs `source` with `RecordLock` and `path`, and the first thing that it posts. */
  async function start(path: string, source: string): Promise<Worker> {
    const code = `import { parentPort } from 'node:worker_threads';
      import { RecordLock } from ${JSON.stringify(import.meta.resolve('@ringway/sync'))};
      const path = ${JSON.stringify(path)};
      ${source}`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    workers.push(worker);
    await once(worker, 'message');
    return worker;
  }

  for (const [how, source] of [
    ['blocks', "parentPort.postMessage(''); RecordLock.open(path).acquireSync({ start: 0, length: 1 });"],
    ['awaits', "RecordLock.open(path).acquire({ start: 0, length: 1 }); parentPort.postMessage('');"],
  ] as const) {
    it(`terminates one that ${how}, and lets nothing of it behind`, async () => {
      const path = scratch.file();
      const guard = scratch.open(path).acquireSync({ start: 0, length: 1 });
      const worker = await start(path, source);
      await worker.terminate();
      await noWaitThreads();
      guard.release();
      assert.equal(RecordLock.open(path).query({ start: 0, length: 0 }), undefined);
    });
  }

  it('frees what a worker held when it is terminated, and wakes who waits for it', async () => {
    const path = scratch.file();
    const worker = await start(
      path,
      "globalThis.guard = RecordLock.open(path).acquireSync({ start: 0, length: 0 }); parentPort.postMessage('');" +
        'setInterval(() => 0, 1000);',
    );
    const waiting = scratch.open(path).acquire({ start: 3, length: 1 });
    await worker.terminate();
    (await waiting).release();
  });

  it(`survives a storm of ${WORKERS} that are terminated while they lock and wait`, async () => {
    const path = scratch.file();
    const observer = scratch.open(path);
    const steps = new Int32Array(new SharedArrayBuffer(WORKERS * 4));
    const errors: unknown[] = [];
    const storm = Array.from({ length: WORKERS }, (_, index) => {
      const data: LockStorm = { path, seed: index + 1, steps, index };
      const worker = new Worker(fileURLToPath(new URL('./fixtures/record-lock-worker.js', import.meta.url)), {
        workerData: data,
      });
      workers.push(worker);
      worker.on('error', (error) => errors.push(error));
      return { worker, index, until: (index * 37) % MOST_STEPS, ended: once(worker, 'exit') };
    });
    const left = new Set(storm);
    while (left.size > 0) {
      for (const entry of left) {
        if (errors.length === 0 && Atomics.load(steps, entry.index) < entry.until) continue;
        void entry.worker.terminate();
        left.delete(entry);
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(storm.map(({ ended }) => ended));
    assert.deepEqual(errors, []);
    await noWaitThreads();
    assert.equal(observer.query({ start: 0, length: 0 }), undefined);
    assert.equal(descriptorsOf(path).length, 1);
  });
});
