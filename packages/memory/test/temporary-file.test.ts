import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { load } from '@ringway/native';

import { bearObject } from '../dist/birth.js';
import { BIRTH_LOCK } from '../dist/lock-layout.js';
import { TemporaryFile } from '../dist/temporary-file.js';
import { Scratch } from './support/scratch.js';

/** What a file system without O_TMPFILE can do. */
const NAMED_ONLY = { unnamed: false };

describe('making an object where it cannot be made without a name', () => {
  const native = load();
  const scratch = new Scratch();

  afterEach(() => scratch.clean());

  const make = (path: string, fill: (write: (offset: number, bytes: Uint8Array) => void) => void): number | undefined =>
    bearObject(native, NAMED_ONLY, { path, mode: 0o640, size: 8192, reserve: [{ offset: 0, length: 4096 }], fill });

  it('gives the same: whole, with one name, or nothing where the name is taken', () => {
    const dir = scratch.directory();
    const path = join(dir, 'object');
    const fd = make(path, (write) => write(1, Uint8Array.of(65)));
    assert.ok(fd !== undefined);
    scratch.later(() => closeSync(fd));
    const stats = statSync(path);
    assert.deepEqual([stats.size, stats.mode & 0o777, stats.nlink], [8192, 0o640, 1]);
    assert.equal(readFileSync(path)[1], 65);
    assert.equal(
      make(path, () => undefined),
      undefined,
    );
    assert.deepEqual(readdirSync(dir), ['object']);
    // The birth lock is gone with the birth: the byte is free for anybody.
    const other = TemporaryFile.create(native, dir);
    scratch.later(() => closeSync(other.fd));
    other.removeName();
    assert.equal(native.probe(fd, BIRTH_LOCK), 0);
  });

  it('leaves nothing behind when filling fails', () => {
    const dir = scratch.directory();
    const fill = (): void => {
      throw new Error('no more ideas');
    };
    assert.throws(() => make(join(dir, 'object'), fill), /no more ideas/);
    assert.deepEqual(readdirSync(dir), []);
  });

  it('sweeps what killed creators left, and nothing of those who live', async () => {
    const dir = scratch.directory();
    const child = fork(fileURLToPath(new URL('fixtures/half-made.js', import.meta.url)), [dir], { stdio: 'inherit' });
    const gone = once(child, 'exit');
    const [entry] = (await once(child, 'message')) as [string];
    TemporaryFile.sweep(native, dir);
    assert.deepEqual(readdirSync(dir), [entry]);
    child.kill('SIGKILL');
    await gone;
    mkdirSync(join(dir, `.ringway~${'0'.repeat(32)}`));
    writeFileSync(join(dir, 'unrelated'), '');
    TemporaryFile.sweep(native, dir);
    assert.deepEqual(readdirSync(dir).sort(), [`.ringway~${'0'.repeat(32)}`, 'unrelated']);
  });
});
