import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { load } from '@ringway/native';
import { closeObject, closeObjects, openObject, reopen } from './support/object.js';

const { errno } = constants;
const NO_DESCRIPTOR = 2 ** 30;

describe('a file lock', () => {
  const native = load();

  afterEach(closeObjects);

  it('belongs to one description at a time', () => {
    const mine = openObject(0);
    const theirs = reopen(mine);
    assert.equal(native.lock(mine, 5), 0);
    assert.equal(native.lock(theirs, 5), -errno.EAGAIN);
    assert.equal(native.lock(theirs, 6), 0);
    assert.equal(native.unlock(mine, 5), 0);
    assert.equal(native.lock(theirs, 5), 0);
  });

  it('does not conflict with locks of the same description', () => {
    const fd = openObject(0);
    assert.equal(native.lock(fd, 5), 0);
    assert.equal(native.lock(fd, 5), 0);
    assert.equal(native.probe(fd, 5), 0);
  });

  it('is let go with the last descriptor', () => {
    const mine = openObject(0);
    const theirs = reopen(mine);
    native.lock(theirs, 5);
    assert.equal(native.probe(mine, 5), 1);
    closeObject(theirs);
    assert.equal(native.probe(mine, 5), 0);
  });

  it('is seen through a read-only descriptor, beyond the end of the file, and is not taken by looking', () => {
    const mine = openObject(0);
    const observer = reopen(mine, 'r');
    const far = 2 ** 40;
    native.lock(mine, far);
    assert.equal(native.probe(observer, far), 1);
    assert.equal(native.probe(observer, far + 1), 0);
    assert.equal(native.lock(reopen(mine), far + 1), 0);
  });

  it('is found by a probe of a range, whoever holds it and however the locks lie', () => {
    const observer = openObject(0);
    const holders = [reopen(observer), reopen(observer), reopen(observer)];
    const start = 1000;
    const count = 130;
    const held = new Set<number>();
    // Runs, single bytes, both ends, and neighbours that belong to different holders.
    for (let byte = 0; byte < count; byte += 1) {
      if (byte % 7 === 3 || byte % 11 < 2 || (byte > 60 && byte < 70) || byte === count - 1) {
        native.lock(holders[byte % holders.length], start + byte);
        held.add(byte);
      }
    }
    native.lock(holders[0], start - 1);
    native.lock(holders[0], start + count);
    const bits = new Int32Array(5).fill(-1);
    assert.equal(native.probeRange(observer, start, count, bits), 0);
    for (let byte = 0; byte < 5 * 32; byte += 1) {
      assert.equal((bits[byte >> 5] >>> (byte & 31)) & 1, held.has(byte) ? 1 : 0, `byte ${byte}`);
    }
  });

  it('is found in the largest range, all of it held', () => {
    const observer = openObject(0);
    const [one, other] = [reopen(observer), reopen(observer)];
    for (let byte = 0; byte < 4096; byte += 1) native.lock(byte % 2 === 0 ? one : other, byte);
    const bits = new Int32Array(128);
    assert.equal(native.probeRange(observer, 0, 4096, bits), 0);
    assert.deepEqual(bits, new Int32Array(128).fill(-1));
  });

  it('leaves words beyond the range alone', () => {
    const bits = new Int32Array(3).fill(-1);
    assert.equal(native.probeRange(openObject(0), 0, 33, bits), 0);
    assert.deepEqual(bits, Int32Array.of(0, 0, -1));
  });

  it('reports what fcntl reports', () => {
    const fd = openObject(0);
    assert.equal(native.lock(NO_DESCRIPTOR, 0), -errno.EBADF);
    assert.equal(native.unlock(NO_DESCRIPTOR, 0), -errno.EBADF);
    assert.equal(native.probe(NO_DESCRIPTOR, 0), -errno.EBADF);
    assert.equal(native.probeRange(NO_DESCRIPTOR, 0, 1, new Int32Array(1)), -errno.EBADF);
    assert.equal(native.lock(reopen(fd, 'r'), 0), -errno.EBADF);
  });

  it('refuses arguments that no call could mean', () => {
    const fd = openObject(0);
    const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
    const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
    assert.throws(() => native.lock(-1, 0), range);
    assert.throws(() => native.lock(fd, -1), range);
    assert.throws(() => native.lock(fd, 2 ** 53), range);
    assert.throws(() => native.probe(fd, 0.5), range);
    assert.throws(() => native.unlock(fd, 0n as unknown as number), type);
    assert.throws(() => native.probeRange(fd, 0, 0, new Int32Array(1)), range);
    assert.throws(() => native.probeRange(fd, 0, 4097, new Int32Array(200)), range);
    assert.throws(() => native.probeRange(fd, 0, 33, new Int32Array(1)), range);
    assert.throws(() => native.probeRange(fd, 0, 1, new Uint32Array(1) as unknown as Int32Array), type);
    assert.throws(() => native.probeRange(fd, 0, 1, [0] as unknown as Int32Array), type);
  });
});
