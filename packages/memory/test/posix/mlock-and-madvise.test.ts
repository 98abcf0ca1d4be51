import assert from 'node:assert/strict';
import { fstatSync, readFileSync } from 'node:fs';

import { posix } from '@ringway/memory';

import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';

const { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ, PROT_WRITE } = posix;
const READ_WRITE = PROT_READ | PROT_WRITE;
const ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;

/** KiB of locked memory. */
const locked = (): number => Number(/^VmLck:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

describe('posix: mlock and madvise', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('mlock keeps the pages that the range touches, wherever it begins', () => {
    const mapping = files.keep(posix.mmap(null, 4 * PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    const before = locked();
    posix.mlock(mapping.at(PAGE + 1), PAGE);
    assert.equal(locked() - before, (2 * PAGE) / 1024);
    posix.munlock(mapping.at(2 * PAGE + 5), 1);
    assert.equal(locked() - before, PAGE / 1024);
    posix.mlock(mapping, 0);
    posix.munlock(mapping, 4 * PAGE);
    assert.equal(locked(), before);
  });

  it('mlock refuses what is not mapped, or cannot be brought in: ENOMEM', () => {
    const mapping = posix.mmap(null, PAGE, PROT_NONE, ANONYMOUS, -1, 0);
    refuses(() => posix.mlock(mapping, PAGE), 'ENOMEM', 'mlock');
    refuses(() => posix.mlock(mapping, PAGE + 1), 'ENOMEM', 'mlock');
    mapping.close();
    refuses(() => posix.mlock(mapping, PAGE), 'ENOMEM', 'mlock');
    refuses(() => posix.munlock(mapping, PAGE), 'ENOMEM', 'munlock');
  });

  it('madvise drops private changes by MADV_DONTNEED', () => {
    const mapping = files.keep(posix.mmap(null, 2 * PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    mapping.bytes.fill(1);
    posix.madvise(mapping.at(PAGE), PAGE, posix.MADV_DONTNEED);
    assert.deepEqual([mapping.bytes[0], mapping.bytes[PAGE]], [1, 0]);
  });

  it('madvise lets a written page of what may only be read show the shared bytes again', () => {
    const fd = files.shared(PAGE);
    const reader = files.keep(posix.mmap(null, PAGE, PROT_READ, MAP_SHARED, fd, 0));
    reader.bytes[0] = 9;
    posix.madvise(reader, PAGE, posix.MADV_DONTNEED);
    assert.equal(reader.bytes[0], 0);
  });

  it('madvise punches holes by MADV_REMOVE, where it may write', () => {
    const fd = files.shared(2 * PAGE);
    const mapping = files.keep(posix.mmap(null, 2 * PAGE, READ_WRITE, MAP_SHARED, fd, 0));
    mapping.bytes.fill(1);
    const blocks = fstatSync(fd).blocks;
    posix.madvise(mapping, PAGE, posix.MADV_REMOVE);
    assert.equal(fstatSync(fd).blocks, blocks / 2);
    assert.deepEqual([mapping.bytes[0], mapping.bytes[PAGE]], [0, 1]);
    posix.mprotect(mapping, 2 * PAGE, PROT_READ);
    refuses(() => posix.madvise(mapping, PAGE, posix.MADV_REMOVE), 'EACCES', 'madvise');
  });

  it('madvise populates, and reports what would be a fault', () => {
    const fd = files.shared(2 * PAGE);
    const mapping = files.keep(posix.mmap(null, 2 * PAGE, READ_WRITE, MAP_SHARED, fd, 0));
    posix.madvise(mapping, 2 * PAGE, posix.MADV_POPULATE_WRITE);
    posix.ftruncate(fd, PAGE);
    refuses(() => posix.madvise(mapping, 2 * PAGE, posix.MADV_POPULATE_READ), 'EFAULT', 'madvise');
    posix.mprotect(mapping, PAGE, PROT_READ);
    refuses(() => posix.madvise(mapping, PAGE, posix.MADV_POPULATE_WRITE), 'EINVAL', 'madvise');
    posix.madvise(mapping, PAGE, posix.MADV_POPULATE_READ);
  });

  it('madvise takes the advices that change nothing to be seen', () => {
    const mapping = files.keep(posix.mmap(null, 4 * PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    mapping.bytes.fill(1);
    for (const advice of [
      posix.MADV_NORMAL,
      posix.MADV_RANDOM,
      posix.MADV_SEQUENTIAL,
      posix.MADV_WILLNEED,
      posix.MADV_DONTFORK,
      posix.MADV_DONTDUMP,
      posix.MADV_DODUMP,
      posix.MADV_WIPEONFORK,
      posix.MADV_KEEPONFORK,
      posix.MADV_COLD,
      posix.MADV_PAGEOUT,
    ]) {
      posix.madvise(mapping.at(PAGE), 2 * PAGE, advice);
    }
    assert.ok(mapping.bytes.every((byte) => byte === 1));
  });

  it('madvise refuses what could make pages unreachable, what is unknown, and what is for other memory', () => {
    const mapping = files.keep(posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    for (const advice of [
      posix.MADV_HWPOISON,
      101,
      posix.MADV_GUARD_INSTALL,
      103,
      posix.MADV_DOFORK,
      5,
      -1,
      posix.MADV_FREE,
    ]) {
      refuses(() => posix.madvise(mapping, PAGE, advice), 'EINVAL', 'madvise');
    }
    refuses(() => posix.madvise(mapping.at(1), 1, posix.MADV_NORMAL), 'EINVAL', 'madvise');
    posix.mlock(mapping, PAGE);
    refuses(() => posix.madvise(mapping, PAGE, posix.MADV_DONTNEED), 'EINVAL', 'madvise');
    mapping.close();
    refuses(() => posix.madvise(mapping, PAGE, posix.MADV_NORMAL), 'ENOMEM', 'madvise');
  });
});
