import assert from 'node:assert/strict';

import { posix } from '@ringway/memory';

import { hear } from './support/child.js';
import { Files, PAGE } from './support/files.js';

const { MAP_SHARED, O_CREAT, O_RDWR, PROT_READ, PROT_WRITE } = posix;

describe('posix: mmap, use 3: with shm_open, memory between unrelated processes', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('goes from one process to the next when the first has long ended', () => {
    const name = files.sharedName();
    hear(
      `
      const fd = posix.shm_open(argv[0], posix.O_CREAT | posix.O_EXCL | posix.O_RDWR, 0o600);
      posix.ftruncate(fd, 2 * PAGE);
      posix.mmap(null, 2 * PAGE, posix.PROT_WRITE | posix.PROT_READ, posix.MAP_SHARED, fd, 0).bytes.fill(42);
      `,
      { argv: [name] },
    );
    const fd = posix.shm_open(name, O_CREAT | O_RDWR, 0o600);
    const mapping = files.keep(posix.mmap(null, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE));
    posix.close(fd);
    assert.ok(mapping.bytes.every((byte) => byte === 42));
  });
});
