import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { posix } from '@ringway/memory';

import { hear } from './support/child.js';
import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';

const { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, MS_ASYNC, MS_INVALIDATE, MS_SYNC, PROT_READ, PROT_WRITE } = posix;
const READ_WRITE = PROT_READ | PROT_WRITE;

describe('posix: msync', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('writes the whole or a part, at once or later', async () => {
    const path = files.file(new Uint8Array(3 * PAGE));
    const mapping = files.keep(posix.mmap(null, 3 * PAGE, READ_WRITE, MAP_SHARED, files.open(path, 'r+'), 0));
    mapping.bytes.fill(1);
    for (const flags of [MS_SYNC, MS_ASYNC, MS_SYNC | MS_INVALIDATE, MS_ASYNC | MS_INVALIDATE]) {
      posix.msync(mapping, 3 * PAGE, flags);
      posix.msync(mapping.at(PAGE), 1, flags);
      await posix.msyncAsync(mapping.at(2 * PAGE), PAGE, flags);
    }
    assert.ok(readFileSync(path).every((byte) => byte === 1));
  });

  it('leaves what is private private', async () => {
    const path = files.file('abc');
    const mapping = files.keep(posix.mmap(null, 3, READ_WRITE, MAP_PRIVATE, files.open(path, 'r'), 0));
    mapping.bytes[0] = 1;
    posix.msync(mapping, 3, MS_SYNC);
    await posix.msyncAsync(mapping, 3, MS_SYNC);
    assert.equal(readFileSync(path, 'utf8'), 'abc');
  });

  it('takes exactly one of MS_SYNC and MS_ASYNC', async () => {
    const mapping = files.keep(posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    for (const flags of [0, MS_INVALIDATE, MS_SYNC | MS_ASYNC, 8, -1]) {
      refuses(() => posix.msync(mapping, PAGE, flags), 'EINVAL', 'msync');
      await assert.rejects(posix.msyncAsync(mapping, PAGE, flags), { code: 'EINVAL', syscall: 'msync' });
    }
    assert.match(refuses(() => posix.msync(mapping, PAGE, 0), 'EINVAL', 'msync').message, /exactly one of MS_SYNC/);
  });

  it('refuses what is not mapped, and what begins in a page', async () => {
    const mapping = posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    refuses(() => posix.msync(mapping, PAGE + 1, MS_SYNC), 'ENOMEM', 'msync');
    refuses(() => posix.msync(mapping.at(1), 1, MS_SYNC), 'EINVAL', 'msync');
    mapping.close();
    refuses(() => posix.msync(mapping, PAGE, MS_SYNC), 'ENOMEM', 'msync');
    await assert.rejects(posix.msyncAsync(mapping, PAGE, MS_SYNC), { code: 'ENOMEM' });
    await assert.rejects(mapping.flush(), { code: 'ERR_RINGWAY_CLOSED' });
  });

  it('says EBUSY when locked pages were to be invalidated', () => {
    const mapping = files.keep(posix.mmap(null, 2 * PAGE, READ_WRITE, MAP_SHARED, files.shared(2 * PAGE), 0));
    posix.mlock(mapping.at(PAGE), PAGE);
    posix.msync(mapping, PAGE, MS_SYNC | MS_INVALIDATE);
    refuses(() => posix.msync(mapping, 2 * PAGE, MS_SYNC | MS_INVALIDATE), 'EBUSY', 'msync');
    posix.munlock(mapping, 2 * PAGE);
    posix.msync(mapping, 2 * PAGE, MS_SYNC | MS_INVALIDATE);
  });

  it('runs off the event loop, untouched by what becomes of the mapping', async () => {
    const path = files.file(new Uint8Array(64 * PAGE));
    const fd = files.open(path, 'r+');
    const started: Promise<void>[] = [];
    for (let round = 0; round < 20; round += 1) {
      const mapping = posix.mmap(null, 64 * PAGE, READ_WRITE, MAP_SHARED, fd, 0);
      mapping.bytes.fill(round);
      started.push(mapping.flush(), posix.msyncAsync(mapping.at(PAGE), PAGE, MS_SYNC));
      if (round % 2 === 0) posix.munmap(mapping.at(PAGE), 63 * PAGE);
      mapping.close();
    }
    await Promise.all(started);
    assert.ok(readFileSync(path).every((byte) => byte === 19));
  });

  it('lets a worker be terminated, and a process exit, meanwhile', () => {
    const script = `
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      const source = "import { parentPort } from 'node:worker_threads';" +
        "import { posix } from '@ringway/memory';" +
        "const mapping = posix.mmap(null, 1 << 24, 3, posix.MAP_SHARED | posix.MAP_ANONYMOUS, -1, 0); mapping.bytes.fill(1);" +
        "for (let i = 0; i < 200; i += 1) mapping.flush();" +
        "parentPort.postMessage('busy'); for (;;) mapping.bytes[0] += 1;";
      for (let round = 0; round < 5; round += 1) {
        const worker = new Worker(source, { eval: true });
        await once(worker, 'message');
        await worker.terminate();
      }
      const mapping = posix.mmap(null, 1 << 24, 3, posix.MAP_SHARED | posix.MAP_ANONYMOUS, -1, 0);
      for (let i = 0; i < 200; i += 1) mapping.flush();
      say('over');
      process.exit(0);
    `;
    assert.equal(hear(script), 'over');
  });
});
