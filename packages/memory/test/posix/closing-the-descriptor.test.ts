import assert from 'node:assert/strict';
import { readdirSync, unlinkSync } from 'node:fs';

import { mapFile, posix } from '@ringway/memory';

import { Files, PAGE } from './support/files.js';

const { MAP_SHARED, PROT_READ, PROT_WRITE } = posix;

describe('posix: closing the descriptor', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('does not end the mapping', () => {
    const fd = posix.memfd_create('closed', posix.MFD_CLOEXEC);
    posix.ftruncate(fd, PAGE);
    const mapping = files.keep(posix.mmap(null, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    posix.close(fd);
    mapping.bytes[0] = 1;
    posix.msync(mapping, PAGE, posix.MS_SYNC);
    posix.mprotect(mapping, PAGE, PROT_READ);
    posix.mprotect(mapping, PAGE, PROT_READ | PROT_WRITE);
    assert.equal(mapping.bytes[0], 1);
  });

  it('does not end it when the name of the file is gone, too', () => {
    const path = files.file('still here');
    const mapping = files.keep(mapFile(path));
    unlinkSync(path);
    assert.equal(Buffer.from(mapping.bytes).toString(), 'still here');
  });

  it('gives everything back with the mapping', () => {
    const fd = files.shared(PAGE);
    const open = (): number => readdirSync('/proc/self/fd').length;
    const before = open();
    for (let round = 0; round < 100; round += 1) posix.mmap(null, PAGE, PROT_READ, MAP_SHARED, fd, 0).close();
    assert.equal(open(), before);
  });
});
