import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';

import { Segment } from '@ringway/memory';

import { Scratch, SPEC } from './support/scratch.js';
import { throwsCode } from './support/throws.js';

const fixture = (name: string): string => fileURLToPath(new URL(`fixtures/${name}.js`, import.meta.url));

describe('a segment that is closed', () => {
  const scratch = new Scratch();
  let name: string;

  beforeEach(() => {
    name = scratch.name();
  });

  afterEach(() => scratch.clean());

  it('throws ERR_RINGWAY_CLOSED at every use, and its views are empty', () => {
    const segment = Segment.create(name, SPEC);
    const words = new Int32Array(segment.map(4096, 4096));
    const ring = new Uint8Array(segment.mapRing(8192, 8192));
    segment.close();
    assert.deepEqual([segment.closed, words.length, ring.length], [true, 0, 0]);
    const live = new Int32Array(4);
    for (const use of [
      () => segment.map(0, 4096),
      () => segment.mapRing(0, 4096),
      () => segment.unmap(words.buffer),
      () => segment.commit(0, 4096),
      () => segment.punch(4096, 4096),
      () => segment.withGate(() => 0),
      () => segment.isLinked(),
      () => segment.unlink(),
      () => segment.tryLock(0),
      () => segment.unlock(0),
      () => segment.holds(0),
      () => segment.lockedBits(0, 32, live),
      () => segment.wake(live, 0, 1),
      () => segment.waitSync(live, 0, 0, 1),
      () => segment.watch(live, 0, 0, undefined, () => undefined),
      () => segment.holdLoop(),
      () => segment.attachments.create('0.0', []),
      () => segment.attachments.read('0.0', 1),
      () => segment.attachments.remove('0.0'),
      () => segment.attachments.list(''),
    ]) {
      throwsCode(use, 'ERR_RINGWAY_CLOSED');
    }
    assert.throws(() => Atomics.load(words, 0), TypeError);
  });

  it('may be closed again, and release the event loop again', () => {
    const segment = Segment.create(name, SPEC);
    segment.holdLoop();
    segment.close();
    segment.close();
    segment.releaseLoop();
    segment[Symbol.dispose]();
    assert.equal(segment.closed, true);
  });

  it('has given its descriptor back', () => {
    Segment.create(name, SPEC).close();
    const before = readdirSync('/proc/self/fd').length;
    for (let count = 0; count < 20; count += 1) Segment.open(name, { kind: 1 }).close();
    for (let count = 0; count < 20; count += 1)
      throwsCode(() => Segment.open(name, { kind: 2 }), 'ERR_RINGWAY_KIND_MISMATCH');
    for (let count = 0; count < 20; count += 1) throwsCode(() => Segment.create(name, SPEC), 'ERR_RINGWAY_EXISTS');
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });

  it('does no harm to a job of the thread pool that works on a view of it', async () => {
    const child = spawn(process.execPath, [fixture('close-under-fill'), name], { stdio: 'inherit' });
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    assert.deepEqual([code, signal], [0, null]);
  });

  it('lets its process end by itself', async () => {
    const child = spawn(process.execPath, [fixture('idle'), name], { stdio: 'inherit' });
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    assert.deepEqual([code, signal], [0, null]);
  });

  it('is closed when its worker is terminated: the locks are free and the process goes on', async () => {
    const segment = scratch.keep(Segment.create(name, SPEC));
    const worker = new Worker(fixture('worker'), { workerData: name });
    await once(worker, 'message');
    assert.equal(segment.tryLock(0), false);
    await worker.terminate();
    assert.equal(segment.tryLock(0), true);
  });
});
