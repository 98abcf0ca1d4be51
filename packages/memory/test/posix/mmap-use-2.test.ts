import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';

import { anonymous, posix } from '@ringway/memory';

import { hear } from './support/child.js';
import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';

const { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE } = posix;
const READ_WRITE = PROT_READ | PROT_WRITE;

describe('posix: mmap, use 2: a special file for anonymous memory', () => {
  const files = new Files();

  afterEach(() => files.clean());

  for (const [kind, type] of [
    ['private', MAP_PRIVATE],
    ['shared', MAP_SHARED],
  ] as const) {
    it(`gives ${kind} zeros by MAP_ANONYMOUS, whatever the descriptor says`, () => {
      for (const fd of [-1, 0, 2 ** 30]) {
        const mapping = files.keep(posix.mmap(null, 3 * PAGE + 1, READ_WRITE, type | MAP_ANONYMOUS, fd, 0));
        assert.equal(mapping.bytes.length, 3 * PAGE + 1);
        assert.ok(mapping.bytes.every((byte) => byte === 0));
        mapping.bytes.fill(1);
        assert.ok(mapping.bytes.every((byte) => byte === 1));
      }
    });

    it(`gives ${kind} zeros by /dev/zero`, () => {
      const fd = openSync('/dev/zero', 'r+');
      const mapping = files.keep(posix.mmap(null, PAGE, READ_WRITE, type, fd, 0));
      closeSync(fd);
      mapping.bytes[0] = 1;
      posix.mprotect(mapping, PAGE, PROT_READ);
      posix.mprotect(mapping, PAGE, READ_WRITE);
      assert.deepEqual([...mapping.bytes.subarray(0, 2)], [1, 0]);
    });
  }

  it('refuses shared memory of /dev/zero to who cannot write it', () => {
    refuses(() => posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED, files.open('/dev/zero', 'r'), 0), 'EACCES', 'mmap');
  });

  it('gives it in the comfortable form', () => {
    const mapping = files.keep(anonymous(100, { populate: true, locked: true }));
    mapping.view(Float64Array, 8, 2).set([1.5, 2.5]);
    assert.deepEqual([mapping.length, mapping.view(DataView, 16, 8).getFloat64(0, true)], [100, 2.5]);
  });

  it('hands sealed memory to a child by its descriptor', () => {
    const { F_ADD_SEALS, F_GET_SEALS, F_SEAL_GROW, F_SEAL_SHRINK, F_SEAL_WRITE, MFD_ALLOW_SEALING, MFD_CLOEXEC } =
      posix;
    const fd = files.unnamed(MFD_CLOEXEC | MFD_ALLOW_SEALING, PAGE);
    const mapping = posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED, fd, 0);
    mapping.bytes.set([4, 2]);
    refuses(() => posix.fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 'EBUSY', 'fcntl');
    posix.munmap(mapping, PAGE);
    posix.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
    const script = `
      const { MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE } = posix;
      const seen = posix.mmap(null, PAGE, PROT_READ, MAP_PRIVATE, 3, 0).bytes.slice(0, 2);
      say([...seen, posix.fcntl(3, posix.F_GET_SEALS), codeOf(() => posix.ftruncate(3, 0)),
        codeOf(() => posix.mmap(null, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 3, 0))]);
    `;
    assert.deepEqual(hear(script, { descriptors: [fd] }), [4, 2, posix.fcntl(fd, F_GET_SEALS), 'EPERM', 'EPERM']);
  });
});
