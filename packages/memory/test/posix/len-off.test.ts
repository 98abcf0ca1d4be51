import assert from 'node:assert/strict';

import { posix } from '@ringway/memory';

import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';

const { MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE } = posix;
const READ_WRITE = PROT_READ | PROT_WRITE;

describe('posix: mmap, the arguments len and off', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('map any number of bytes, and show just these', () => {
    const fd = files.shared(3 * PAGE);
    for (const length of [1, 7, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE]) {
      assert.equal(files.keep(posix.mmap(null, length, READ_WRITE, MAP_SHARED, fd, 0)).bytes.length, length);
    }
  });

  it('map from any page on', () => {
    const fd = files.shared(3 * PAGE);
    const all = files.keep(posix.mmap(null, 3 * PAGE, READ_WRITE, MAP_SHARED, fd, 0));
    const last = files.keep(posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED, fd, 2 * PAGE));
    last.bytes[1] = 3;
    assert.equal(all.bytes[2 * PAGE + 1], 3);
  });

  it('may reach to the end of the last page of the file, which is zero there', () => {
    const fd = files.open(files.file('abc'), 'r+');
    const mapping = files.keep(posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED, fd, 0));
    assert.deepEqual([mapping.bytes[2], mapping.bytes[3], mapping.bytes[PAGE - 1]], [0x63, 0, 0]);
  });

  it('may not reach beyond it: a range past the end of the file', () => {
    const fd = files.shared(PAGE + 1);
    posix.mmap(null, 2 * PAGE, READ_WRITE, MAP_SHARED, fd, 0).close();
    for (const type of [MAP_SHARED, MAP_PRIVATE]) {
      const error = refuses(() => posix.mmap(null, 2 * PAGE + 1, READ_WRITE, type, fd, 0), 'EINVAL', 'mmap');
      assert.match(error.message, new RegExp(`${2 * PAGE + 1} bytes from 0 .* has ${PAGE + 1} bytes`));
      refuses(() => posix.mmap(null, 1, READ_WRITE, type, fd, 2 * PAGE), 'EINVAL', 'mmap');
    }
  });

  it('are refused with the page size when the offset is no multiple of it', () => {
    const fd = files.shared(2 * PAGE);
    for (const offset of [1, PAGE - 1, PAGE + 1]) {
      const error = refuses(() => posix.mmap(null, 1, READ_WRITE, MAP_SHARED, fd, offset), 'EINVAL', 'mmap');
      assert.match(error.message, new RegExp(`page size, ${PAGE}, not ${offset}`));
    }
  });

  it('are refused when there is nothing to map, or more than there are addresses', () => {
    const fd = files.shared(PAGE);
    refuses(() => posix.mmap(null, 0, READ_WRITE, MAP_SHARED, fd, 0), 'EINVAL', 'mmap');
    refuses(() => posix.mmap(null, 2 ** 50, READ_WRITE, MAP_PRIVATE | posix.MAP_ANONYMOUS, -1, 0), 'ENOMEM', 'mmap');
    refuses(() => posix.mmap(null, 2 ** 50, READ_WRITE, MAP_SHARED | posix.MAP_ANONYMOUS, -1, 0), 'ENOMEM', 'mmap');
    const most = Number.MAX_SAFE_INTEGER;
    refuses(() => posix.mmap(null, most, READ_WRITE, MAP_SHARED, fd, PAGE), 'EOVERFLOW', 'mmap');
    refuses(() => posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED, fd, most - PAGE + 1), 'EOVERFLOW', 'mmap');
  });
});
