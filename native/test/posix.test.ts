import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { load } from '@ringway/native';
import type { Native } from '@ringway/native';
import { FORKER } from './support/instance.js';
import { closeObjects, openObject, PAGE, reopen } from './support/object.js';
import { Fixture, killFixtures } from './support/process.js';

const { errno } = constants;
const READ = 1;
const READ_WRITE = 3;
const SHARED = 1;
const PRIVATE_ANONYMOUS = 0x22;
const FIXED = 0x10;
const SYNC = 4;

/** What the functions that name a mapping do with one that there is not. */
function callAll(native: Native, id: number): unknown[] {
  return [
    native.posixMapOver(id, 0, PAGE, READ, PRIVATE_ANONYMOUS | FIXED, -1, 0),
    native.posixBuffer(id),
    native.posixUnmap(id, 0, PAGE),
    native.posixProtect(id, 0, PAGE, READ),
    native.posixLock(id, 0, PAGE, true),
    native.posixAdvise(id, 0, PAGE, 0),
    native.posixSync(id, 0, PAGE, SYNC),
    native.posixSyncLater(id, 0, PAGE, SYNC),
  ];
}

describe('the POSIX calls of the addon', () => {
  const native = load();
  const mapped: number[] = [];

  function map(fd: number, prot: number, flags: number): number {
    const id = native.posixMap(PAGE, prot, flags, fd, 0);
    assert.ok(id > 0, `mmap: ${id}`);
    mapped.push(id);
    return id;
  }

  afterEach(async () => {
    await killFixtures();
    for (const id of mapped.splice(0)) native.posixForget(id);
    closeObjects();
  });

  it('know a mapping by its number, and no number that is none', () => {
    const id = map(-1, READ_WRITE, PRIVATE_ANONYMOUS);
    assert.equal(native.posixUnmap(id, 0, PAGE), 0);
    for (const none of [id, id + 1, Number.MAX_SAFE_INTEGER]) {
      assert.deepEqual(callAll(native, none), Array(8).fill(-errno.ENOENT));
      native.posixForget(none);
    }
  });

  it('take no number but a positive integer', () => {
    for (const wrong of [0, -1, 0.5, NaN, Infinity, 2 ** 53]) {
      assert.throws(() => native.posixBuffer(wrong), { code: 'ERR_OUT_OF_RANGE' });
      assert.throws(() => native.posixForget(wrong), { code: 'ERR_OUT_OF_RANGE' });
    }
    assert.throws(() => native.posixBuffer('1' as unknown as number), { code: 'ERR_INVALID_ARG_TYPE' });
    assert.throws(() => native.posixLock(1, 0, 1, 1 as unknown as boolean), { code: 'ERR_INVALID_ARG_TYPE' });
  });

  it('give an address to V8 once', () => {
    const id = map(-1, READ_WRITE, PRIVATE_ANONYMOUS);
    assert.equal(native.posixBuffer(id), native.posixBuffer(id));
  });

  it('leave memory to its buffer when nobody can name the mapping any more', () => {
    const id = native.posixMap(PAGE, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
    const bytes = new Uint8Array(native.posixBuffer(id) as ArrayBuffer);
    native.posixForget(id);
    bytes.fill(3);
    assert.equal(bytes[PAGE - 1], 3);
    assert.equal(native.unmap(bytes.buffer), true);
    assert.equal(bytes.length, 0);
  });

  it('find out when a buffer was unmapped behind their back', () => {
    const id = map(openObject(PAGE), READ_WRITE, SHARED);
    assert.equal(native.unmap(native.posixBuffer(id) as ArrayBuffer), true);
    assert.deepEqual(callAll(native, id), Array(8).fill(-errno.ENOENT));
  });

  it('leave the locks of a description to who took them, when a worker ends that has mapped it', async () => {
    const fd = openObject(PAGE);
    const observer = reopen(fd);
    assert.equal(native.lock(fd, 7), 0);
    const worker = new Worker(fileURLToPath(new URL('fixtures/posix-worker.js', import.meta.url)), { workerData: fd });
    await once(worker, 'message');
    await worker.terminate();
    assert.equal(native.probe(observer, 7), 1);
  });

  const forks = existsSync(FORKER);
  (forks ? it : it.skip)(
    `keep a forked child that never execs from holding a lock${forks ? '' : ' (skipped: the helper that forks was not built)'}`,
    async () => {
      const fd = openObject(PAGE);
      const parent = new Fixture('posix-fork', [process.pid, fd, 5]);
      const child = await parent.message<number>();
      try {
        assert.equal(native.probe(fd, 5), 1);
        await parent.kill();
        assert.equal(native.probe(fd, 5), 0);
      } finally {
        process.kill(child, 'SIGKILL');
      }
    },
  );
});
