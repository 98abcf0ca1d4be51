import assert from 'node:assert/strict';

import { PosixError, posix } from '@ringway/memory';

import { Files, PAGE } from './support/files.js';

const { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE } = posix;

/** What is no number at all. */
const NO_NUMBERS: readonly unknown[] = [1n, '1', null, undefined, true, {}, [1], Symbol('1')];
/** What is a number, and neither a length nor an offset nor a descriptor. */
const NO_COUNTS: readonly number[] = [-1, 0.5, NaN, Infinity, -Infinity, 2 ** 53, 1e300];
const NO_FLAGS: readonly number[] = [0.5, NaN, Infinity, -Infinity, 2 ** 32, -(2 ** 32), 2 ** 53];

describe('posix: arguments of the wrong type or range', () => {
  const files = new Files();
  let mapping: ReturnType<typeof posix.mmap>;
  let fd: number;

  beforeEach(() => {
    fd = files.shared(PAGE);
    mapping = files.keep(posix.mmap(null, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  });

  afterEach(() => files.clean());

  type Call = (...args: never[]) => unknown;
  type Kind = 'count' | 'flags' | 'fd' | 'name';

  /** Each call, right arguments of it, and what those are that may be wrong. */
  function calls(): Record<
    string,
    { readonly call: Call; readonly right: readonly unknown[]; readonly kinds: readonly (Kind | null)[] }
  > {
    const range = ['count', 'flags'] as const;
    return {
      mmap: {
        call: posix.mmap,
        right: [null, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, 0, 0],
        kinds: [null, 'count', 'flags', 'flags', null, 'count'],
      },
      munmap: { call: posix.munmap, right: [mapping, PAGE], kinds: [null, 'count'] },
      mprotect: { call: posix.mprotect, right: [mapping, PAGE, PROT_READ], kinds: [null, ...range] },
      msync: { call: posix.msync, right: [mapping, PAGE, posix.MS_SYNC], kinds: [null, ...range] },
      mlock: { call: posix.mlock, right: [mapping, PAGE], kinds: [null, 'count'] },
      munlock: { call: posix.munlock, right: [mapping, PAGE], kinds: [null, 'count'] },
      madvise: { call: posix.madvise, right: [mapping, PAGE, posix.MADV_NORMAL], kinds: [null, ...range] },
      ftruncate: { call: posix.ftruncate, right: [fd, PAGE], kinds: ['fd', null] },
      fcntl: { call: posix.fcntl, right: [fd, posix.F_ADD_SEALS, 0], kinds: ['fd', null, 'count'] },
      close: { call: posix.close, right: [fd], kinds: ['fd'] },
      memfd_create: { call: posix.memfd_create, right: ['name', 0], kinds: ['name', 'flags'] },
      shm_open: { call: posix.shm_open, right: ['/name', posix.O_RDONLY, 0], kinds: ['name', 'count', 'count'] },
      shm_unlink: { call: posix.shm_unlink, right: ['/name'], kinds: ['name'] },
    };
  }

  for (const name of [
    'mmap',
    'munmap',
    'mprotect',
    'msync',
    'mlock',
    'munlock',
    'madvise',
    'ftruncate',
    'fcntl',
    'close',
    'memfd_create',
    'shm_open',
    'shm_unlink',
  ]) {
    it(`of ${name} are a TypeError or a RangeError, and change nothing`, () => {
      const { call, right, kinds } = calls()[name];
      kinds.forEach((kind, index) => {
        if (kind === null) return;
        const types =
          kind === 'name'
            ? [1, null, undefined, {}, 'a\u0000b']
            : NO_NUMBERS.filter((value) => value !== undefined || index < 2);
        const ranges = kind === 'name' ? [] : kind === 'flags' ? NO_FLAGS : NO_COUNTS;
        for (const wrong of types) {
          assert.throws(
            () => call(...(right.with(index, wrong) as never[])),
            TypeError,
            `${name} ${index} ${String(wrong)}`,
          );
        }
        for (const wrong of ranges) {
          assert.throws(() => call(...(right.with(index, wrong) as never[])), RangeError, `${name} ${index} ${wrong}`);
        }
      });
      assert.deepEqual([mapping.length, mapping.closed, mapping.bytes.length], [PAGE, false, PAGE]);
    });
  }

  it('of msyncAsync and flush reject, and throw nothing', async () => {
    for (const wrong of [...NO_COUNTS, '1' as unknown as number, 1n as unknown as number]) {
      const kind = typeof wrong === 'number' ? RangeError : TypeError;
      await assert.rejects(posix.msyncAsync(mapping, wrong, posix.MS_SYNC), kind);
      await assert.rejects(mapping.flush(wrong, 0), kind);
      await assert.rejects(mapping.flush(0, wrong), kind);
    }
  });

  it('of view are a TypeError or a RangeError', () => {
    for (const wrong of NO_COUNTS) {
      assert.throws(() => mapping.view(Int32Array, wrong, 1), RangeError);
      assert.throws(() => mapping.view(Int32Array, 0, wrong), RangeError);
    }
    assert.throws(() => mapping.view(Int32Array, 2, 1), RangeError);
    assert.throws(() => mapping.view(Int32Array, 0, PAGE / 4 + 1), RangeError);
    assert.equal(mapping.view(Int32Array).length, PAGE / 4);
    assert.equal(mapping.view(Float64Array, 8).length, PAGE / 8 - 1);
    assert.equal(mapping.view(DataView, PAGE - 3).byteLength, 3);
  });

  it('that are huge, and right in form, are answered by the system', () => {
    const huge = Number.MAX_SAFE_INTEGER;
    for (const [call, code] of [
      [() => posix.munmap(mapping, huge), 'EINVAL'],
      [() => posix.mprotect(mapping, huge, PROT_READ), 'ENOMEM'],
      [() => posix.msync(mapping, huge, posix.MS_SYNC), 'ENOMEM'],
      [() => posix.mlock(mapping, huge), 'ENOMEM'],
      [() => posix.mlock(mapping.at(huge), 1), 'ENOMEM'],
      [() => posix.munlock(mapping.at(huge), huge), 'ENOMEM'],
      [() => posix.madvise(mapping, huge, posix.MADV_NORMAL), 'ENOMEM'],
      [() => posix.ftruncate(fd, -1), 'EINVAL'],
      [() => posix.shm_open('/name', posix.O_RDONLY, 0o7777), 'ENOENT'],
    ] as const) {
      assert.throws(call, (error) => error instanceof PosixError && error.code === code);
    }
  });
});
