import assert from 'node:assert/strict';
import { execFileSync, fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { copyFile } from '@ringway/memory';
import { load } from '@ringway/native';

import { UnbornFile } from '../dist/unborn-file.js';
import { cgroupRefusal, makeCgroup } from './support/cgroup.js';
import { hear as hearChild } from './posix/support/child.js';
import { itUnless, notRoot } from './support/conditional.js';
import { Scratch, mountRefusal } from './support/scratch.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
/** Copied by one job; what is larger takes several. */
const PART = 64 * MIB;
const NOBODY = 65534;

describe('copying a file', () => {
  const scratch = new Scratch();
  const children = new Set<ChildProcess>();

  afterEach(async () => {
    for (const child of children) {
      const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await gone;
    }
    children.clear();
    scratch.clean();
  });

  function start(fixture: string, ...args: string[]): ChildProcess {
    const path = fileURLToPath(new URL(`fixtures/${fixture}.js`, import.meta.url));
    const child = fork(path, args, { stdio: 'inherit' });
    children.add(child);
    return child;
  }

  /** The next thing that a child says. */
  async function hear(child: ChildProcess): Promise<unknown> {
    const [said] = (await once(child, 'message')) as [unknown];
    return said;
  }

  /** A file of random bytes. */
  function make(path: string, bytes: number): Buffer {
    const contents = randomFillSync(Buffer.allocUnsafe(bytes));
    writeFileSync(path, contents);
    return contents;
  }

  describe('of each size', () => {
    for (const bytes of [0, 1, 4095, 4096, 4097, PART - 1, PART, 2 * PART + 4099]) {
      it(`gives the same ${bytes} bytes`, async () => {
        const dir = scratch.directory();
        const contents = make(join(dir, 'a'), bytes);
        assert.deepEqual(await copyFile(join(dir, 'a'), join(dir, 'b')), {
          path: realpathSync(join(dir, 'b')),
          size: bytes,
        });
        assert.ok(readFileSync(join(dir, 'b')).equals(contents));
        assert.deepEqual(readdirSync(dir).sort(), ['a', 'b']);
      });
    }

    it('tells how far it is: from 0 to all, never back', async () => {
      const dir = scratch.directory();
      make(join(dir, 'a'), 2 * PART + 5);
      const told: number[] = [];
      await copyFile(join(dir, 'a'), join(dir, 'b'), {
        onProgress: (done, total) => {
          assert.equal(total, 2 * PART + 5);
          told.push(done);
        },
      });
      assert.deepEqual(told, [0, PART, 2 * PART, 2 * PART + 5]);
    });

    it('copies from one file system to another', async () => {
      const dir = scratch.directory();
      const contents = make(join(dir, 'a'), 100_001);
      const shared = `/dev/shm/ringway.${process.env.RINGWAY_NAMESPACE ?? ''}copy`;
      await copyFile(join(dir, 'a'), shared);
      await copyFile(shared, join(dir, 'b'));
      execFileSync('rm', [shared]);
      assert.ok(readFileSync(join(dir, 'b')).equals(contents));
    });

    itUnless(cgroupRefusal(), 'takes no more memory than a process may have, however large the file is', async () => {
      const dir = scratch.directory();
      const source = join(dir, 'a');
      const fd = openSync(source, 'w');
      const block = randomFillSync(Buffer.allocUnsafe(PART));
      for (let n = 0; n < 5; n++) writeSync(fd, block);
      closeSync(fd);
      const group = makeCgroup(96 * MIB);
      scratch.later(() => group.remove());
      const child = start('copy', source, join(dir, 'b'));
      await hear(child);
      group.add(child.pid ?? 0);
      const gone = once(child, 'exit');
      child.send('go');
      const outcome = (await hear(child)) as { maxRss: number };
      assert.ok(outcome.maxRss * 1024 < 5 * PART, JSON.stringify(outcome));
      await gone;
      execFileSync('cmp', [source, join(dir, 'b')]);
    });
  });

  describe('with holes', () => {
    it('keeps them, at the beginning, in between and at the end', async () => {
      const dir = scratch.directory();
      const size = 300 * MIB + 12_345;
      const fd = openSync(join(dir, 'a'), 'w');
      ftruncateSync(fd, size);
      const places = [MIB, PART - 4096, 2 * PART + 1, 4 * PART + 4096];
      for (const place of places) writeSync(fd, `data at ${place}`, place);
      closeSync(fd);
      let last = -1;
      await copyFile(join(dir, 'a'), join(dir, 'b'), { onProgress: (done) => (last = done) });
      assert.equal(last, size);
      const [a, b] = [statSync(join(dir, 'a')), statSync(join(dir, 'b'))];
      assert.equal(b.size, size);
      assert.ok(b.blocks <= a.blocks + 8, `${b.blocks} blocks of ${a.blocks}`);
      execFileSync('cmp', [join(dir, 'a'), join(dir, 'b')]);
    });

    it('copies nothing where there is nothing but a hole', async () => {
      const dir = scratch.directory();
      writeFileSync(join(dir, 'a'), '');
      truncateSync(join(dir, 'a'), 1024 * GIB + 1);
      const told: number[] = [];
      await copyFile(join(dir, 'a'), join(dir, 'b'), { onProgress: (done) => told.push(done) });
      assert.deepEqual([statSync(join(dir, 'b')).size, statSync(join(dir, 'b')).blocks], [1024 * GIB + 1, 0]);
      assert.deepEqual([told[0], told.at(-1)], [0, 1024 * GIB + 1]);
      assert.ok(told.length < 10, 'a hole is passed over at once');
    });

    it('copies thousands of small pieces', async () => {
      const dir = scratch.directory();
      const fd = openSync(join(dir, 'a'), 'w');
      for (let n = 0; n < 4000; n++) writeSync(fd, `piece ${n}`, n * 12_288);
      closeSync(fd);
      await copyFile(join(dir, 'a'), join(dir, 'b'));
      assert.equal(statSync(join(dir, 'b')).blocks, statSync(join(dir, 'a')).blocks);
      execFileSync('cmp', [join(dir, 'a'), join(dir, 'b')]);
    });
  });

  describe('over what is there', () => {
    it('gives the permission bits of the source, whatever the umask and the old target say', async () => {
      const dir = scratch.directory();
      make(join(dir, 'a'), 1);
      const before = process.umask(0o077);
      try {
        for (const mode of [0o666, 0o751, 0o4755, 0o400]) {
          chmodSync(join(dir, 'a'), mode);
          await copyFile(join(dir, 'a'), join(dir, 'b'));
          assert.equal(statSync(join(dir, 'b')).mode & 0o7777, mode & 0o777);
          chmodSync(join(dir, 'b'), 0o600);
        }
      } finally {
        process.umask(before);
      }
    });

    it('replaces it in one moment: who has it open keeps it, and it is whole until then', async () => {
      const dir = scratch.directory();
      const contents = make(join(dir, 'a'), PART + 1);
      writeFileSync(join(dir, 'b'), 'old');
      const old = openSync(join(dir, 'b'), 'r');
      scratch.later(() => closeSync(old));
      await copyFile(join(dir, 'a'), join(dir, 'b'), {
        onProgress: () => assert.equal(readFileSync(join(dir, 'b'), 'utf8'), 'old'),
      });
      assert.ok(readFileSync(join(dir, 'b')).equals(contents));
      const bytes = Buffer.alloc(8);
      assert.equal(bytes.toString('latin1', 0, readSync(old, bytes)), 'old');
      assert.deepEqual(readdirSync(dir).sort(), ['a', 'b']);
    });

    it('sweeps what was left by one who was killed just before his copy got its name', async () => {
      const dir = scratch.directory();
      const left = join(dir, `.ringway~${'0'.repeat(32)}`);
      for (const path of [join(dir, 'a'), join(dir, 'b'), left]) writeFileSync(path, 'x');
      await copyFile(join(dir, 'a'), join(dir, 'b'));
      assert.deepEqual(readdirSync(dir).sort(), ['a', 'b']);
    });

    it('refuses to replace it without force, be it there before or made meanwhile', async () => {
      const dir = scratch.directory();
      make(join(dir, 'a'), 1);
      const options = { force: false, onProgress: () => writeFileSync(join(dir, 'b'), 'theirs') };
      await assert.rejects(copyFile(join(dir, 'a'), join(dir, 'b'), options), { code: 'ERR_RINGWAY_EXISTS' });
      await assert.rejects(copyFile(join(dir, 'a'), join(dir, 'b'), { force: false }), { code: 'ERR_RINGWAY_EXISTS' });
      assert.equal(readFileSync(join(dir, 'b'), 'utf8'), 'theirs');
      assert.deepEqual(readdirSync(dir).sort(), ['a', 'b']);
    });

    it('copies into a directory, through links on both sides', async () => {
      const dir = scratch.directory();
      make(join(dir, 'a'), 100);
      mkdirSync(join(dir, 'sub'));
      symlinkSync('a', join(dir, 'to-a'));
      symlinkSync('sub', join(dir, 'to-sub'));
      writeFileSync(join(dir, 'b'), 'old');
      symlinkSync('b', join(dir, 'to-b'));
      const real = realpathSync(dir);
      assert.equal((await copyFile(join(dir, 'to-a'), join(dir, 'to-sub'))).path, join(real, 'sub', 'to-a'));
      assert.equal((await copyFile(join(dir, 'a'), join(dir, 'to-b'))).path, join(real, 'b'));
      assert.equal(readlinkSync(join(dir, 'to-b')), 'b');
      for (const path of ['sub/to-a', 'b']) {
        assert.ok(readFileSync(join(dir, path)).equals(readFileSync(join(dir, 'a'))));
        assert.ok(statSync(join(dir, path)).isFile());
      }
    });

    it('refuses to copy a file over itself, by any of its names', async () => {
      const dir = scratch.directory();
      const contents = make(join(dir, 'a'), 10);
      linkSync(join(dir, 'a'), join(dir, 'hard'));
      symlinkSync('a', join(dir, 'soft'));
      for (const target of ['a', 'hard', 'soft', '.']) {
        await assert.rejects(copyFile(join(dir, 'a'), join(dir, target)), { code: 'ERR_RINGWAY_SAME_FILE' });
      }
      assert.ok(readFileSync(join(dir, 'a')).equals(contents));
    });
  });

  describe('of what is no file', () => {
    it('refuses directories, FIFOs, devices and sockets on both sides, without waiting', async () => {
      const dir = scratch.directory();
      make(join(dir, 'a'), 10);
      mkdirSync(join(dir, 'sub', 'a'), { recursive: true });
      execFileSync('mkfifo', [join(dir, 'fifo')]);
      const server = createServer().listen(join(dir, 'socket'));
      await once(server, 'listening');
      try {
        for (const path of [join(dir, 'sub'), join(dir, 'fifo'), join(dir, 'socket'), '/dev/zero']) {
          await assert.rejects(copyFile(path, join(dir, 'b')), { code: 'ERR_RINGWAY_NOT_A_FILE' });
        }
        for (const path of [join(dir, 'sub'), join(dir, 'fifo'), join(dir, 'socket'), '/dev/null']) {
          await assert.rejects(copyFile(join(dir, 'a'), path), { code: 'ERR_RINGWAY_NOT_A_FILE' });
        }
      } finally {
        server.close();
      }
      assert.equal(existsSync(join(dir, 'b')), false);
    });

    it('refuses a link to nothing, and a name that only a directory can have', async () => {
      const dir = scratch.directory();
      make(join(dir, 'a'), 10);
      symlinkSync('nowhere', join(dir, 'link'));
      for (const target of ['link', 'new/']) {
        await assert.rejects(copyFile(join(dir, 'a'), join(dir, target)), { code: 'ERR_RINGWAY_NOT_A_FILE' });
      }
      await assert.rejects(copyFile(join(dir, 'a'), join(dir, 'a/')), { code: 'ENOTDIR' });
      await assert.rejects(copyFile(join(dir, 'link'), join(dir, 'b')), { code: 'ENOENT' });
      await assert.rejects(copyFile(join(dir, 'a'), join(dir, 'no', 'b')), { code: 'ENOENT' });
      assert.deepEqual(readdirSync(dir).sort(), ['a', 'link']);
    });

    it('takes no file of /proc for an empty one', async () => {
      const dir = scratch.directory();
      await assert.rejects(copyFile('/proc/self/status', join(dir, 'b')), { code: 'ERR_RINGWAY_NOT_A_FILE' });
      await assert.rejects(copyFile('/sys/kernel/mm/transparent_hugepage/enabled', join(dir, 'b')), {
        code: 'ENODEV',
        syscall: 'mmap',
      });
      assert.deepEqual(readdirSync(dir), []);
    });

    it('refuses arguments that are no paths', async () => {
      for (const path of ['', 'a\0b', 7, undefined, null]) {
        await assert.rejects(copyFile(path as string, 'b'), TypeError);
        await assert.rejects(copyFile('a', path as string), TypeError);
      }
    });
  });

  describe('that is not allowed', () => {
    itUnless(notRoot(), 'says EACCES: no reading, no writing, no new file', async () => {
      const dir = scratch.directory();
      make(join(dir, 'secret'), 10);
      chmodSync(join(dir, 'secret'), 0o600);
      make(join(dir, 'a'), 10);
      chmodSync(join(dir, 'a'), 0o644);
      mkdirSync(join(dir, 'open'));
      chmodSync(join(dir, 'open'), 0o777);
      writeFileSync(join(dir, 'open', 'mine'), 'root’s');
      chmodSync(dir, 0o755);
      process.seteuid?.(NOBODY);
      try {
        await assert.rejects(copyFile(join(dir, 'secret'), join(dir, 'open', 'b')), { code: 'EACCES' });
        await assert.rejects(copyFile(join(dir, 'a'), join(dir, 'b')), { code: 'EACCES' });
        assert.equal((await copyFile(join(dir, 'a'), join(dir, 'open', 'b'))).size, 10);
      } finally {
        process.seteuid?.(0);
      }
      assert.equal(statSync(join(dir, 'open', 'b')).uid, NOBODY);
      assert.deepEqual(readdirSync(join(dir, 'open')).sort(), ['b', 'mine']);
    });
  });

  it('without a descriptor left names the call that wanted one', () => {
    const dir = scratch.directory();
    writeFileSync(join(dir, 'a'), 'x');
    // Two are free, for the source and the target: the jobs need one more each.
    const script = `
      const { copyFile, native } = await import('@ringway/memory');
      native();
      const fds = [];
      const full = codeOf(() => { for (;;) fds.push(fs.openSync('/dev/null')); });
      for (const fd of fds.slice(-2)) fs.closeSync(fd);
      const [from, to] = argv;
      await copyFile(from, to).then(
        () => say('copied'),
        ({ code, syscall }) => say([full, code, syscall]),
      );`;
    const said = hearChild(script, { limits: { n: 64 }, argv: [join(dir, 'a'), join(dir, 'b')] });
    assert.deepEqual(said, ['EMFILE', 'EMFILE', 'fcntl']);
    assert.deepEqual(readdirSync(dir), ['a']);
  });

  describe('onto a full device', () => {
    itUnless(
      mountRefusal('tmpfs'),
      'says how much is needed and how much there is, and leaves what was there',
      async () => {
        const full = scratch.mount('tmpfs', 'size=1m');
        const dir = scratch.directory();
        make(join(dir, 'a'), 2 * MIB);
        writeFileSync(join(full, 'b'), 'old');
        await assert.rejects(copyFile(join(dir, 'a'), join(full, 'b')), {
          code: 'ERR_RINGWAY_NO_SPACE',
          message: /2097152 bytes\) needed, .*1044480 bytes\) available/,
        });
        assert.deepEqual([readdirSync(full), readFileSync(join(full, 'b'), 'utf8')], [['b'], 'old']);
      },
    );

    itUnless(mountRefusal('tmpfs'), 'that somebody fills meanwhile', async () => {
      const full = scratch.mount('tmpfs', 'size=8m');
      const dir = scratch.directory();
      make(join(dir, 'a'), 6 * MIB);
      const onProgress = (): void => writeFileSync(join(full, 'filler'), Buffer.alloc(4 * MIB));
      await assert.rejects(copyFile(join(dir, 'a'), join(full, 'b'), { onProgress }), {
        code: 'ERR_RINGWAY_NO_SPACE',
        message: /6291456 bytes\) needed, .*4194304 bytes\) available/,
      });
      assert.deepEqual(readdirSync(full), ['filler']);
      assert.equal(statSync(full).isDirectory(), true);
    });

    itUnless(mountRefusal('tmpfs'), 'needs room for data only, not for holes', async () => {
      const small = scratch.mount('tmpfs', 'size=1m');
      writeFileSync(join(small, 'a'), 'data');
      truncateSync(join(small, 'a'), 3 * GIB);
      await copyFile(join(small, 'a'), join(small, 'b'));
      assert.equal(statSync(join(small, 'b')).size, 3 * GIB);
    });
  });

  describe('that changes meanwhile', () => {
    it('refuses a source that shrinks, with both sizes, and leaves the target as it was', async () => {
      const dir = scratch.directory();
      const source = join(dir, 'a');
      for (const size of [0, 5, PART + 7]) {
        make(source, 3 * PART);
        writeFileSync(join(dir, 'b'), 'old');
        await assert.rejects(
          copyFile(source, join(dir, 'b'), {
            onProgress: (done) => done === PART && execFileSync('truncate', ['-s', String(size), source]),
          }),
          { code: 'ERR_RINGWAY_SOURCE_TRUNCATED', message: new RegExp(`from ${3 * PART} to ${size} bytes`) },
        );
        assert.equal(readFileSync(join(dir, 'b'), 'utf8'), 'old');
      }
      assert.deepEqual(readdirSync(dir).sort(), ['a', 'b']);
    });

    it('never crashes while another process cuts the source and lets it grow', async () => {
      const dir = scratch.directory();
      const source = join(dir, 'a');
      const size = 8 * MIB;
      make(source, size);
      const cutter = start('cut', source, String(size));
      await hear(cutter);
      const outcomes = new Set<unknown>();
      for (let n = 0; n < 200; n++) {
        outcomes.add(
          await copyFile(source, join(dir, 'b')).then(
            () => 'copied',
            (error: unknown) => (error as { code?: unknown }).code,
          ),
        );
      }
      for (const outcome of outcomes) {
        assert.ok(['copied', 'ERR_RINGWAY_SOURCE_TRUNCATED'].includes(String(outcome)), String(outcome));
      }
      assert.deepEqual(
        readdirSync(dir).filter((name) => name !== 'b'),
        ['a'],
      );
    });

    it('copies a source that grows up to the size that it had', async () => {
      const dir = scratch.directory();
      const contents = make(join(dir, 'a'), PART + 1);
      await copyFile(join(dir, 'a'), join(dir, 'b'), {
        onProgress: () => writeFileSync(join(dir, 'a'), 'more', { flag: 'a' }),
      });
      assert.ok(readFileSync(join(dir, 'b')).equals(contents));
    });
  });

  describe('that is broken off', () => {
    it('by a signal rejects as Node does, before and meanwhile', async () => {
      const dir = scratch.directory();
      make(join(dir, 'a'), 3 * PART);
      const cause = new Error('enough');
      const expected = { name: 'AbortError', code: 'ABORT_ERR', cause };
      await assert.rejects(copyFile(join(dir, 'a'), join(dir, 'b'), { signal: AbortSignal.abort(cause) }), expected);
      for (const until of [0, PART, 3 * PART]) {
        const controller = new AbortController();
        const onProgress = (done: number): void => {
          if (done === until) controller.abort(cause);
        };
        const { signal } = controller;
        await assert.rejects(copyFile(join(dir, 'a'), join(dir, 'b'), { signal, onProgress }), expected);
      }
      assert.deepEqual(readdirSync(dir), ['a']);
    });

    it('by its own listener leaves nothing behind', async () => {
      const dir = scratch.directory();
      make(join(dir, 'a'), PART + 1);
      const error = new Error('the listener’s');
      const onProgress = (done: number): void => {
        if (done > 0) throw error;
      };
      await assert.rejects(copyFile(join(dir, 'a'), join(dir, 'b'), { onProgress }), error);
      assert.deepEqual(readdirSync(dir), ['a']);
    });

    it('by SIGKILL leaves nothing behind', async () => {
      const dir = scratch.directory();
      make(join(dir, 'a'), 2 * PART);
      const child = start('copy', join(dir, 'a'), join(dir, 'b'), 'pause');
      assert.equal(await hear(child), 'ready');
      child.send('go');
      assert.equal(await hear(child), 'copying');
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      assert.deepEqual(readdirSync(dir), ['a']);
    });

    it('keeps the event loop free meanwhile', async () => {
      const dir = scratch.directory();
      make(join(dir, 'a'), 4 * PART);
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      await copyFile(join(dir, 'a'), join(dir, 'b'));
      clearInterval(timer);
      assert.ok(turns > 4, `${turns} turns`);
    });
  });

  describe('where no file can be made without a name', () => {
    const native = load();

    it('writes under a temporary one, which goes in any case', () => {
      const dir = scratch.directory();
      const finish = (replace: boolean): void => {
        const file = UnbornFile.createNamed(native, join(dir, 'b'), 4096);
        try {
          assert.equal(readdirSync(dir).filter((name) => name.startsWith('.ringway~')).length, 1);
          file.publish(0o640, replace);
        } finally {
          file.discard();
        }
      };
      finish(false);
      const first = statSync(join(dir, 'b'));
      assert.deepEqual([first.size, first.mode & 0o777], [4096, 0o640]);
      assert.throws(() => finish(false), { code: 'ERR_RINGWAY_EXISTS' });
      finish(true);
      assert.notEqual(statSync(join(dir, 'b')).ino, first.ino);
      assert.deepEqual(readdirSync(dir), ['b']);
    });
  });
});
