import assert from 'node:assert/strict';

import { posix } from '@ringway/memory';

import { hear } from './support/child.js';
import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';

const { MAP_SHARED, O_CREAT, O_RDWR, PROT_READ, PROT_WRITE } = posix;

describe('posix: shm_unlink', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('removes the name for all, and those who have it open or mapped go on', () => {
    const name = files.sharedName();
    const fd = posix.shm_open(name, O_CREAT | O_RDWR, 0o600);
    files.later(() => posix.close(fd));
    posix.ftruncate(fd, PAGE);
    const mapping = files.keep(posix.mmap(null, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    const script = `
      const fd = posix.shm_open(argv[0], posix.O_RDWR);
      posix.shm_unlink(argv[0]);
      const mapping = posix.mmap(null, PAGE, posix.PROT_READ | posix.PROT_WRITE, posix.MAP_SHARED, fd, 0);
      mapping.bytes[0] = 8;
      say([codeOf(() => posix.shm_open(argv[0], posix.O_RDWR)), codeOf(() => posix.shm_unlink(argv[0]))]);
    `;
    assert.deepEqual(hear(script, { argv: [name] }), ['ENOENT', 'ENOENT']);
    assert.equal(mapping.bytes[0], 8);
    assert.equal(refuses(() => posix.shm_unlink(name), 'ENOENT', 'shm_unlink').path, name);
    // The descriptor still leads to the old object, the name to a new one.
    const other = posix.shm_open(name, O_CREAT | posix.O_EXCL | O_RDWR, 0o600);
    posix.ftruncate(other, PAGE);
    assert.equal(files.keep(posix.mmap(null, PAGE, PROT_READ, MAP_SHARED, other, 0)).bytes[0], 0);
    assert.equal(files.keep(posix.mmap(null, PAGE, PROT_READ, MAP_SHARED, fd, 0)).bytes[0], 8);
    posix.close(other);
  });

  it('knows what a name is: EINVAL and ENAMETOOLONG', () => {
    for (const wrong of ['', '/', '/a/b', '/..']) refuses(() => posix.shm_unlink(wrong), 'EINVAL', 'shm_unlink');
    refuses(() => posix.shm_unlink(`/${'x'.repeat(256)}`), 'ENAMETOOLONG', 'shm_unlink');
  });
});
