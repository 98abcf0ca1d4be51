import assert from 'node:assert/strict';
import { constants } from 'node:buffer';

import type { Mapping } from '@ringway/memory';
import { posix } from '@ringway/memory';

import { hear } from './support/child.js';
import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';

const { MAP_ANONYMOUS, MAP_NORESERVE, MAP_PRIVATE, PROT_READ, PROT_WRITE } = posix;
const READ_WRITE = PROT_READ | PROT_WRITE;
const ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;

/** A feature of newer releases of Node. */
type Transferable = ArrayBuffer & { transfer?: () => ArrayBuffer };

describe('posix: the life of a mapping', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('is ended by using, and by close', () => {
    const mapping: Mapping & Disposable = posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0);
    mapping[Symbol.dispose]();
    assert.equal(mapping.closed, true);
  });

  it('has one buffer, the same at each look', () => {
    const mapping = files.keep(posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    assert.equal(mapping.buffer, mapping.buffer);
    assert.equal(mapping.bytes, mapping.bytes);
    assert.equal(mapping.view(Int32Array).buffer, mapping.buffer);
  });

  it('says how much can be looked at at once', () => {
    const most = constants.MAX_LENGTH;
    const huge = Math.min(most + PAGE, Number.MAX_SAFE_INTEGER);
    if (huge > 2 ** 46) {
      refuses(() => posix.mmap(null, huge, PROT_READ, ANONYMOUS | MAP_NORESERVE, -1, 0), 'ENOMEM', 'mmap');
      return;
    }
    const mapping = files.keep(posix.mmap(null, huge, PROT_READ, ANONYMOUS | MAP_NORESERVE, -1, 0));
    assert.throws(() => mapping.bytes, RangeError);
    posix.munmap(mapping.at(most), PAGE);
    assert.equal(mapping.bytes.length, most);
  });

  const transferable = 'transfer' in ArrayBuffer.prototype;
  (transferable ? it : it.skip)(
    `ends when its buffer is transferred, which then owns the memory${transferable ? '' : ' (skipped: this Node has no ArrayBuffer.prototype.transfer)'}`,
    () => {
      const mapping = posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0);
      mapping.bytes[0] = 4;
      const buffer: Transferable = mapping.buffer;
      const moved = new Uint8Array(buffer.transfer?.() ?? buffer);
      const fixed = ANONYMOUS | posix.MAP_FIXED;
      refuses(() => posix.mmap(mapping, PAGE, READ_WRITE, fixed, -1, 0), 'EINVAL', 'mmap');
      refuses(() => posix.mprotect(mapping, PAGE, PROT_READ), 'ENOMEM', 'mprotect');
      refuses(() => posix.munmap(mapping, PAGE), 'EINVAL', 'munmap');
      assert.throws(() => mapping.bytes, { code: 'ERR_RINGWAY_CLOSED' });
      assert.equal(moved[0], 4);
    },
  );

  it('is copied, not shared, when it is posted to a worker', () => {
    const mapping = files.keep(posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    const copy = new Uint8Array(structuredClone(mapping.buffer));
    mapping.bytes[0] = 1;
    assert.equal(copy[0], 0);
  });

  it('outlives the object in what shows its memory, and ends when nobody refers to either', () => {
    const script = `
      const { MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } = posix;
      const size = 1 << 22;
      const mapped = () => Number(/^VmSize:\\s+(\\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
      const turns = async () => { for (let i = 0; i < 10; i += 1) { gc(); await new Promise((resolve) => setImmediate(resolve)); } };
      const map = () => posix.mmap(null, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      await turns();
      const before = mapped();
      let kept = (() => map().bytes.fill(6))();
      (() => { for (let i = 0; i < 50; i += 1) { map(); map().bytes[0] = 1; } })();
      await turns();
      const many = mapped() - before;
      const alive = kept.every((byte) => byte === 6);
      kept = undefined;
      await turns();
      say([many < 8 * size / 1024, alive, mapped() - before < 8 * size / 1024]);
    `;
    assert.deepEqual(hear(script), [true, true, true]);
  });

  it('ends with its worker, and so do its descriptors', () => {
    const script = `
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      const source = "import { parentPort } from 'node:worker_threads';" +
        "import { posix } from '@ringway/memory';" +
        "const kept = [];" +
        "for (let i = 0; i < 20; i += 1) {" +
        "  const fd = posix.memfd_create('leaked', 0); posix.ftruncate(fd, 8192);" +
        "  const shared = posix.mmap(null, 8192, 3, posix.MAP_SHARED, fd, 0); shared.bytes.fill(1);" +
        "  posix.mprotect(shared, 8192, i % 2); if (i % 3 === 0) posix.mprotect(shared, 8192, 3);" +
        "  kept.push(shared, posix.mmap(null, 8192, 1, posix.MAP_SHARED, fd, 0));" +
        "}" +
        "parentPort.postMessage('mapped'); for (;;) kept[0].length;";
      const maps = () => fs.readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => line.includes('leaked')).length;
      const descriptors = () => fs.readdirSync('/proc/self/fd').length;
      const during = [];
      const after = [];
      for (let round = 0; round < 5; round += 1) {
        const worker = new Worker(source, { eval: true });
        await once(worker, 'message');
        during.push(maps() >= 20);
        await worker.terminate();
        after.push(descriptors());
      }
      // The first worker opens what all workers of a process share.
      say([during, maps(), after.map((count) => count - after[0])]);
    `;
    assert.deepEqual(hear(script), [[true, true, true, true, true], 0, [0, 0, 0, 0, 0]]);
  });

  it('ends with workers that are terminated in the middle of everything', () => {
    const script = `
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      const source = "import { parentPort } from 'node:worker_threads'; import { posix } from '@ringway/memory';" +
        "parentPort.postMessage('begun');" +
        "for (let i = 0; ; i += 1) {" +
        "  const mapping = posix.mmap(null, 1 << 18, 3, 0x20 | (1 + i % 2), -1, 0); mapping.bytes.fill(i);" +
        "  if (i % 3 === 0) mapping.flush(); if (i % 5 === 0) posix.mprotect(mapping, 1 << 18, 1);" +
        "  if (i % 7 === 0) { posix.mprotect(mapping, 1 << 18, 0); posix.mprotect(mapping, 1 << 18, 3); }" +
        "  if (i % 4 !== 0) mapping.close(); if (i % 16 === 0) await new Promise((resolve) => setImmediate(resolve));" +
        "}";
      const ends = [];
      for (let round = 0; round < 4; round += 1) {
        const workers = Array.from({ length: 6 }, () => new Worker(source, { eval: true }));
        await Promise.all(workers.map((worker) => once(worker, 'message')));
        ends.push(...(await Promise.all(workers.map((worker) => worker.terminate()))));
      }
      say(ends.length);
    `;
    assert.equal(hear(script), 24);
  });

  it('shows the memory of another thread by a descriptor', () => {
    const script = `
      import { Worker } from 'node:worker_threads';
      import { once } from 'node:events';
      const fd = posix.memfd_create('threads', 0);
      posix.ftruncate(fd, 4096);
      const mapping = posix.mmap(null, PAGE, 3, posix.MAP_SHARED, fd, 0);
      const source = "import { workerData } from 'node:worker_threads'; import { posix } from '@ringway/memory';" +
        "posix.mmap(null, 4096, 3, posix.MAP_SHARED, workerData, 0).bytes[0] = 5;" +
        "try { posix.close(workerData); } catch (error) { if (error.code !== 'EBADF') throw error; }";
      const worker = new Worker(source, { eval: true, workerData: fd });
      const [code] = await once(worker, 'exit');
      say([code, mapping.bytes[0], fs.fstatSync(fd).size]);
    `;
    assert.deepEqual(hear(script), [0, 5, 4096]);
  });
});
