import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { LocalSegment, Segment } from '@ringway/memory';
import type { SegmentHandle } from '@ringway/memory';

import { itUnless, notRoot } from './support/conditional.js';
import { Scratch, SPEC } from './support/scratch.js';
import { throwsCode } from './support/throws.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('attachments', () => {
  const scratch = new Scratch();

  afterEach(() => scratch.clean());

  const kinds: Record<string, () => SegmentHandle> = {
    'of a segment': () => scratch.keep(Segment.create('q', { ...SPEC, dir: scratch.directory() })),
    'on the heap': () => scratch.keep(LocalSegment.create('q', SPEC)),
  };
  for (const [where, make] of Object.entries(kinds)) {
    describe(where, () => {
      it('are read as they were made, out of their parts, as copies', () => {
        const { attachments } = make();
        attachments.create('3.17', [bytes('head'), bytes(''), bytes('body')]);
        const read = attachments.read('3.17', 8);
        assert.ok(read !== undefined);
        assert.deepEqual(read, bytes('headbody'));
        read.fill(0);
        assert.deepEqual(attachments.read('3.17', 8), bytes('headbody'));
      });

      it('may be empty', () => {
        const { attachments } = make();
        attachments.create('0', []);
        assert.deepEqual(attachments.read('0', 0), new Uint8Array(0));
      });

      it('are made once, and undefined when there is none', () => {
        const { attachments } = make();
        attachments.create('a', [bytes('x')]);
        assert.throws(() => attachments.create('a', [bytes('y')]), { name: 'PosixError', code: 'EEXIST' });
        assert.deepEqual(attachments.read('a', 1), bytes('x'));
        assert.equal(attachments.read('b', 1), undefined);
        assert.deepEqual([attachments.remove('a'), attachments.remove('a')], [true, false]);
        assert.equal(attachments.read('a', 1), undefined);
      });

      it('are refused when they have another length than announced', () => {
        const { attachments } = make();
        attachments.create('a', [bytes('xyz')]);
        for (const length of [0, 2, 4, 2 ** 40]) {
          throwsCode(() => attachments.read('a', length), 'ERR_RINGWAY_CORRUPT_SEGMENT');
        }
      });

      it('are listed by the beginning of their suffix', () => {
        const { attachments } = make();
        for (const suffix of ['3.1', '3.2', '31.1']) attachments.create(suffix, [bytes('x')]);
        assert.deepEqual(attachments.list('3.').sort(), ['3.1', '3.2']);
        assert.deepEqual(attachments.list('').sort(), ['3.1', '3.2', '31.1']);
        assert.deepEqual(attachments.list('4'), []);
      });
    });
  }

  it('lie beside the segment, with its mode and under its creation id', () => {
    const dir = scratch.directory();
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir, mode: 0o640 }));
    segment.attachments.create('1.2', [bytes('x')]);
    const path = `${segment.path}.${segment.header.creationId}.1.2`;
    assert.equal(statSync(path).mode & 0o777, 0o640);
    assert.deepEqual(
      Segment.list({ dir }).map(({ name }) => name),
      ['q'],
    );
  });

  it('are never followed through links, nor read from what is no regular file or was cut', () => {
    const dir = scratch.directory();
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    const path = (suffix: string): string => `${segment.path}.${segment.header.creationId}.${suffix}`;
    writeFileSync(join(dir, 'secret'), 'x');
    symlinkSync(join(dir, 'secret'), path('link'));
    mkdirSync(path('directory'));
    segment.attachments.create('cut', [bytes('xyz')]);
    truncateSync(path('cut'), 1);
    throwsCode(() => segment.attachments.read('link', 1), 'ERR_RINGWAY_CORRUPT_SEGMENT');
    throwsCode(() => segment.attachments.read('directory', 1), 'ERR_RINGWAY_CORRUPT_SEGMENT');
    throwsCode(() => segment.attachments.read('cut', 3), 'ERR_RINGWAY_CORRUPT_SEGMENT');
    throwsCode(() => segment.attachments.read('../x', 1), 'ERR_RINGWAY_INVALID_NAME');
    assert.throws(() => segment.attachments.read('cut', -1), RangeError);
  });

  itUnless(notRoot(), 'of a stranger are refused', () => {
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir: scratch.directory() }));
    segment.attachments.create('a', [bytes('x')]);
    chownSync(`${segment.path}.${segment.header.creationId}.a`, 65534, 65534);
    throwsCode(() => segment.attachments.read('a', 1), 'ERR_RINGWAY_CORRUPT_SEGMENT');
  });

  it('go with the name when nobody takes part, and stay while somebody does', () => {
    const dir = scratch.directory();
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    segment.attachments.create('a', [bytes('x')]);
    segment.tryLock(40_000);
    assert.equal(Segment.unlink('q', { dir }), true);
    assert.deepEqual(segment.attachments.list(''), ['a']);
    segment.attachments.remove('a');

    const next = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    next.attachments.create('a', [bytes('x')]);
    assert.equal(next.unlink(), true);
    assert.deepEqual(readdirSync(dir), []);
  });
});
