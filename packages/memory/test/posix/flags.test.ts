import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

import { posix } from '@ringway/memory';

import { itUnless, notRoot } from '../support/conditional.js';
import { hear } from './support/child.js';
import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';

const {
  MAP_ANONYMOUS,
  MAP_HUGETLB,
  MAP_LOCKED,
  MAP_NORESERVE,
  MAP_POPULATE,
  MAP_PRIVATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
} = posix;
const READ_WRITE = PROT_READ | PROT_WRITE;
const HUGE_PAGE = 2 * 1024 * 1024;

/** A figure of this process's memory in KiB. */
function memoryFigure(file: string, name: string): number {
  const found = new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(file, 'utf8'));
  assert.ok(found !== null, `${file} tells ${name}`);
  return Number(found[1]);
}

const locked = (): number => memoryFigure('/proc/self/status', 'VmLck');
const noHugePages =
  existsSync('/proc/sys/vm/nr_hugepages') && memoryFigureOfPages() > 0 ? undefined : 'there are no huge pages';

function memoryFigureOfPages(): number {
  return Number(/^HugePages_Free:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1] ?? 0);
}

describe('posix: mmap, the argument flags', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('MAP_SHARED writes through', () => {
    const path = files.file('shared');
    const fd = files.open(path, 'r+');
    const mapping = files.keep(posix.mmap(null, 6, READ_WRITE, MAP_SHARED, fd, 0));
    mapping.bytes[0] = 0x53;
    assert.equal(readFileSync(path, 'utf8'), 'Shared');
  });

  it('MAP_PRIVATE keeps a private copy, also of a file that may only be read', () => {
    const path = files.file('private');
    const one = files.keep(posix.mmap(null, 7, READ_WRITE, MAP_PRIVATE, files.open(path, 'r'), 0));
    const other = files.keep(posix.mmap(null, 7, PROT_READ, MAP_PRIVATE, files.open(path, 'r'), 0));
    one.bytes[0] = 0x50;
    other.bytes[1] = 0x52;
    assert.deepEqual(
      [Buffer.from(one.bytes).toString(), Buffer.from(other.bytes).toString(), readFileSync(path, 'utf8')],
      ['Private', 'pRivate', 'private'],
    );
  });

  it('has exactly one of the two', () => {
    const fd = files.shared(PAGE);
    for (const flags of [0, MAP_SHARED | MAP_PRIVATE, MAP_ANONYMOUS, MAP_POPULATE]) {
      const error = refuses(() => posix.mmap(null, PAGE, READ_WRITE, flags, fd, 0), 'EINVAL', 'mmap');
      assert.match(error.message, /exactly one of MAP_SHARED and MAP_PRIVATE/);
    }
  });

  it('has no flag that is unknown, or that could take memory away', () => {
    for (const flag of [posix.MAP_GROWSDOWN, posix.MAP_FIXED_NOREPLACE, 0x40, 0x80000, 0x80, posix.MAP_HUGE_2MB]) {
      refuses(() => posix.mmap(null, PAGE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flag, -1, 0), 'EINVAL', 'mmap');
    }
  });

  it('MAP_POPULATE brings the pages in', () => {
    const script = `
      const { MAP_ANONYMOUS, MAP_POPULATE, MAP_PRIVATE, PROT_READ, PROT_WRITE } = posix;
      const resident = () => Number(/^RssAnon:\\s+(\\d+)/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]);
      const before = resident();
      const flags = MAP_PRIVATE | MAP_ANONYMOUS;
      posix.mmap(null, 64 << 20, PROT_READ | PROT_WRITE, flags, -1, 0);
      const untouched = resident() - before;
      posix.mmap(null, 64 << 20, PROT_READ | PROT_WRITE, flags | MAP_POPULATE, -1, 0);
      say([untouched < 32 << 10, resident() - before > 60 << 10]);
    `;
    assert.deepEqual(hear(script), [true, true]);
  });

  it('MAP_POPULATE and MAP_NONBLOCK bring in nothing, MAP_NORESERVE and MAP_STACK change nothing', () => {
    const fd = files.shared(PAGE);
    for (const flags of [MAP_POPULATE, MAP_POPULATE | posix.MAP_NONBLOCK, MAP_NORESERVE, posix.MAP_STACK]) {
      for (const prot of [PROT_READ, READ_WRITE]) {
        assert.equal(files.keep(posix.mmap(null, PAGE, prot, MAP_SHARED | flags, fd, 0)).bytes[0], 0);
      }
    }
  });

  it('MAP_LOCKED keeps the pages in memory, also those that are only read, which go on to show what others write', () => {
    const fd = files.shared(PAGE);
    const writer = files.keep(posix.mmap(null, PAGE, READ_WRITE, MAP_SHARED, fd, 0));
    const before = locked();
    const reader = files.keep(posix.mmap(null, PAGE, PROT_READ, MAP_SHARED | MAP_LOCKED, fd, 0));
    assert.equal(locked() - before, PAGE / 1024);
    writer.bytes[0] = 3;
    assert.equal(reader.bytes[0], 3);
    posix.mprotect(reader, PAGE, READ_WRITE);
    assert.equal(locked() - before, PAGE / 1024);
    posix.munlock(reader, PAGE);
    assert.equal(locked() - before, 0);
  });

  itUnless(notRoot(), 'MAP_LOCKED over the limit is EAGAIN, mlock ENOMEM, and without any limit both are EPERM', () => {
    const script = `
      const { MAP_ANONYMOUS, MAP_LOCKED, MAP_PRIVATE, PROT_READ, PROT_WRITE } = posix;
      const map = (flags) => posix.mmap(null, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
      say([codeOf(() => map(MAP_LOCKED)), codeOf(() => posix.mlock(map(0), 1 << 20))]);
    `;
    assert.deepEqual(hear(script, { unprivileged: true, limits: { l: 64 } }), ['EAGAIN', 'ENOMEM']);
    assert.deepEqual(hear(script, { unprivileged: true, limits: { l: 0 } }), ['EPERM', 'EPERM']);
  });

  itUnless(noHugePages, 'MAP_HUGETLB gives huge pages, whole', () => {
    const mapping = files.keep(
      posix.mmap(null, HUGE_PAGE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | posix.MAP_HUGE_2MB, -1, 0),
    );
    mapping.bytes.fill(1);
    assert.equal(mapping.bytes[HUGE_PAGE - 1], 1);
    refuses(() => posix.mprotect(mapping.at(PAGE), PAGE, PROT_READ), 'EINVAL', 'mprotect');
  });

  it('MAP_HUGETLB refuses parts of pages, a file that has none, and what could find none when it is written', () => {
    const huge = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | posix.MAP_HUGE_2MB;
    refuses(() => posix.mmap(null, HUGE_PAGE + PAGE, READ_WRITE, huge, -1, 0), 'EINVAL', 'mmap');
    refuses(() => posix.mmap(null, HUGE_PAGE, READ_WRITE, huge | MAP_NORESERVE, -1, 0), 'EINVAL', 'mmap');
    refuses(
      () => posix.mmap(null, HUGE_PAGE, READ_WRITE, MAP_SHARED | MAP_HUGETLB, files.shared(HUGE_PAGE), 0),
      'EINVAL',
      'mmap',
    );
  });

  const enough = noHugePages === undefined ? 'this machine has huge pages' : undefined;
  itUnless(enough, 'MAP_HUGETLB passes on that there are none', () => {
    for (const type of [MAP_PRIVATE, MAP_SHARED]) {
      refuses(
        () => posix.mmap(null, HUGE_PAGE, READ_WRITE, type | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0),
        'ENOMEM',
        'mmap',
      );
    }
  });
});
