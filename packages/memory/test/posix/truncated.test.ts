import assert from 'node:assert/strict';

import { posix } from '@ringway/memory';

import { throwsCode } from '../support/throws.js';
import { Files, PAGE } from './support/files.js';

const { MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ, PROT_WRITE } = posix;

describe('posix: a file that is cut while it is mapped', () => {
  const files = new Files();

  afterEach(() => files.clean());

  for (const [name, prot, type] of [
    ['shared and writable', PROT_READ | PROT_WRITE, MAP_SHARED],
    ['shared and read', PROT_READ, MAP_SHARED],
    ['private', PROT_READ | PROT_WRITE, MAP_PRIVATE],
  ] as const) {
    it(`shows zeros to who touches it, and is an error at the next call: ${name}`, async () => {
      const fd = files.shared(2 * PAGE);
      const mapping = posix.mmap(null, 2 * PAGE, prot, type, fd, 0);
      const beside = files.keep(posix.mmap(null, PAGE, prot, type, fd, 0));
      const { bytes } = mapping;
      posix.ftruncate(fd, PAGE);
      assert.equal(mapping.bytes, bytes);
      assert.equal(bytes[PAGE], 0);
      bytes[PAGE] = 1;
      for (const use of [
        () => mapping.bytes,
        () => mapping.buffer,
        () => mapping.view(Int32Array),
        () => mapping.flushSync(),
        () => posix.msync(mapping, PAGE, posix.MS_SYNC),
        () => posix.mprotect(mapping, 2 * PAGE, PROT_NONE),
        () => posix.mlock(mapping, PAGE),
        () => posix.madvise(mapping, PAGE, posix.MADV_NORMAL),
        () => posix.munmap(mapping.at(PAGE), PAGE),
        () => posix.mmap(mapping, PAGE, prot, type | posix.MAP_FIXED, fd, 0),
      ]) {
        throwsCode(use, 'ERR_RINGWAY_SEGMENT_TRUNCATED');
      }
      await assert.rejects(mapping.flush(), { code: 'ERR_RINGWAY_SEGMENT_TRUNCATED' });
      await assert.rejects(posix.msyncAsync(mapping, PAGE, posix.MS_SYNC), { code: 'ERR_RINGWAY_SEGMENT_TRUNCATED' });
      assert.equal(beside.bytes.length, PAGE);
      posix.munmap(mapping, 2 * PAGE);
      assert.equal(bytes.length, 0);
      mapping.close();
    });
  }
});
