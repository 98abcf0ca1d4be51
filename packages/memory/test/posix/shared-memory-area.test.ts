import assert from 'node:assert/strict';

import { posix } from '@ringway/memory';

import { hear } from './support/child.js';
import { Files, PAGE } from './support/files.js';

const { MAP_SHARED, O_CREAT, O_EXCL, O_RDWR, PROT_READ, PROT_WRITE } = posix;

describe('posix: the shared memory area', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('shows what one process writes to another that is neither its parent nor its child', () => {
    const name = files.sharedName();
    const fd = posix.shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0o600);
    posix.ftruncate(fd, PAGE);
    const mapping = files.keep(posix.mmap(null, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    posix.close(fd);
    const script = `
      const fd = posix.shm_open(argv[0], posix.O_RDWR);
      const words = posix.mmap(null, PAGE, posix.PROT_READ | posix.PROT_WRITE, posix.MAP_SHARED, fd, 0).view(Int32Array, 0, 2);
      words[1] = words[0] + 1;
      words[0] = words[1];
      say(words[1]);
    `;
    // Siblings: they share a parent with each other, and memory by nothing but its name.
    assert.deepEqual([hear(script, { argv: [name] }), hear(script, { argv: [name] })], [1, 2]);
    assert.equal(mapping.view(Int32Array, 0, 2)[1], 2);
  });
});
