import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { Segment } from '@ringway/memory';
import type { ErrorCode } from '@ringway/memory';

import * as layout from '../dist/header-layout.js';
import { itUnless, notRoot } from './support/conditional.js';
import { Peers } from './support/peer.js';
import { Scratch, SPEC } from './support/scratch.js';
import { throwsCode } from './support/throws.js';

const NOBODY = 65534;

describe('a segment that is opened', () => {
  const scratch = new Scratch();
  const peers = new Peers();
  let dir: string;

  const pathOf = (name: string): string => join(dir, `${process.env.RINGWAY_NAMESPACE ?? ''}${name}.ringway`);
  const refused = (code: ErrorCode): void => {
    throwsCode(() => Segment.open('q', { kind: 1, dir }), code);
    // Making one where something unusable lies is refused in the same words, and changes nothing.
    throwsCode(() => Segment.openOrCreate('q', { ...SPEC, dir }), code);
  };
  /** Makes a segment, then writes into its file as any other process could. */
  const damage = (offset: number, bytes: Uint8Array): void => {
    Segment.create('q', { ...SPEC, dir }).close();
    const fd = openSync(pathOf('q'), 'r+');
    writeSync(fd, bytes, 0, bytes.length, offset);
    closeSync(fd);
  };
  const word = (value: number): Uint8Array => new Uint8Array(Uint32Array.of(value).buffer);

  beforeEach(() => {
    dir = scratch.directory();
  });

  afterEach(async () => {
    await peers.kill();
    scratch.clean();
  });

  it('must be there', () => {
    throwsCode(() => Segment.open('q', { kind: 1, dir }), 'ERR_RINGWAY_NOT_FOUND');
    throwsCode(() => Segment.open('q', { kind: 1, dir: join(dir, 'missing') }), 'ERR_RINGWAY_NOT_FOUND');
    throwsCode(() => Segment.open('a/b', { kind: 1, dir }), 'ERR_RINGWAY_INVALID_NAME');
  });

  it('must not be a directory', () => {
    mkdirSync(pathOf('q'));
    refused('ERR_RINGWAY_NOT_A_SEGMENT');
  });

  it('must not be a symbolic link, not even to a segment', () => {
    Segment.create('other', { ...SPEC, dir }).close();
    symlinkSync(pathOf('other'), pathOf('q'));
    refused('ERR_RINGWAY_NOT_A_SEGMENT');
  });

  it('must not be a FIFO, and does not wait for one', () => {
    execFileSync('mkfifo', [pathOf('q')]);
    refused('ERR_RINGWAY_NOT_A_SEGMENT');
  });

  it('must not be an empty or a strange file', () => {
    writeFileSync(pathOf('q'), '');
    refused('ERR_RINGWAY_NOT_A_SEGMENT');
    writeFileSync(pathOf('q'), 'x'.repeat(10_000));
    refused('ERR_RINGWAY_NOT_A_SEGMENT');
  });

  it('must have its magic', () => {
    damage(layout.MAGIC_OFFSET, Uint8Array.of(0));
    refused('ERR_RINGWAY_NOT_A_SEGMENT');
  });

  it('must have its whole length, no less and no more', () => {
    for (const size of [SPEC.size - 4096, 4096, 4095, SPEC.size + 4096]) {
      Segment.create('q', { ...SPEC, dir }).close();
      truncateSync(pathOf('q'), size);
      refused('ERR_RINGWAY_CORRUPT_SEGMENT');
      assert.equal(Segment.unlink('q', { dir }), true);
    }
  });

  it('must be of this format', () => {
    damage(layout.MAJOR_OFFSET, word(2));
    refused('ERR_RINGWAY_FORMAT_VERSION');
  });

  it('must need no feature that the opener does not know', () => {
    scratch.keep(Segment.create('q', { ...SPEC, dir, requiredFeatures: 6 }));
    refused('ERR_RINGWAY_UNSUPPORTED_FEATURE');
    scratch.keep(Segment.open('q', { kind: 1, dir, knownFeatures: 7 }));
    scratch.keep(Segment.openOrCreate('q', { ...SPEC, dir, requiredFeatures: 6 }));
  });

  it('must be of this boot', () => {
    damage(layout.BOOT_ID_OFFSET, Uint8Array.of(1, 2, 3, 4, 5, 6));
    refused('ERR_RINGWAY_OTHER_BOOT');
    assert.equal(Segment.list({ dir })[0]?.currentBoot, false);
  });

  it('must be of the kind that was expected', () => {
    scratch.keep(Segment.create('q', { ...SPEC, dir, kind: 2 }));
    refused('ERR_RINGWAY_KIND_MISMATCH');
  });

  it('must have zeros in its spare bytes', () => {
    damage(layout.SPARE_OFFSET + 63, Uint8Array.of(1));
    refused('ERR_RINGWAY_CORRUPT_SEGMENT');
  });

  it('must have a possible size', () => {
    damage(layout.SIZE_OFFSET + 4, word(0xffffffff));
    refused('ERR_RINGWAY_CORRUPT_SEGMENT');
  });

  itUnless(notRoot(), 'must belong to its user, to root, or to whom the opener trusts', () => {
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    chownSync(segment.path, NOBODY, NOBODY);
    refused('ERR_RINGWAY_OWNER');
    scratch.keep(Segment.open('q', { kind: 1, dir, trust: [NOBODY] }));
    assert.throws(() => Segment.open('q', { kind: 1, dir, trust: [-1] }), RangeError);
    assert.equal(Segment.unlink('q', { dir }), true);
  });

  itUnless(notRoot(), 'may belong to root when another user opens it, if its mode lets that user', async () => {
    chmodSync(dir, 0o777);
    scratch.keep(Segment.create('open', { ...SPEC, dir, mode: 0o666 }));
    scratch.keep(Segment.create('closed', { ...SPEC, dir }));
    const stranger = await peers.start();
    await stranger.ask({ do: 'become', uid: NOBODY });
    await stranger.ask({ do: 'open', name: 'open', expectations: { kind: 1, dir } });
    await assert.rejects(stranger.ask({ do: 'open', name: 'closed', expectations: { kind: 1, dir } }), {
      code: 'EACCES',
    });
    const seen = (await stranger.ask({ do: 'list', dir })) as { name: string }[];
    assert.deepEqual(
      seen.map(({ name }) => name),
      ['open'],
    );
    chmodSync(pathOf('closed'), 0o644);
    assert.equal(((await stranger.ask({ do: 'list', dir })) as unknown[]).length, 2);
  });

  itUnless(notRoot(), 'of another user tells so, where the mode forbids to look', async () => {
    chmodSync(dir, 0o777);
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    chownSync(segment.path, NOBODY - 1, NOBODY - 1);
    const stranger = await peers.start();
    await stranger.ask({ do: 'become', uid: NOBODY });
    await assert.rejects(stranger.ask({ do: 'open', name: 'q', expectations: { kind: 1, dir } }), {
      code: 'ERR_RINGWAY_OWNER',
    });
  });

  it('that is cut later refuses to be mapped further', () => {
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    truncateSync(segment.path, 8192);
    throwsCode(() => segment.map(8192, 4096), 'ERR_RINGWAY_SEGMENT_TRUNCATED');
    throwsCode(() => segment.mapRing(4096, 8192), 'ERR_RINGWAY_SEGMENT_TRUNCATED');
  });

  it('is mapped within its bounds only, and each range once', () => {
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    for (const [offset, length] of [
      [-4096, 4096],
      [0, SPEC.size + 4096],
      [SPEC.size, 4096],
      [0, 0],
      [NaN, 4096],
      [0, Infinity],
    ] as const) {
      assert.throws(() => segment.map(offset, length), RangeError);
      assert.throws(() => segment.mapRing(offset, length), RangeError);
      assert.throws(() => segment.commit(offset, length), RangeError);
      assert.throws(() => segment.punch(offset, length), RangeError);
    }
    assert.equal(segment.map(0, 8192), segment.map(0, 8192));
  });

  it('maps a ring so that what begins inside may run over its end', () => {
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    const other = scratch.keep(Segment.open('q', { kind: 1, dir }));
    const ring = new Uint8Array(segment.mapRing(65536, 65536));
    assert.ok(ring.length >= 65536 * 1.25);
    ring.set([1, 2, 3, 4], 65534);
    assert.deepEqual([...new Uint8Array(other.mapRing(65536, 65536)).subarray(65534, 65538)], [1, 2, 3, 4]);
    assert.deepEqual([...readFileSync(segment.path).subarray(65536, 65538)], [3, 4]);
  });

  it('is found by a second handle of the same process, in memory that both see', () => {
    const one = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    const two = scratch.keep(Segment.open('q', { kind: 1, dir }));
    const words = new Int32Array(one.map(4096, 4096));
    Atomics.store(words, 5, 42);
    assert.equal(Atomics.load(new Int32Array(two.map(4096, 4096)), 5), 42);
    one.unmap(words.buffer);
    assert.equal(words.length, 0);
    assert.throws(() => one.unmap(words.buffer), TypeError);
    assert.equal(new Int32Array(one.map(4096, 4096))[5], 42);
  });
});
