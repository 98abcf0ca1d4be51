import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { mapFile, posix } from '@ringway/memory';

import { hear } from './support/child.js';
import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';

const { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_READ, PROT_WRITE } = posix;
const READ_WRITE = PROT_READ | PROT_WRITE;
const ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;

describe('posix: munmap', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('ends the mapping: its views are empty, and who uses them gets no signal', () => {
    const mapping = posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0);
    const { buffer, bytes } = mapping;
    const words = mapping.view(Int32Array);
    posix.munmap(mapping, PAGE);
    assert.deepEqual([mapping.closed, buffer.byteLength, bytes.length, words.length], [true, 0, 0, 0]);
    assert.equal(bytes[0], undefined);
    assert.throws(() => Atomics.load(words, 0), TypeError);
    assert.throws(() => bytes.fill(1), TypeError);
    assert.throws(() => new Uint8Array(buffer), TypeError);
    for (const use of [
      () => mapping.bytes,
      () => mapping.buffer,
      () => mapping.view(Int8Array),
      () => mapping.flushSync(),
    ]) {
      assert.throws(use, { code: 'ERR_RINGWAY_CLOSED' });
    }
  });

  it('drops the changes of MAP_PRIVATE, and keeps those of MAP_SHARED', () => {
    const path = files.file('abc');
    const dropped = mapFile(path, { private: true });
    dropped.bytes[0] = 0x41;
    dropped.close();
    assert.equal(readFileSync(path, 'utf8'), 'abc');
    const kept = mapFile(path);
    kept.bytes[0] = 0x41;
    kept.close();
    assert.equal(readFileSync(path, 'utf8'), 'Abc');
  });

  for (const [kind, flags] of [
    ['shared', MAP_SHARED | MAP_ANONYMOUS],
    ['private', ANONYMOUS],
  ] as const) {
    it(`cuts the end off ${kind} memory, and what is left is seen through a new buffer`, () => {
      const mapping = files.keep(posix.mmap(null, 4 * PAGE, READ_WRITE, flags, -1, 0));
      const { bytes } = mapping;
      bytes.fill(3);
      posix.munmap(mapping.at(2 * PAGE), 2 * PAGE);
      assert.deepEqual([bytes.length, mapping.length, mapping.bytes.length], [0, 2 * PAGE, 2 * PAGE]);
      assert.ok(mapping.bytes.every((byte) => byte === 3));
      mapping.bytes[0] = 4;
      posix.mprotect(mapping, 2 * PAGE, PROT_READ);
      assert.equal(mapping.bytes[0], 4);
      refuses(() => posix.mprotect(mapping, 2 * PAGE + 1, PROT_READ), 'ENOMEM', 'mprotect');
    });
  }

  it('cuts what was never looked at', () => {
    const mapping = files.keep(posix.mmap(null, 4 * PAGE, READ_WRITE, MAP_SHARED, files.shared(4 * PAGE), 0));
    posix.munmap(mapping.at(PAGE), 3 * PAGE);
    mapping.bytes[PAGE - 1] = 1;
    assert.equal(mapping.bytes.length, PAGE);
  });

  it('refuses the beginning and the middle of a mapping, and changes nothing', () => {
    const mapping = files.keep(posix.mmap(null, 4 * PAGE, READ_WRITE, ANONYMOUS, -1, 0));
    const { bytes } = mapping;
    for (const [offset, length] of [
      [0, PAGE],
      [PAGE, PAGE],
      [0, 3 * PAGE],
    ]) {
      const error = refuses(() => posix.munmap(mapping.at(offset), length), 'EINVAL', 'munmap');
      assert.match(error.message, /only a whole mapping or its end can be unmapped/);
    }
    refuses(() => posix.munmap(mapping, 5 * PAGE), 'EINVAL', 'munmap');
    refuses(() => posix.munmap(mapping, 0), 'EINVAL', 'munmap');
    refuses(() => posix.munmap(mapping.at(1), PAGE), 'EINVAL', 'munmap');
    assert.equal(bytes.length, 4 * PAGE);
  });

  it('refuses what was unmapped, while close() may come again', () => {
    const mapping = posix.mmap(null, PAGE, READ_WRITE, ANONYMOUS, -1, 0);
    posix.munmap(mapping, PAGE);
    assert.match(refuses(() => posix.munmap(mapping, PAGE), 'EINVAL', 'munmap').message, /it was unmapped/);
    mapping.close();
    mapping[Symbol.dispose]();
    assert.equal(mapping.closed, true);
  });

  it('does no harm to jobs of the thread pool that work on a view', () => {
    const script = `
      import { randomFill } from 'node:crypto';
      const { MAP_ANONYMOUS, MAP_PRIVATE, MAP_SHARED, PROT_NONE, PROT_READ, PROT_WRITE } = posix;
      const size = 32 << 20;
      const endings = [
        (mapping) => posix.munmap(mapping, size),
        (mapping) => posix.munmap(mapping.at(PAGE), size - PAGE),
        (mapping) => posix.mprotect(mapping, size, PROT_NONE),
        (mapping) => posix.mprotect(mapping, size, PROT_READ),
      ];
      let ended = 0;
      for (const end of endings) {
        for (const flags of [MAP_SHARED, MAP_PRIVATE]) {
          const mapping = posix.mmap(null, size, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
          const { bytes } = mapping;
          const done = new Promise((resolve) => randomFill(bytes, resolve));
          while (bytes[PAGE] === 0 && bytes[PAGE + 1] === 0 && bytes[PAGE + 2] === 0) Atomics.load(bytes, PAGE);
          end(mapping);
          await done;
          ended += 1;
        }
      }
      say(ended);
    `;
    assert.equal(hear(script), 8);
  });

  it('gives all addresses back, in the end', () => {
    const script = `
      const { MAP_ANONYMOUS, MAP_PRIVATE, PROT_NONE, PROT_READ, PROT_WRITE } = posix;
      const size = () => fs.readFileSync('/proc/self/maps', 'utf8').split('\\n').length;
      const turn = () => new Promise((resolve) => setImmediate(resolve));
      const round = () => {
        for (let i = 0; i < 50; i += 1) {
          const mapping = posix.mmap(null, 5 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          mapping.bytes.fill(1);
          posix.mprotect(mapping, 5 * PAGE, PROT_NONE);
          posix.mprotect(mapping, 5 * PAGE, PROT_READ);
          mapping.bytes.fill(2);
          posix.munmap(mapping.at(PAGE), 4 * PAGE);
          mapping.bytes.fill(3);
          if (i % 2 === 0) mapping.close();
        }
      };
      const before = size();
      for (let i = 0; i < 20; i += 1) { round(); for (let j = 0; j < 5; j += 1) { gc(); await turn(); } }
      say(size() - before < 100);
    `;
    assert.equal(hear(script), true);
  });
});
