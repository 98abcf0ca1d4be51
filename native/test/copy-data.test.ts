import assert from 'node:assert/strict';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { Worker } from 'node:worker_threads';
import { load } from '@ringway/native';
import { ADDON } from './support/instance.js';
import { closeObjects, openObject } from './support/object.js';

const { errno } = constants;
const MIB = 1 << 20;

describe('copying data', () => {
  const native = load();

  afterEach(() => closeObjects());

  it('goes on off the event loop, through descriptors that may be closed meanwhile', async () => {
    const target = openObject(64 * MIB);
    const source = openObject(0);
    writeSync(source, Buffer.alloc(64 * MIB, 7));
    const own = openSync(`/proc/self/fd/${source}`, 'r');
    const other = openSync(`/proc/self/fd/${target}`, 'r+');
    const copied = native.copyData(own, other, 0, 64 * MIB, 64 * MIB);
    assert.ok(copied instanceof Promise);
    closeSync(own);
    closeSync(other);
    assert.equal(await copied, 64 * MIB);
    assert.ok(readFileSync(`/proc/self/fd/${target}`).equals(Buffer.alloc(64 * MIB, 7)));
  });

  it('refuses what is no range, and no descriptor', async () => {
    const fd = openObject(4096);
    for (const [offset, end, size] of [
      [-1, 0, 0],
      [2, 1, 4096],
      [0, 4097, 4096],
      [0.5, 1, 4096],
      [0, NaN, 4096],
      [0, 1, 2 ** 53],
    ]) {
      assert.throws(() => native.copyData(fd, fd, offset, end, size), RangeError);
    }
    assert.throws(() => native.copyData('1' as unknown as number, fd, 0, 1, 1), TypeError);
    assert.throws(() => native.copyData(fd, fd, 0, 1n as unknown as number, 1), TypeError);
    assert.equal(native.copyData(2 ** 30, fd, 0, 1, 1), -errno.EBADF);
    assert.equal(await native.copyData(fd, fd, 0, 4096, 4096), 4096);
  });

  it('is waited for when its worker is terminated', async () => {
    const source = openObject(0);
    writeSync(source, Buffer.alloc(32 * MIB, 7));
    const target = openObject(32 * MIB);
    const code = `
      const { parentPort, workerData } = require('node:worker_threads');
      const module = { exports: {} };
      process.dlopen(module, workerData.addon);
      const again = () => module.exports.copyData(workerData.source, workerData.target, 0, ${32 * MIB}, ${32 * MIB}).then(again);
      again();
      parentPort.postMessage('begun');`;
    for (let n = 0; n < 10; n++) {
      const worker = new Worker(code, { eval: true, workerData: { addon: ADDON, source, target } });
      await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
      await worker.terminate();
    }
    assert.ok(readFileSync(`/proc/self/fd/${target}`).equals(Buffer.alloc(32 * MIB, 7)));
  });
});
