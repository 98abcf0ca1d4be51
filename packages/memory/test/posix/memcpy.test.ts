import assert from 'node:assert/strict';

import { mapFile, posix } from '@ringway/memory';
import type { posix as Posix } from '@ringway/memory';

import { throwsCode } from '../support/throws.js';
import { Files, PAGE } from './support/files.js';

const { MAP_SHARED, PROT_READ, PROT_WRITE } = posix;

describe('posix: memcpy is copy', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('copies n bytes between memory of any kind, and returns dest', () => {
    const mapping = files.keep(mapFile(files.file('0123456789')));
    const text = (memory: ArrayBuffer | Uint8Array): string => Buffer.from(memory as Uint8Array).toString('latin1');
    const array = new Uint8Array(4);
    assert.equal(posix.copy(array, 1, mapping, 2, 3), array);
    assert.equal(text(array), '\u0000234');
    assert.equal(posix.copy(mapping, 0, array, 1, 3), mapping);
    assert.equal(text(mapping.bytes), '2343456789');
    const buffer = posix.copy(new ArrayBuffer(2), 0, mapping.at(8), 0, 2);
    assert.equal(text(buffer), '89');
    const words = posix.copy(new Uint16Array(2), 2, buffer, 0, 2);
    assert.deepEqual([...words], [0, 0x3938]);
    posix.copy(mapping, 10, array, 4, 0);
  });

  it('copies rightly between ranges that overlap', () => {
    const mapping = files.keep(mapFile(files.file('0123456789')));
    posix.copy(mapping, 2, mapping, 0, 8);
    assert.equal(Buffer.from(mapping.bytes).toString(), '0101234567');
    posix.copy(mapping, 0, mapping, 2, 8);
    assert.equal(Buffer.from(mapping.bytes).toString(), '0123456767');
  });

  it('never leaves its memory', () => {
    const mapping = files.keep(mapFile(files.file('0123456789')));
    const array = new Uint8Array(10);
    for (const [destOffset, sourceOffset, length] of [
      [0, 0, 11],
      [1, 0, 10],
      [0, 1, 10],
      [11, 0, 0],
      [0, 11, 0],
      [2 ** 53 - 1, 0, 1],
      [-1, 0, 1],
      [0, -1, 1],
      [0, 0, -1],
      [0.5, 0, 1],
      [0, NaN, 1],
      [0, 0, Infinity],
    ]) {
      assert.throws(() => posix.copy(array, destOffset, mapping, sourceOffset, length), RangeError);
      assert.throws(() => posix.copy(mapping, destOffset, array, sourceOffset, length), RangeError);
    }
    assert.throws(() => posix.copy(array, 0, mapping.at(5), 0, 6), RangeError);
    assert.deepEqual([...array], Array(10).fill(0));
  });

  it('takes memory, and numbers', () => {
    const array = new Uint8Array(1);
    for (const wrong of [null, undefined, 1, 'text', {}, [1]]) {
      assert.throws(() => posix.copy(wrong as Posix.Memory, 0, array, 0, 1), TypeError);
      assert.throws(() => posix.copy(array, 0, wrong as Posix.Memory, 0, 1), TypeError);
    }
    assert.throws(() => posix.copy(array, 0n as unknown as number, array, 0, 1), TypeError);
  });

  it('refuses what was unmapped, and tells what was missing', () => {
    const mapping = mapFile(files.file('0123456789'));
    mapping.close();
    throwsCode(() => posix.copy(new Uint8Array(1), 0, mapping, 0, 1), 'ERR_RINGWAY_CLOSED');
    const fd = files.shared(PAGE);
    const cut = files.keep(posix.mmap(null, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    cut.bytes.fill(1);
    posix.ftruncate(fd, 0);
    const target = new Uint8Array(PAGE).fill(7);
    throwsCode(() => posix.copy(target, 0, cut, 0, PAGE), 'ERR_RINGWAY_SEGMENT_TRUNCATED');
    throwsCode(() => posix.msync(cut, PAGE, posix.MS_SYNC), 'ERR_RINGWAY_SEGMENT_TRUNCATED');
    assert.ok(target.every((byte) => byte === 0));
    posix.munmap(cut, PAGE);
  });
});
