import assert from 'node:assert/strict';

import { Address, posix } from '@ringway/memory';

import { hear } from './support/child.js';
import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';

const { MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ, PROT_WRITE } = posix;
const READ_WRITE = PROT_READ | PROT_WRITE;
const ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;

describe('posix: mmap, the argument addr', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('is null, and the kernel chooses', () => {
    const one = files.keep(posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    const other = files.keep(posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    one.bytes[0] = 1;
    assert.equal(other.bytes[0], 0);
  });

  it('is a place in a mapping with MAP_FIXED, where the range replaces what is there', () => {
    const fd = files.shared(PAGE);
    const shown = files.keep(posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED, fd, 0));
    const mapping = files.keep(posix.mmap(null, 3 * PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    const { bytes } = mapping;
    bytes.fill(1);
    assert.equal(posix.mmap(mapping.at(PAGE), PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, fd, 0), mapping);
    assert.deepEqual([bytes[PAGE - 1], bytes[PAGE], bytes[2 * PAGE - 1], bytes[2 * PAGE]], [1, 0, 0, 1]);
    bytes[PAGE] = 9;
    assert.equal(shown.bytes[0], 9);
    assert.equal(mapping.bytes, bytes);
  });

  it('replaces in memory that nobody can read, which is readable when all of it is', () => {
    const mapping = files.keep(posix.mmap(null, 2 * PAGE, PROT_NONE, ANONYMOUS, -1, 0));
    posix.mmap(mapping, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0);
    refuses(() => mapping.bytes, 'EACCES', 'mmap');
    posix.mmap(mapping.at(PAGE), PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0);
    assert.equal(mapping.bytes.length, 2 * PAGE);
  });

  it('replaces the whole by what nobody can read, and the views are empty', () => {
    const mapping = files.keep(posix.mmap(null, 2 * PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    const { bytes } = mapping;
    posix.mmap(mapping, 2 * PAGE, PROT_NONE, ANONYMOUS | MAP_FIXED, -1, 0);
    assert.equal(bytes.length, 0);
    refuses(() => mapping.bytes, 'EACCES', 'mmap');
    posix.mprotect(mapping, 2 * PAGE, READ_WRITE);
    assert.deepEqual([mapping.bytes.length, mapping.bytes[0]], [2 * PAGE, 0]);
  });

  it('leaves what is there alone when the new mapping is refused', () => {
    const mapping = files.keep(posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    mapping.bytes[0] = 5;
    const directory = files.open('/tmp', 'r');
    refuses(() => posix.mmap(mapping, PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, directory, 0), 'ENODEV', 'mmap');
    const readonly = files.open(files.file('x'), 'r');
    refuses(() => posix.mmap(mapping, PAGE, READ_WRITE, MAP_SHARED | MAP_FIXED, readonly, 0), 'EACCES', 'mmap');
    refuses(() => posix.mmap(mapping, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED | MAP_SHARED, -1, 0), 'EINVAL', 'mmap');
    assert.equal(mapping.bytes[0], 5);
  });

  it('is refused as a mere hint, in part or wholly outside, in the middle of a page, and for what must not be read', () => {
    const mapping = files.keep(posix.mmap(null, 2 * PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    const fixed = (at: Address | null, length: number, prot = READ_WRITE, flags = MAP_FIXED): (() => unknown) => {
      return () => posix.mmap(at, length, prot, ANONYMOUS | flags, -1, 0);
    };
    assert.match(
      refuses(fixed(mapping.at(0), PAGE, READ_WRITE, 0), 'EINVAL', 'mmap').message,
      /a mere hint is refused/,
    );
    assert.match(refuses(fixed(null, PAGE), 'EINVAL', 'mmap').message, /must be an address in a mapping/);
    assert.match(refuses(fixed(mapping.at(PAGE), PAGE + 1), 'EINVAL', 'mmap').message, /not inside of the mapping/);
    assert.match(refuses(fixed(mapping.at(2 * PAGE), 1), 'EINVAL', 'mmap').message, /not inside of the mapping/);
    assert.match(refuses(fixed(mapping.at(1), 1), 'EINVAL', 'mmap').message, new RegExp(`page size, ${PAGE}, not 1`));
    assert.match(refuses(fixed(mapping.at(PAGE), PAGE, PROT_NONE), 'EINVAL', 'mmap').message, /cannot lose PROT_READ/);
    refuses(fixed(mapping.at(0), PAGE, READ_WRITE, posix.MAP_FIXED_NOREPLACE), 'EINVAL', 'mmap');
  });

  it('is refused in what was unmapped', () => {
    const mapping = posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0);
    mapping.close();
    assert.throws(() => posix.mmap(mapping, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0), {
      code: 'ERR_RINGWAY_CLOSED',
    });
  });

  it('is no number: no address of the process is known to JavaScript', () => {
    for (const addr of [0, 4096, 1n, '0', {}, undefined]) {
      assert.throws(() => posix.mmap(addr as unknown as null, PAGE, READ_WRITE, ANONYMOUS, -1, 0), TypeError);
      assert.throws(() => posix.munmap(addr as unknown as Address, PAGE), TypeError);
    }
  });

  it('is counted on as in C', () => {
    const mapping = files.keep(posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    const address = mapping.at(8).at(8);
    assert.ok(address instanceof Address);
    assert.deepEqual([address.mapping, address.offset], [mapping, 16]);
    for (const wrong of [-1, 0.5, NaN, Infinity, 2 ** 60]) assert.throws(() => mapping.at(wrong), RangeError);
    assert.throws(() => mapping.at(1n as unknown as number), TypeError);
  });

  it('does not disturb who reads and writes beside it', () => {
    const script = `
      const { MAP_ANONYMOUS, MAP_FIXED, MAP_PRIVATE, PROT_READ, PROT_WRITE } = posix;
      import { randomFill } from 'node:crypto';
      const flags = MAP_PRIVATE | MAP_ANONYMOUS;
      const mapping = posix.mmap(null, 16 << 20, PROT_READ | PROT_WRITE, flags, -1, 0);
      let busy = true;
      randomFill(mapping.bytes, () => { busy = false; });
      let replaced = 0;
      const again = () => {
        for (let page = 0; page < 64; page += 1, replaced += 1) {
          posix.mmap(mapping.at(page * PAGE * 64), PAGE, PROT_READ | PROT_WRITE, flags | MAP_FIXED, -1, 0);
          posix.mprotect(mapping.at(page * PAGE * 64), PAGE, PROT_READ);
        }
        if (busy) setImmediate(again); else say(replaced > 0);
      };
      again();
    `;
    assert.equal(hear(script), true);
  });
});
