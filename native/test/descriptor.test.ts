import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from '@ringway/native';
import { closeObjects, openObject, PAGE, reopen } from './support/object.js';
import { Fixture, killFixtures, until } from './support/process.js';

const { errno } = constants;
const MIB = 1 << 20;
const BLOCK = 512;

/** A file system of 1 MiB, or undefined where we may not mount one. */
function mountSmall(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'ringway-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory], { stdio: 'ignore' });
    return directory;
  } catch {
    rmdirSync(directory);
    return undefined;
  }
}

describe('a descriptor', () => {
  const native = load();
  const name = `/dev/shm/ringway.${process.env.RINGWAY_NAMESPACE ?? `test-${process.pid}-`}link`;

  afterEach(async () => {
    await killFixtures();
    closeObjects();
    rmSync(name, { force: true });
  });

  it('gives its unnamed object a name', () => {
    const fd = openObject(0);
    writeSync(fd, 'born whole');
    assert.equal(native.linkDescriptor(fd, name), 0);
    assert.equal(readFileSync(name, 'utf8'), 'born whole');
  });

  it('is refused a name that is taken, and leaves the other object alone', () => {
    const first = openObject(0);
    writeSync(first, 'first');
    native.linkDescriptor(first, name);
    assert.equal(native.linkDescriptor(openObject(0), name), -errno.EEXIST);
    assert.equal(readFileSync(name, 'utf8'), 'first');
  });

  it('reports what linkat reports', () => {
    const fd = openObject(0);
    assert.equal(native.linkDescriptor(fd, '/dev/shm/ringway-no-such-directory/name'), -errno.ENOENT);
    assert.equal(native.linkDescriptor(fd, `/dev/shm/${'n'.repeat(300)}`), -errno.ENAMETOOLONG);
    assert.equal(native.linkDescriptor(fd, `${tmpdir()}/ringway-other-file-system`), -errno.EXDEV);
    assert.equal(native.linkDescriptor(2 ** 30, name), -errno.ENOENT);
  });

  it('reserves memory, and makes the object large enough for it', () => {
    const fd = openObject(0);
    assert.equal(native.reserve(fd, PAGE, 3 * MIB), 0);
    const { size, blocks } = fstatSync(fd);
    assert.equal(size, PAGE + 3 * MIB);
    assert.equal(blocks * BLOCK, 3 * MIB);
  });

  it('gives reserved memory back and keeps the size', () => {
    const fd = openObject(0);
    native.reserve(fd, 0, 4 * PAGE);
    assert.equal(native.punch(fd, PAGE, 2 * PAGE), 0);
    const { size, blocks } = fstatSync(fd);
    assert.equal(size, 4 * PAGE);
    assert.equal(blocks * BLOCK, 2 * PAGE);
  });

  it('reports what fallocate reports', () => {
    const fd = openObject(0);
    assert.equal(native.reserve(2 ** 30, 0, PAGE), -errno.EBADF);
    assert.equal(native.punch(2 ** 30, 0, PAGE), -errno.EBADF);
    assert.equal(native.reserve(reopen(fd, 'r'), 0, PAGE), -errno.EBADF);
    const proc = openSync('/proc/self/comm', 'r+');
    try {
      assert.equal(native.reserve(proc, 0, PAGE), -errno.EOPNOTSUPP);
    } finally {
      closeSync(proc);
    }
  });

  it('keeps what was reserved when the device is full (skipped where one may not mount)', function () {
    const small = mountSmall();
    if (small === undefined) this.skip();
    try {
      const fd = openSync(join(small, 'full'), 'w+');
      try {
        assert.equal(native.reserve(fd, 0, MIB), 0);
        assert.equal(native.reserve(fd, MIB, MIB), -errno.ENOSPC);
        assert.equal(fstatSync(fd).blocks * BLOCK, MIB);
        assert.equal(native.punch(fd, 0, MIB), 0);
        assert.equal(fstatSync(fd).blocks, 0);
      } finally {
        closeSync(fd);
      }
    } finally {
      execFileSync('umount', [small]);
      rmdirSync(small);
    }
  });

  it('reserves 256 MiB under a storm of signals', async () => {
    const fixture = new Fixture('reserve', [256 * MIB]);
    await fixture.message<'ready'>();
    let result: number | undefined;
    const done = fixture.message<number>().then((answer) => (result = answer));
    await until(() => {
      fixture.process.kill('SIGUSR2');
      return result !== undefined || fixture.ended;
    });
    await done;
    assert.equal(result, 0);
  });

  it('refuses arguments that no call could mean', () => {
    const fd = openObject(0);
    const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
    const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
    assert.throws(() => native.linkDescriptor('1' as unknown as number, name), type);
    assert.throws(() => native.linkDescriptor(fd, 1 as unknown as string), type);
    assert.throws(() => native.linkDescriptor(fd, 'a\0b'), { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' });
    assert.throws(() => native.linkDescriptor(-1, name), range);
    assert.throws(() => native.reserve(fd, 0, 0), range);
    assert.throws(() => native.reserve(fd, 0.5, PAGE), range);
    assert.throws(() => native.reserve(fd, Number.NaN, PAGE), range);
    assert.throws(() => native.reserve(fd, Number.MAX_SAFE_INTEGER, PAGE), range);
    assert.throws(() => native.punch(fd, -PAGE, PAGE), range);
    assert.throws(() => (native.punch as unknown as () => void)(), type);
    assert.equal(existsSync(name), false);
  });
});
