import assert from 'node:assert/strict';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { Mutex } from '@ringway/sync';
import { Scene, sleepers } from './support/scene.js';
import { until } from './support/until.js';

const FIXTURE = fileURLToPath(new URL('fixtures/primitive-worker.js', import.meta.url));

describe('a worker that blocks for a mutex', () => {
  const scene = new Scene();
  const workers = new Set<Worker>();
  afterEach(async () => {
    await Promise.all([...workers].map((worker) => worker.terminate()));
    workers.clear();
    await scene.clear();
  });

  async function start(name: string): Promise<Worker> {
    const worker = new Worker(FIXTURE, { workerData: name });
    workers.add(worker);
    assert.deepEqual(await once(worker, 'message'), ['opened']);
    return worker;
  }

  it('waits for another thread of its process, which is no deadlock', async () => {
    const name = scene.name();
    const mutex = scene.own(Mutex.open(name));
    const guard = await mutex.acquire();
    const worker = await start(name);
    await until(() => sleepers(name) === 1);
    const acquired = once(worker, 'message');
    guard.release();
    assert.deepEqual(await acquired, ['acquired']);
    const wait = mutex.acquire();
    // Before it is told to go on: it may be gone before the mutex is here.
    const exited = once(worker, 'exit');
    worker.postMessage('release');
    assert.equal((await wait).abandoned, false);
    await exited;
  });

  it('ends when it is terminated while it waits, and takes nothing along', async () => {
    const name = scene.name();
    const mutex = scene.own(Mutex.open(name));
    const guard = await mutex.acquire();
    const worker = await start(name);
    await until(() => sleepers(name) === 1);
    await worker.terminate();
    guard.release();
    assert.equal((await mutex.acquire()).abandoned, false);
  });

  it('leaves the mutex to the next, as abandoned, when it is terminated while it has it', async () => {
    const name = scene.name();
    const mutex = scene.own(Mutex.open(name));
    const worker = await start(name);
    assert.deepEqual(await once(worker, 'message'), ['acquired']);
    const wait = mutex.acquire();
    await worker.terminate();
    const guard = await wait;
    assert.deepEqual([guard.abandoned, guard.damaged], [true, true]);
    const next = await start(name);
    await until(() => sleepers(name) === 1);
    guard.release();
    assert.deepEqual(await once(next, 'message'), ['acquired']);
  });
});
