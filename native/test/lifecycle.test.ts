import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, copyFileSync, existsSync, fstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { load, type Native, support, WATCH_REASON } from '@ringway/native';
import { ADDON, FORKER, instantiate } from './support/instance.js';
import { closeObjects, openObject, PAGE, reopen } from './support/object.js';
import { Fixture, killFixtures, until } from './support/process.js';
import { Watches } from './support/watches.js';

const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}.js`, import.meta.url));

describe('the addon', () => {
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
    await killFixtures();
    native.unmap(buffer);
    closeObjects();
  });

  /** Starts a worker on the object, and resolves when it has said that it is about to do what it was told. */
  async function startWorker(task: string, index = 1): Promise<Worker> {
    const worker = new Worker(fixture('worker'), { workerData: { task, pid: process.pid, fd, index } });
    workers.push(worker);
    // An error of the worker rejects this.
    await once(worker, 'message');
    return worker;
  }

  it('is supported here, and loaded once', () => {
    assert.deepEqual(support(), { supported: true });
    assert.equal(load(), native);
  });

  it('works under two paths in one process, apart from one another', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'ringway-copy-'));
    try {
      const copy = join(directory, 'ringway.node');
      copyFileSync(ADDON, copy);
      const other: Native = instantiate(copy);
      const theirs = other.map(fd, 0, PAGE) as ArrayBuffer;
      assert.equal(native.unmap(theirs), false);
      assert.throws(() => native.watch(new Int32Array(theirs), 1, 0, null), { code: 'ERR_INVALID_ARG_VALUE' });
      const watches = new Watches(other);
      const id = other.watch(new Int32Array(theirs), 1, 0, null);
      words[1] = 1;
      native.futexWake(words, 1, 1);
      assert.deepEqual(await watches.atLeast(1), [{ id, reason: WATCH_REASON.doorbell }]);
      assert.equal(other.unmap(theirs), true);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('works in 20 workers at once, and again when they have ended', async () => {
    for (let round = 0; round < 2; round += 1) {
      const started = await Promise.all(Array.from({ length: 20 }, (_, index) => startWorker('echo', 2 * index)));
      const ended = started.map((worker) => once(worker, 'exit'));
      // Each watches a word, and answers in the next.
      for (let index = 0; index < started.length; index += 1) {
        Atomics.add(words, 2 * index, 1);
        native.futexWake(words, 2 * index, 1);
      }
      assert.deepEqual(await Promise.all(ended), Array(20).fill([0]));
      for (let index = 0; index < started.length; index += 1) assert.equal(words[2 * index + 1], round + 1);
    }
  });

  for (const task of ['wait', 'watch', 'busy-dispatch', 'mapped']) {
    it(`lets a worker be terminated: ${task}`, async () => {
      const worker = await startWorker(task);
      assert.equal(await worker.terminate(), 1);
      // What it mapped, waited for and locked is gone.
      assert.equal(native.probe(fd, 7), 0);
      const turns = Array.from({ length: 3 }, () => new Promise((resolve) => setImmediate(resolve)));
      await Promise.all(turns);
    });
  }

  it('lets many workers be terminated in the middle of everything', async () => {
    const tasks = ['wait', 'watch', 'busy-dispatch', 'mapped', 'storm'];
    const started = await Promise.all(Array.from({ length: 10 }, (_, i) => startWorker(tasks[i % tasks.length], i)));
    assert.deepEqual(await Promise.all(started.map((worker) => worker.terminate())), Array(10).fill(1));
  });

  it('lets go of the locks of a guarded descriptor when its worker ends and leaves it open', async () => {
    const worker = new Worker(fixture('worker'), {
      workerData: { task: 'leak', pid: process.pid, fd, index: 1 },
      trackUnmanagedFds: false,
    });
    workers.push(worker);
    const [leaked] = (await once(worker, 'message')) as [number];
    try {
      assert.equal(native.probe(fd, 7), 1);
      await worker.terminate();
      assert.equal(native.probe(fd, 7), 0);
      assert.equal(fstatSync(leaked).ino, fstatSync(fd).ino);
    } finally {
      closeSync(leaked);
    }
  });

  it('does not keep a process alive by a watch', async () => {
    assert.deepEqual(await new Fixture('idle', ['unref']).end(), { status: 0, output: '' });
  });

  it('keeps a process alive by a watch when it is told to', async () => {
    const idle = new Fixture('idle', ['ref', process.pid, fd]);
    await idle.message<'watching'>();
    Atomics.add(words, 1, 1);
    await until(() => native.futexWake(words, 1, 1) === 1 || idle.ended);
    assert.deepEqual(await idle.end(), { status: 0, output: '' });
  });

  it('keeps words that are watched from being collected', async () => {
    assert.deepEqual(await new Fixture('idle', ['forget'], ['--expose-gc']).end(), { status: 0, output: '' });
  });

  it('lets a process exit in the middle of everything', async () => {
    assert.deepEqual(await new Fixture('idle', ['exit']).end(), { status: 3, output: '' });
  });

  it('passes an error of the dispatcher to uncaughtException, and reports what else has fired', async () => {
    assert.deepEqual(await new Fixture('idle', ['throw']).end(), { status: 0, output: '' });
  });

  const forks = existsSync(FORKER);
  const forkIt = forks ? it : it.skip;
  const reason = forks ? '' : ' (skipped: the helper that forks was not built)';

  forkIt(`keeps a forked child that never execs from holding a lock${reason}`, async () => {
    const parent = new Fixture('fork', [process.pid, fd, 5, 'guarded']);
    const child = await parent.message<number>();
    try {
      assert.equal(native.probe(fd, 5), 1);
      await parent.kill();
      assert.equal(native.probe(fd, 5), 0);
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });

  forkIt(`guards what it was told to, and nothing else${reason}`, async () => {
    const parent = new Fixture('fork', [process.pid, fd, 5, 'unguarded']);
    const child = await parent.message<number>();
    try {
      await parent.kill();
      assert.equal(native.probe(fd, 5), 1);
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });

  forkIt(`guards hundreds of descriptors${reason}`, async () => {
    const parent = new Fixture('fork', [process.pid, fd, 5, 'many']);
    const child = await parent.message<number>();
    try {
      await parent.kill();
      assert.equal(native.probe(fd, 5), 0);
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });

  it('guards only what is open', () => {
    assert.equal(native.guardDescriptor(2 ** 30), -9);
    const other = reopen(fd);
    assert.equal(native.guardDescriptor(other), 0);
    native.unguardDescriptor(other);
    native.unguardDescriptor(other);
    assert.throws(() => native.guardDescriptor(-1), { code: 'ERR_OUT_OF_RANGE' });
    assert.throws(() => native.unguardDescriptor('1' as unknown as number), { code: 'ERR_INVALID_ARG_TYPE' });
  });
});
