import assert from 'node:assert/strict';
import { chownSync, mkdirSync, readdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Segment } from '@ringway/memory';

import { itUnless, notRoot } from './support/conditional.js';
import { Scratch, SPEC } from './support/scratch.js';
import { throwsCode } from './support/throws.js';

describe('looking at segments from outside', () => {
  const scratch = new Scratch();

  afterEach(() => scratch.clean());

  it('tells name, kind, size and memory of each, sorted, and of one kind if wanted', () => {
    const dir = scratch.directory();
    const two = scratch.keep(Segment.create('b', { ...SPEC, dir, kind: 2 }));
    scratch.keep(Segment.create('a', { ...SPEC, dir }));
    const all = Segment.list({ dir });
    assert.deepEqual(
      all.map(({ name, kind }) => [name, kind]),
      [
        ['a', 1],
        ['b', 2],
      ],
    );
    assert.deepEqual(Segment.list({ dir, kind: 2 }), [
      {
        name: 'b',
        path: two.path,
        kind: 2,
        size: SPEC.size,
        allocated: statSync(two.path).blocks * 512,
        creationId: two.header.creationId,
        codecName: 'json',
        createdTime: two.header.createdTime,
        currentBoot: true,
        mode: 0o600,
        uid: process.geteuid?.(),
      },
    ]);
  });

  it('passes over what is no segment, and over damaged ones', () => {
    const dir = scratch.directory();
    const namespace = process.env.RINGWAY_NAMESPACE ?? '';
    const path = (name: string): string => join(dir, `${namespace}${name}.ringway`);
    const segment = scratch.keep(Segment.create('good', { ...SPEC, dir }));
    scratch.keep(Segment.create('cut', { ...SPEC, dir }));
    truncateSync(path('cut'), 4096);
    writeFileSync(path('empty'), '');
    writeFileSync(path('text'), 'text');
    mkdirSync(path('directory'));
    symlinkSync(segment.path, path('link'));
    writeFileSync(join(dir, 'unrelated'), '');
    assert.deepEqual(
      Segment.list({ dir }).map(({ name }) => name),
      ['good'],
    );
  });

  it('allocates nothing and changes nothing', () => {
    const dir = scratch.directory();
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    const before = statSync(segment.path);
    Segment.list({ dir });
    Segment.exists('q', { dir });
    const after = statSync(segment.path);
    assert.deepEqual([after.blocks, after.mtimeMs, after.ctimeMs], [before.blocks, before.mtimeMs, before.ctimeMs]);
  });

  it('sees in /dev/shm those of its namespace', () => {
    const name = scratch.name();
    scratch.keep(Segment.create(name, SPEC));
    assert.deepEqual(
      Segment.list({ kind: 1 })
        .filter((info) => info.name === name)
        .map(({ path }) => path),
      [`/dev/shm/ringway.${process.env.RINGWAY_NAMESPACE ?? ''}${name}`],
    );
  });

  it('refuses a directory that does not exist', () => {
    throwsCode(() => Segment.list({ dir: join(scratch.directory(), 'missing') }), 'ERR_RINGWAY_UNSUPPORTED_DIR');
  });

  it('finds a name taken only by a regular file', () => {
    const dir = scratch.directory();
    scratch.keep(Segment.create('q', { ...SPEC, dir }));
    mkdirSync(join(dir, `${process.env.RINGWAY_NAMESPACE ?? ''}directory.ringway`));
    assert.deepEqual(
      ['q', 'missing', 'directory'].map((name) => Segment.exists(name, { dir })),
      [true, false, false],
    );
    throwsCode(() => Segment.exists('a/b', { dir }), 'ERR_RINGWAY_INVALID_NAME');
  });

  it('unlinks what is damaged or from another time, and nothing that is no segment', () => {
    const dir = scratch.directory();
    const namespace = process.env.RINGWAY_NAMESPACE ?? '';
    Segment.create('cut', { ...SPEC, dir }).close();
    truncateSync(join(dir, `${namespace}cut.ringway`), 100);
    assert.equal(Segment.unlink('cut', { dir }), true);
    writeFileSync(join(dir, `${namespace}file.ringway`), 'precious');
    mkdirSync(join(dir, `${namespace}directory.ringway`));
    throwsCode(() => Segment.unlink('file', { dir }), 'ERR_RINGWAY_NOT_A_SEGMENT');
    throwsCode(() => Segment.unlink('directory', { dir }), 'ERR_RINGWAY_NOT_A_SEGMENT');
    assert.equal(Segment.unlink('missing', { dir }), false);
    assert.equal(readdirSync(dir).length, 2);
  });

  it('unlinks what was cut to nothing, so that it can be made anew', () => {
    const dir = scratch.directory();
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir }));
    truncateSync(segment.path, 0);
    assert.equal(Segment.unlink('q', { dir }), true);
    assert.deepEqual(readdirSync(dir), []);
    scratch.keep(Segment.create('q', { ...SPEC, dir }));
  });

  itUnless(notRoot(), 'does not unlink an empty file of somebody whom nobody trusts', () => {
    const dir = scratch.directory();
    const path = join(dir, `${process.env.RINGWAY_NAMESPACE ?? ''}q.ringway`);
    writeFileSync(path, '');
    chownSync(path, 65534, 65534);
    throwsCode(() => Segment.unlink('q', { dir }), 'ERR_RINGWAY_NOT_A_SEGMENT');
    assert.equal(readdirSync(dir).length, 1);
  });
});
