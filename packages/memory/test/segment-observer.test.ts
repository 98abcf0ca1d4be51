import assert from 'node:assert/strict';
import { statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Segment, SegmentObserver } from '@ringway/memory';

import { Scratch, SPEC } from './support/scratch.js';
import { throwsCode } from './support/throws.js';

describe('observing a segment', () => {
  const scratch = new Scratch();

  afterEach(() => scratch.clean());

  it('reads what is in it, sees which slot locks are held, and changes nothing', () => {
    const dir = scratch.directory();
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir, commit: [{ offset: 4096, length: 4096 }] }));
    new Uint8Array(segment.map(4096, 4096)).fill(7, 0, 100);
    for (const slot of [0, 33, 70]) assert.ok(segment.tryLock(slot));
    const before = statSync(segment.path);
    const observer = scratch.keep(SegmentObserver.open('q', { dir }));
    assert.deepEqual(observer.header, segment.header);
    assert.deepEqual([...observer.read(4194, 4)], [7, 7, 0, 0]);
    assert.deepEqual([...observer.lockedBits(71)], [1, 2, 64]);
    segment.unlock(33);
    assert.deepEqual([...observer.lockedBits(40)], [1, 0]);
    const after = statSync(segment.path);
    assert.deepEqual([after.blocks, after.mtimeMs, after.ctimeMs], [before.blocks, before.mtimeMs, before.ctimeMs]);
  });

  it('says what is wrong: nothing there, no segment, cut meanwhile', () => {
    const dir = scratch.directory();
    throwsCode(() => SegmentObserver.open('q', { dir }), 'ERR_RINGWAY_NOT_FOUND');
    throwsCode(() => SegmentObserver.open('a/b', { dir }), 'ERR_RINGWAY_INVALID_NAME');
    writeFileSync(join(dir, `${process.env.RINGWAY_NAMESPACE ?? ''}file.ringway`), 'text');
    throwsCode(() => SegmentObserver.open('file', { dir }), 'ERR_RINGWAY_NOT_A_SEGMENT');
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    const observer = scratch.keep(SegmentObserver.open('q', { dir }));
    truncateSync(segment.path, 5000);
    throwsCode(() => observer.read(4096, 4096), 'ERR_RINGWAY_CORRUPT_SEGMENT');
    observer.close();
    throwsCode(() => observer.read(0, 1), 'ERR_RINGWAY_DESCRIPTOR');
  });
});
