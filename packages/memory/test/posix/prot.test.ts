import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { posix } from '@ringway/memory';

import { itUnless } from '../support/conditional.js';
import { mountRefusal } from '../support/scratch.js';
import { hear } from './support/child.js';
import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';

const { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_EXEC, PROT_NONE, PROT_READ, PROT_WRITE } = posix;
const READ_WRITE = PROT_READ | PROT_WRITE;
const ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;
const UNREADABLE = [PROT_NONE, PROT_WRITE, PROT_EXEC, PROT_WRITE | PROT_EXEC];
const TYPES = [MAP_SHARED, MAP_PRIVATE];

describe('posix: mmap and mprotect, the argument prot', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('takes the four protections, or-ed, and no other', () => {
    for (let prot = 0; prot < 8; prot += 1) files.keep(posix.mmap(null, PAGE, prot, ANONYMOUS, -1, 0));
    for (const prot of [8, 16, 0x01000000, -1]) {
      refuses(() => posix.mmap(null, PAGE, prot, ANONYMOUS, -1, 0), 'EINVAL', 'mmap');
      const mapping = files.keep(posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0));
      refuses(() => posix.mprotect(mapping, PAGE, prot), 'EINVAL', 'mprotect');
    }
  });

  it('hands out no ArrayBuffer over what cannot be read', () => {
    const fd = files.shared(PAGE);
    for (const prot of UNREADABLE) {
      for (const type of TYPES) {
        const mapping = files.keep(posix.mmap(null, PAGE, prot, type, fd, 0));
        refuses(() => mapping.buffer, 'EACCES', 'mmap');
        refuses(() => mapping.bytes, 'EACCES', 'mmap');
        refuses(() => mapping.view(Int32Array), 'EACCES', 'mmap');
        refuses(() => posix.copy(new Uint8Array(1), 0, mapping, 0, 1), 'EACCES', 'mmap');
        posix.mprotect(mapping, PAGE, PROT_READ);
        assert.equal(mapping.bytes.length, PAGE);
      }
    }
  });

  it('lets a write to shared memory without PROT_WRITE stay private, and the process live', () => {
    const fd = files.shared(2 * PAGE);
    const writer = files.keep(posix.mmap(null, 2 * PAGE, READ_WRITE, MAP_SHARED, fd, 0));
    const reader = files.keep(posix.mmap(null, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0));
    writer.bytes.set([1, 2]);
    assert.deepEqual([...reader.bytes.subarray(0, 2)], [1, 2]);
    reader.bytes[0] = 99;
    assert.deepEqual([reader.bytes[0], writer.bytes[0]], [99, 1]);
    // A page that was never written goes on to show what others write.
    writer.bytes[PAGE] = 7;
    assert.equal(reader.bytes[PAGE], 7);
  });

  it('takes the last private write back when the shared bytes are mapped writable again', () => {
    const fd = files.shared(PAGE);
    const mapping = files.keep(posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED, fd, 0));
    const { bytes } = mapping;
    bytes[0] = 1;
    posix.mprotect(mapping, PAGE, PROT_READ);
    bytes[0] = 2;
    assert.equal(bytes[0], 2);
    posix.mprotect(mapping, PAGE, READ_WRITE);
    assert.equal(bytes[0], 1);
    bytes[0] = 3;
    assert.equal(files.keep(posix.mmap(null, PAGE, PROT_READ, MAP_SHARED, fd, 0)).bytes[0], 3);
  });

  it('changes for a part, page by page', () => {
    const fd = files.shared(4 * PAGE);
    const mapping = files.keep(posix.mmap(null, 4 * PAGE, READ_WRITE, MAP_SHARED, fd, 0));
    const other = files.keep(posix.mmap(null, 4 * PAGE, READ_WRITE, MAP_SHARED, fd, 0));
    posix.mprotect(mapping.at(PAGE), 2 * PAGE, PROT_READ);
    posix.mprotect(mapping.at(2 * PAGE), 1, READ_WRITE);
    for (let page = 0; page < 4; page += 1) mapping.bytes[page * PAGE] = 1;
    assert.deepEqual(
      [0, 1, 2, 3].map((page) => other.bytes[page * PAGE]),
      [1, 0, 1, 1],
    );
  });

  for (const type of TYPES) {
    it(`hides the whole, and keeps what is in it: ${type === MAP_SHARED ? 'MAP_SHARED' : 'MAP_PRIVATE'}`, () => {
      const mapping = files.keep(posix.mmap(null, 3 * PAGE, READ_WRITE, type, files.shared(3 * PAGE), 0));
      const { bytes } = mapping;
      bytes.fill(5);
      for (const prot of UNREADABLE) {
        posix.mprotect(mapping, 3 * PAGE, prot);
        assert.equal(bytes.length, 0);
        assert.throws(() => Atomics.load(bytes, 0), TypeError);
        refuses(() => mapping.bytes, 'EACCES', 'mmap');
        posix.mprotect(mapping, 3 * PAGE, READ_WRITE);
        assert.ok(mapping.bytes.every((byte) => byte === 5));
      }
    });
  }

  it('hides what lies in several parts for the kernel', () => {
    const mapping = files.keep(posix.mmap(null, 8 * PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    mapping.bytes.forEach((_, index, bytes) => (bytes[index] = index / PAGE));
    posix.madvise(mapping.at(PAGE), PAGE, posix.MADV_RANDOM);
    posix.mlock(mapping.at(3 * PAGE), 2 * PAGE);
    posix.madvise(mapping.at(6 * PAGE), PAGE, posix.MADV_DONTDUMP);
    posix.mmap(mapping.at(7 * PAGE), PAGE, READ_WRITE, MAP_SHARED | posix.MAP_FIXED, files.shared(PAGE), 0);
    posix.mprotect(mapping, 8 * PAGE, PROT_NONE);
    posix.mprotect(mapping, 8 * PAGE, READ_WRITE);
    assert.deepEqual(
      [0, 1, 2, 3, 4, 5, 6, 7].map((page) => mapping.bytes[page * PAGE]),
      [0, 1, 2, 3, 4, 5, 6, 0],
    );
  });

  it('cannot hide a part', () => {
    const mapping = files.keep(posix.mmap(null, 2 * PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    for (const prot of UNREADABLE) {
      const error = refuses(() => posix.mprotect(mapping.at(PAGE), PAGE, prot), 'EINVAL', 'mprotect');
      assert.match(error.message, /a part of a mapping cannot lose PROT_READ/);
    }
    assert.equal(mapping.bytes.length, 2 * PAGE);
  });

  it('never exceeds what the file was opened for: EACCES', () => {
    const path = files.file('0123456789');
    const readonly = files.open(path, 'r');
    const writeonly = files.open(path, 'a');
    refuses(() => posix.mmap(null, 10, READ_WRITE, MAP_SHARED, readonly, 0), 'EACCES', 'mmap');
    refuses(() => posix.mmap(null, 10, PROT_WRITE, MAP_SHARED, readonly, 0), 'EACCES', 'mmap');
    for (const type of TYPES) refuses(() => posix.mmap(null, 10, PROT_READ, type, writeonly, 0), 'EACCES', 'mmap');
    const shown = files.keep(posix.mmap(null, 10, PROT_READ, MAP_SHARED, readonly, 0));
    refuses(() => posix.mprotect(shown, 10, READ_WRITE), 'EACCES', 'mprotect');
    const hidden = files.keep(posix.mmap(null, 10, PROT_NONE, MAP_SHARED, readonly, 0));
    refuses(() => posix.mprotect(hidden, 10, READ_WRITE), 'EACCES', 'mprotect');
    const copy = files.keep(posix.mmap(null, 10, PROT_READ, MAP_PRIVATE, readonly, 0));
    posix.mprotect(copy, 10, READ_WRITE);
    copy.bytes.fill(0x78);
    assert.equal(readFileSync(path, 'utf8'), '0123456789');
  });

  it('leaves the views where they are when it is refused to hide the whole', () => {
    const readonly = files.open(files.file('0123456789'), 'r');
    const mapping = files.keep(posix.mmap(null, 10, PROT_READ, MAP_SHARED, readonly, 0));
    const { bytes } = mapping;
    refuses(() => posix.mprotect(mapping, 10, PROT_WRITE), 'EACCES', 'mprotect');
    refuses(() => posix.mprotect(mapping, 10, 8), 'EINVAL', 'mprotect');
    refuses(() => posix.mmap(mapping, 10, PROT_WRITE, MAP_SHARED | posix.MAP_FIXED, readonly, 0), 'EACCES', 'mmap');
    refuses(() => posix.mmap(mapping, 10, PROT_NONE, MAP_SHARED | posix.MAP_FIXED, -1, 0), 'EBADF', 'mmap');
    assert.equal(mapping.bytes, bytes);
    assert.equal(Buffer.from(bytes).toString(), '0123456789');
  });

  it('respects seals: EPERM when it is mapped, EACCES when it is protected', () => {
    const { F_ADD_SEALS, F_SEAL_FUTURE_WRITE, MFD_ALLOW_SEALING } = posix;
    const fd = files.unnamed(MFD_ALLOW_SEALING, PAGE);
    const mapping = files.keep(posix.mmap(null, PAGE, PROT_READ, MAP_SHARED, fd, 0));
    posix.fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
    refuses(() => posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED, fd, 0), 'EPERM', 'mmap');
    refuses(() => posix.mprotect(mapping, PAGE, READ_WRITE), 'EACCES', 'mprotect');
    assert.equal(mapping.bytes[0], 0);
  });

  itUnless(mountRefusal('tmpfs'), 'respects a file system without execution: EPERM and EACCES', () => {
    const path = `${files.mount('tmpfs', 'size=1m,noexec')}/file`;
    const fd = files.open(path, 'w+');
    posix.ftruncate(fd, PAGE);
    for (const type of TYPES) {
      refuses(() => posix.mmap(null, PAGE, PROT_READ | PROT_EXEC, type, fd, 0), 'EPERM', 'mmap');
      const mapping = files.keep(posix.mmap(null, PAGE, PROT_READ, type, fd, 0));
      refuses(() => posix.mprotect(mapping, PAGE, PROT_READ | PROT_EXEC), 'EACCES', 'mprotect');
    }
  });

  it('needs no descriptor of the user to be changed, and says when somebody closed its own', () => {
    const said = hear(`
      const { MAP_ANONYMOUS, MAP_SHARED, PROT_READ, PROT_WRITE } = posix;
      const mapping = posix.mmap(null, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
      const leadsTo = (fd) => { try { return fs.readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } };
      const own = fs.readdirSync('/proc/self/fd').filter((fd) => leadsTo(fd).startsWith('/memfd:ringway'));
      mapping.bytes[0] = 1;
      for (const fd of own) fs.closeSync(Number(fd));
      const other = fs.openSync('/proc/version', 'r');
      say([own.length > 0, codeOf(() => posix.mprotect(mapping, PAGE, PROT_READ)), mapping.bytes[0]]);
      mapping.close();
      fs.fstatSync(other);
    `);
    assert.deepEqual(said, [true, 'EBADF', 1]);
  });

  it('counts addresses from a page, and lengths to the end of one', () => {
    const mapping = files.keep(posix.mmap(null, 2 * PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    const error = refuses(() => posix.mprotect(mapping.at(1), 1, PROT_READ), 'EINVAL', 'mprotect');
    assert.match(error.message, new RegExp(`page size, ${PAGE}, not 1`));
    posix.mprotect(mapping, 0, PROT_READ);
    posix.mprotect(mapping.at(2 * PAGE), 0, PROT_READ);
    refuses(() => posix.mprotect(mapping, 2 * PAGE + 1, PROT_READ), 'ENOMEM', 'mprotect');
    refuses(() => posix.mprotect(mapping.at(2 * PAGE), 1, PROT_READ), 'ENOMEM', 'mprotect');
    mapping.close();
    refuses(() => posix.mprotect(mapping, PAGE, PROT_READ), 'ENOMEM', 'mprotect');
  });
});
