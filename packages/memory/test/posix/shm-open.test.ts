import assert from 'node:assert/strict';
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { posix } from '@ringway/memory';

import { itUnless, notRoot } from '../support/conditional.js';
import { mountRefusal } from '../support/scratch.js';
import { hear } from './support/child.js';
import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC } = posix;

const pathOf = (name: string): string => join('/dev/shm', name);

describe('posix: shm_open', () => {
  const files = new Files();
  let name: string;

  beforeEach(() => {
    name = files.sharedName();
  });

  afterEach(() => files.clean());

  it('makes it with O_CREAT, of this mode less the umask, and opens it without', () => {
    const umask = process.umask(0o027);
    try {
      const fd = posix.shm_open(name, O_CREAT | O_RDWR, 0o666);
      posix.ftruncate(fd, 5);
      posix.close(fd);
    } finally {
      process.umask(umask);
    }
    const { mode, size } = statSync(pathOf(name));
    assert.deepEqual([mode & 0o777, size], [0o640, 5]);
    const again = posix.shm_open(name, O_RDONLY);
    refuses(() => posix.ftruncate(again, 0), 'EINVAL', 'ftruncate');
    posix.close(again);
  });

  it('takes a name without its slash as the C library does', () => {
    posix.close(posix.shm_open(name.slice(1), O_CREAT | O_RDWR, 0o600));
    posix.close(posix.shm_open(name, O_RDWR));
  });

  it('makes it only if there is none, with O_EXCL: EEXIST', () => {
    posix.close(posix.shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0o600));
    refuses(() => posix.shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0o600), 'EEXIST', 'shm_open');
  });

  it('empties it with O_TRUNC', () => {
    const fd = posix.shm_open(name, O_CREAT | O_RDWR, 0o600);
    posix.ftruncate(fd, PAGE);
    posix.close(posix.shm_open(name, O_RDWR | O_TRUNC));
    posix.close(fd);
    assert.equal(statSync(pathOf(name)).size, 0);
  });

  it('opens only what there is: ENOENT, with the name', () => {
    assert.equal(refuses(() => posix.shm_open(name, O_RDWR), 'ENOENT', 'shm_open').path, name);
  });

  it('knows what a name is: EINVAL and ENAMETOOLONG', () => {
    for (const wrong of ['', '/', '//', '/a/b', '/.', '/..']) {
      refuses(() => posix.shm_open(wrong, O_CREAT | O_RDWR, 0o600), 'EINVAL', 'shm_open');
    }
    refuses(() => posix.shm_open(`/${'x'.repeat(256)}`, O_CREAT | O_RDWR, 0o600), 'ENAMETOOLONG', 'shm_open');
    const folder = pathOf(name);
    mkdirSync(folder);
    try {
      refuses(() => posix.shm_open(name, O_RDWR), 'EINVAL', 'shm_open');
    } finally {
      rmdirSync(folder);
    }
  });

  it('knows what the flags are: EINVAL', () => {
    for (const oflag of [1, 3, O_RDWR | 0o2000, 2 ** 30]) {
      assert.match(refuses(() => posix.shm_open(name, oflag), 'EINVAL', 'shm_open').message, /O_RDONLY or O_RDWR/);
    }
  });

  itUnless(notRoot(), 'asks for permission: EACCES', () => {
    posix.close(posix.shm_open(name, O_CREAT | O_RDWR, 0o600));
    const script =
      'say([codeOf(() => posix.shm_open(argv[0], posix.O_RDWR)), codeOf(() => posix.shm_unlink(argv[0]))]);';
    assert.deepEqual(hear(script, { unprivileged: true, argv: [name] }), ['EACCES', 'EACCES']);
  });

  it('runs out of descriptors: EMFILE, as memfd_create and shared mappings do', () => {
    const script = `
      const fill = (open) => { for (;;) open(); };
      const fd = posix.memfd_create('', 0);
      posix.ftruncate(fd, PAGE);
      const held = [];
      say([
        codeOf(() => fill(() => posix.memfd_create('', 0))),
        codeOf(() => posix.shm_open(argv[0], posix.O_CREAT | posix.O_RDWR, 0o600)),
        codeOf(() => posix.mmap(null, PAGE, posix.PROT_READ, posix.MAP_SHARED, fd, 0)),
        codeOf(() => posix.mmap(null, PAGE, posix.PROT_READ, posix.MAP_SHARED | posix.MAP_ANONYMOUS, -1, 0)),
        codeOf(() => posix.mmap(null, PAGE, posix.PROT_READ, posix.MAP_PRIVATE, fd, 0)),
      ]);
    `;
    assert.deepEqual(hear(script, { limits: { n: 64 }, argv: [name] }), [
      'EMFILE',
      'EMFILE',
      'EMFILE',
      'EMFILE',
      'none',
    ]);
  });

  itUnless(mountRefusal('tmpfs'), 'runs out of room: ENOSPC', () => {
    const script = `
      const open = (number) => posix.shm_open('/full-' + number, posix.O_CREAT | posix.O_RDWR, 0o600);
      say(codeOf(() => { for (let number = 0; ; number += 1) open(number); }));
    `;
    assert.equal(hear(script, { sharedMemory: 'nr_inodes=8' }), 'ENOSPC');
  });

  it('gives a descriptor that no program inherits that is executed', () => {
    const fd = files.shared(PAGE);
    const script =
      'say(fs.readdirSync("/proc/self/fd").map((fd) => { try { return fs.readlinkSync("/proc/self/fd/" + fd); } catch { return ""; } }).filter((path) => path.includes("ringway")).length);';
    assert.equal(hear(script), 0);
    posix.close(fd);
  });

  it('gives a descriptor that close closes, once, and nothing else: EBADF', () => {
    const fd = posix.shm_open(name, O_CREAT | O_RDWR, 0o600);
    posix.close(fd);
    refuses(() => posix.close(fd), 'EBADF', 'close');
    const foreign = files.open('/proc/version', 'r');
    assert.match(refuses(() => posix.close(foreign), 'EBADF', 'close').message, /not opened by shm_open/);
    for (const number of [0, 1, 2, 2 ** 30]) refuses(() => posix.close(number), 'EBADF', 'close');
  });

  it('gives what other calls refuse when it is closed: EBADF', () => {
    const closed = 2 ** 30;
    refuses(() => posix.mmap(null, PAGE, posix.PROT_READ, posix.MAP_SHARED, closed, 0), 'EBADF', 'mmap');
    refuses(() => posix.mmap(null, PAGE, posix.PROT_READ, posix.MAP_SHARED, -1, 0), 'EBADF', 'mmap');
    refuses(() => posix.ftruncate(closed, 0), 'EBADF', 'ftruncate');
    refuses(() => posix.fcntl(closed, posix.F_GET_SEALS), 'EBADF', 'fcntl');
    refuses(() => posix.fcntl(closed, posix.F_ADD_SEALS, 0), 'EBADF', 'fcntl');
  });

  it('gives what has no seals, and memfd_create what may have them', () => {
    const fd = files.shared(PAGE);
    assert.equal(posix.fcntl(fd, posix.F_GET_SEALS), posix.F_SEAL_SEAL);
    refuses(() => posix.fcntl(fd, posix.F_ADD_SEALS, posix.F_SEAL_GROW), 'EPERM', 'fcntl');
    refuses(() => posix.fcntl(files.open('/proc/version', 'r'), posix.F_GET_SEALS), 'EINVAL', 'fcntl');
    refuses(() => posix.fcntl(fd, 1), 'EINVAL', 'fcntl');
    const sealed = files.unnamed(posix.MFD_ALLOW_SEALING, PAGE);
    assert.equal(posix.fcntl(sealed, posix.F_ADD_SEALS, posix.F_SEAL_SHRINK), 0);
    assert.equal(posix.fcntl(sealed, posix.F_GET_SEALS), posix.F_SEAL_SHRINK);
    refuses(() => posix.ftruncate(sealed, 0), 'EPERM', 'ftruncate');
    refuses(() => posix.memfd_create('x'.repeat(250), 0), 'EINVAL', 'memfd_create');
    refuses(() => posix.memfd_create('x', 2 ** 20), 'EINVAL', 'memfd_create');
  });
});
