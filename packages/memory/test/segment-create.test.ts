import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Segment } from '@ringway/memory';

import { itUnless } from './support/conditional.js';
import { Peers } from './support/peer.js';
import { mountRefusal, Scratch, SPEC } from './support/scratch.js';
import { throwsCode } from './support/throws.js';

const MIB = 1024 * 1024;

describe('a segment that is created', () => {
  const scratch = new Scratch();
  const peers = new Peers();

  afterEach(async () => {
    await peers.kill();
    scratch.clean();
  });

  it('has its header, its contents and its size when its name appears', () => {
    const name = scratch.name();
    const made = scratch.keep(Segment.create(name, { ...SPEC, fill: (write) => write(8192, Uint8Array.of(1, 2, 3)) }));
    const found = scratch.keep(Segment.open(name, { kind: 1 }));
    assert.deepEqual(found.header, made.header);
    assert.deepEqual([made.created, found.created], [true, false]);
    assert.deepEqual(found.header.geometry.slice(0, 6), [3, 1, 4, 1, 5, 0]);
    assert.equal(statSync(made.path).size, SPEC.size);
    assert.deepEqual([...new Uint8Array(found.map(8192, 4096)).subarray(0, 4)], [1, 2, 3, 0]);
  });

  it('reserves no more than its header and what was asked for', () => {
    const dir = scratch.directory();
    const bare = scratch.keep(Segment.create('bare', { ...SPEC, size: 64 * MIB, dir: '/dev/shm' }));
    scratch.later(() => Segment.unlink('bare', { dir: '/dev/shm' }));
    assert.equal(statSync(bare.path).blocks * 512, 4096);
    const commit = [{ offset: 4 * MIB, length: 2 * MIB }];
    const some = scratch.keep(Segment.create('some', { ...SPEC, size: 64 * MIB, dir, commit }));
    const allocated = statSync(some.path).blocks * 512;
    assert.ok(allocated >= 2 * MIB + 4096 && allocated < 3 * MIB, `${allocated} bytes`);
  });

  it('can be used by its owner only, unless a mode is given; the umask has no say', () => {
    const before = process.umask(0o077);
    try {
      const dir = scratch.directory();
      const one = scratch.keep(Segment.create('one', { ...SPEC, dir }));
      const two = scratch.keep(Segment.create('two', { ...SPEC, dir, mode: 0o666 }));
      assert.deepEqual([statSync(one.path).mode & 0o777, statSync(two.path).mode & 0o777], [0o600, 0o666]);
    } finally {
      process.umask(before);
    }
    assert.throws(() => Segment.create('three', { ...SPEC, mode: 0o1777 }), RangeError);
  });

  it('lives in a chosen directory, which may be given by RINGWAY_DIR', () => {
    const dir = scratch.directory();
    process.env.RINGWAY_DIR = dir;
    try {
      const segment = scratch.keep(Segment.create('q', SPEC));
      assert.equal(segment.path, join(dir, `${process.env.RINGWAY_NAMESPACE ?? ''}q.ringway`));
      assert.deepEqual([Segment.exists('q'), Segment.exists('q', { dir: '/dev/shm' })], [true, false]);
    } finally {
      delete process.env.RINGWAY_DIR;
    }
  });

  it('is refused where the name is taken, by whatever', () => {
    const dir = scratch.directory();
    const namespace = process.env.RINGWAY_NAMESPACE ?? '';
    scratch.keep(Segment.create('segment', { ...SPEC, dir }));
    mkdirSync(join(dir, `${namespace}directory.ringway`));
    symlinkSync('/nowhere', join(dir, `${namespace}link.ringway`));
    writeFileSync(join(dir, `${namespace}file.ringway`), '');
    for (const name of ['segment', 'directory', 'link', 'file']) {
      throwsCode(() => Segment.create(name, { ...SPEC, dir }), 'ERR_RINGWAY_EXISTS');
    }
    assert.equal(readdirSync(dir).length, 4);
  });

  it('is refused where the directory does not exist, or is none', () => {
    const dir = scratch.directory();
    writeFileSync(join(dir, 'file'), '');
    for (const wrong of ['missing', 'file', 'file/below']) {
      throwsCode(() => Segment.create('q', { ...SPEC, dir: join(dir, wrong) }), 'ERR_RINGWAY_UNSUPPORTED_DIR');
      throwsCode(() => Segment.openOrCreate('q', { ...SPEC, dir: join(dir, wrong) }), 'ERR_RINGWAY_UNSUPPORTED_DIR');
    }
  });

  itUnless(mountRefusal('ramfs'), 'is refused on a file system that cannot reserve memory (ramfs)', () => {
    const dir = scratch.mount('ramfs', 'mode=700');
    const error = throwsCode(() => Segment.create('q', { ...SPEC, dir }), 'ERR_RINGWAY_UNSUPPORTED_DIR');
    assert.match(error.message, /fallocate/);
    assert.deepEqual(readdirSync(dir), []);
  });

  it('leaves nothing behind when filling it fails', () => {
    const dir = scratch.directory();
    const fill = (): void => {
      throw new Error('no more ideas');
    };
    assert.throws(() => Segment.create('q', { ...SPEC, dir, fill }), /no more ideas/);
    const outside = [0, 4095, SPEC.size, -1, NaN];
    for (const offset of outside) {
      const write = { fill: (put: (at: number, bytes: Uint8Array) => void) => put(offset, Uint8Array.of(1)) };
      assert.throws(() => Segment.create('q', { ...SPEC, dir, ...write }), RangeError);
    }
    assert.throws(
      () => Segment.create('q', { ...SPEC, dir, commit: [{ offset: 0, length: SPEC.size + 1 }] }),
      RangeError,
    );
    assert.throws(() => Segment.create('q', { ...SPEC, dir, size: 5000 }), RangeError);
    assert.deepEqual(readdirSync(dir), []);
  });

  const noTmpfs = mountRefusal('tmpfs');

  itUnless(noTmpfs, 'is refused on a full device, with both numbers, and nothing stays behind', () => {
    const dir = scratch.mount('tmpfs', 'size=1m');
    const commit = [{ offset: 4096, length: 2 * MIB }];
    const error = throwsCode(
      () => Segment.create('q', { ...SPEC, dir, size: 4 * MIB, commit }),
      'ERR_RINGWAY_NO_SPACE',
    );
    assert.match(error.message, /2101248 bytes\) needed, .*1048576 bytes\) available.*--shm-size/);
    const bytes = new Uint8Array(2 * MIB);
    const fill = (write: (offset: number, bytes: Uint8Array) => void): void => write(4096, bytes);
    throwsCode(() => Segment.create('q', { ...SPEC, dir, size: 4 * MIB, fill }), 'ERR_RINGWAY_NO_SPACE');
    assert.deepEqual(readdirSync(dir), []);
    scratch.keep(Segment.create('q', { ...SPEC, dir, size: MIB, commit: [{ offset: 0, length: MIB }] }));
  });

  itUnless(noTmpfs, 'is refused where no more objects can be made at all', () => {
    const dir = scratch.mount('tmpfs', 'nr_inodes=1');
    throwsCode(() => Segment.create('q', { ...SPEC, dir }), 'ERR_RINGWAY_NO_SPACE');
  });

  itUnless(noTmpfs, 'commits later what is there, and leaves a range as it was when there is too little', () => {
    const dir = scratch.mount('tmpfs', 'size=1m');
    const segment = scratch.keep(Segment.create('q', { ...SPEC, dir, size: 4 * MIB }));
    segment.commit(4096, MIB / 2);
    const before = statSync(segment.path).blocks;
    throwsCode(() => segment.commit(MIB, MIB), 'ERR_RINGWAY_NO_SPACE');
    assert.equal(statSync(segment.path).blocks, before);
    throwsCode(() => segment.attachments.create('0.1', [new Uint8Array(MIB)]), 'ERR_RINGWAY_NO_SPACE');
    assert.equal(readdirSync(dir).length, 1);
    segment.punch(4096, MIB / 2);
    assert.equal(statSync(segment.path).blocks * 512, 4096);
  });

  itUnless(noTmpfs, 'fits into a tmpfs without a limit', () => {
    const dir = scratch.mount('tmpfs', 'size=0');
    assert.doesNotThrow(() =>
      scratch.keep(Segment.create('q', { ...SPEC, dir, commit: [{ offset: 0, length: 8192 }] })),
    );
  });

  it('is one, when eight processes create it at the same moment', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, () => peers.start()));
    for (let round = 0; round < 5; round += 1) {
      const name = scratch.name();
      const opened = (await Promise.all(all.map((each) => each.ask({ do: 'openOrCreate', name, spec: SPEC })))) as {
        created: boolean;
        creationId: string;
      }[];
      assert.equal(opened.filter(({ created }) => created).length, 1);
      assert.equal(new Set(opened.map(({ creationId }) => creationId)).size, 1);
      Segment.unlink(name);
    }
  });

  it('is whole or absent, whenever its creator is killed', async () => {
    const dir = scratch.directory();
    const spec = { ...SPEC, dir, size: 4 * MIB, commit: [{ offset: 0, length: 4 * MIB }] };
    for (let round = 0; round < 12; round += 1) {
      const creator = await peers.start();
      // Not waiting for the answer: it is killed between here and soon after, at a moment that the machine chooses.
      for (let count = 0; count < 40; count += 1) creator.tell({ do: 'create', name: `q${round}-${count}`, spec });
      for (let heard = 0; heard <= round; heard += 1) await creator.hear();
      await creator.kill();
      const left = readdirSync(dir);
      const found = Segment.list({ dir });
      assert.equal(found.length, left.length, left.join(' '));
      for (const { name } of found) {
        Segment.open(name, { kind: 1, dir }).close();
        Segment.unlink(name, { dir });
      }
    }
  });

  it('tells the boot that it was made in', () => {
    const segment = scratch.keep(Segment.create(scratch.name(), SPEC));
    assert.equal(segment.header.bootId, readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());
  });
});
