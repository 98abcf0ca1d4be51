import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  ftruncateSync,
  closeSync,
  openSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';

import { Program, terminalRefusal } from './support/program.js';
import { Scratch, mountRefusal } from './support/scratch.js';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const QUIET = { status: 0, stdout: '', stderr: '' };

describe('mycp: ringway cp', () => {
  const scratch = new Scratch();
  const program = new Program();

  afterEach(async () => {
    await program.kill();
    scratch.clean();
  });

  /** An empty directory with a file `a` of random bytes in it. */
  function withFile(bytes: number): { dir: string; a: string; b: string } {
    const dir = scratch.directory();
    const a = join(dir, 'a');
    writeFileSync(a, randomFillSync(Buffer.allocUnsafe(bytes)));
    return { dir, a, b: join(dir, 'b') };
  }

  for (const [words, bytes] of [
    ['nothing', 0],
    ['1 byte', 1],
    ['100 MiB and 3 bytes', 100 * MIB + 3],
  ] as const) {
    it(`copies ${words}`, async () => {
      const { dir, a, b } = withFile(bytes);
      assert.deepEqual(await program.run('cp', a, b), QUIET);
      execFileSync('cmp', [a, b]);
      assert.deepEqual(readdirSync(dir).sort(), ['a', 'b']);
    });
  }

  it('copies 3 GiB of which most is a hole, and keeps the hole', async () => {
    const dir = scratch.directory();
    const [a, b] = [join(dir, 'a'), join(dir, 'b')];
    const fd = openSync(a, 'w');
    ftruncateSync(fd, 3 * GIB);
    for (const place of [0, GIB + 5, 3 * GIB - 4]) writeSync(fd, 'data', place);
    closeSync(fd);
    assert.deepEqual(await program.run('cp', a, b), QUIET);
    assert.equal(statSync(b).size, 3 * GIB);
    assert.ok(statSync(b).blocks <= statSync(a).blocks + 8);
    // Only where there is data: to read 3 GiB of zeros twice takes long, and says no more.
    for (const place of [0, GIB, 3 * GIB - MIB]) {
      execFileSync('cmp', [`--ignore-initial=${place}`, `--bytes=${MIB}`, a, b]);
    }
  });

  it('keeps the mode, replaces what is there, and copies into a directory', async () => {
    const { dir, a, b } = withFile(10);
    execFileSync('chmod', ['0754', a]);
    writeFileSync(b, 'old');
    assert.deepEqual(await program.run('cp', a, b), QUIET);
    assert.equal(statSync(b).mode & 0o777, 0o754);
    execFileSync('cmp', [a, b]);
    execFileSync('mkdir', [join(dir, 'c')]);
    assert.deepEqual(await program.run('cp', a, join(dir, 'c')), QUIET);
    execFileSync('cmp', [a, join(dir, 'c', 'a')]);
  });

  it('prints one line of JSON if asked', async () => {
    const { dir, a } = withFile(5000);
    const { status, stdout, stderr } = await program.run('cp', '--json', a, join(dir, '.', 'b'));
    assert.deepEqual([status, stderr], [0, '']);
    const { milliseconds, ...rest } = JSON.parse(stdout) as Record<string, unknown>;
    assert.deepEqual(rest, { source: a, target: join(realpathSync(dir), 'b'), bytes: 5000 });
    assert.equal(typeof milliseconds, 'number');
    assert.equal(stdout.split('\n').length, 2);
  });

  const noTerminal = terminalRefusal();
  (noTerminal === undefined ? it : it.skip)(
    `shows its progress on a terminal${noTerminal === undefined ? '' : ` (skipped: ${noTerminal})`}`,
    async () => {
      const { a, b } = withFile(1000);
      const { status, stdout } = await program.terminal('cp', a, b);
      assert.equal(status, 0, stdout);
      assert.match(stdout, / 0 %, 0 B of 1000 B/);
      execFileSync('cmp', [a, b]);
    },
  );

  it('says why it cannot, with the code, and exits with 1', async () => {
    const { dir, a } = withFile(10);
    for (const [source, target, message] of [
      [join(dir, 'none'), join(dir, 'b'), /^ringway: ENOENT: /],
      [dir, join(dir, 'b'), /^ringway: ERR_RINGWAY_NOT_A_FILE: .* is a directory/],
      ['/dev/zero', join(dir, 'b'), /^ringway: ERR_RINGWAY_NOT_A_FILE: .* is a device/],
      [a, a, /^ringway: ERR_RINGWAY_SAME_FILE: /],
      [a, join(dir, 'no', 'b'), /^ringway: ENOENT: /],
    ] as const) {
      const { status, stdout, stderr } = await program.run('cp', source, target);
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, message);
      assert.equal(stderr.split('\n').length, 2, 'one line, no stack');
    }
    assert.deepEqual(readdirSync(dir), ['a']);
  });

  it('does not replace with --no-clobber', async () => {
    const { a, b } = withFile(10);
    writeFileSync(b, 'old');
    const { status, stderr } = await program.run('cp', '-n', a, b);
    assert.equal(status, 1);
    assert.match(stderr, /^ringway: ERR_RINGWAY_EXISTS: /);
    assert.equal(readFileSync(b, 'utf8'), 'old');
  });

  const refusal = mountRefusal();
  (refusal === undefined ? it : it.skip)(
    `onto a full tmpfs tells what is needed and what there is, and leaves nothing${refusal === undefined ? '' : ` (skipped: ${refusal})`}`,
    async () => {
      const full = scratch.mount('1m');
      const { a } = withFile(2 * MIB);
      const { status, stderr } = await program.run('cp', a, full);
      assert.equal(status, 1);
      assert.match(stderr, /^ringway: ERR_RINGWAY_NO_SPACE: .*2097152 bytes\) needed, .* available/);
      assert.deepEqual(readdirSync(full), []);
    },
  );

  it('of a source that shrinks meanwhile tells both sizes, and leaves nothing', async () => {
    const { dir, a, b } = withFile(512 * MIB);
    const { child, ended } = program.start('cp', a, b);
    await copying(child.pid ?? 0, dir);
    child.kill('SIGSTOP');
    truncateSync(a, 1);
    child.kill('SIGCONT');
    const { status, stderr } = await ended;
    assert.equal(status, 1);
    assert.match(stderr, /^ringway: ERR_RINGWAY_SOURCE_TRUNCATED: .*from 536870912 to 1 bytes/);
    assert.deepEqual(readdirSync(dir), ['a']);
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`ended by ${signal} leaves nothing, and exits with ${code}`, async () => {
      const { dir, a, b } = withFile(512 * MIB);
      const { child, ended } = program.start('cp', a, b);
      await copying(child.pid ?? 0, dir);
      child.kill(signal);
      assert.deepEqual(await ended, { status: code, stdout: '', stderr: '' });
      assert.deepEqual(readdirSync(dir), ['a']);
    });
  }
});

/** Resolves when the process has begun to write: it has a file without a name open in the directory. */
async function copying(pid: number, dir: string): Promise<void> {
  const folder = `/proc/${pid}/fd`;
  const unnamed = `${realpathSync(dir)}/#`;
  for (;;) {
    if (readdirSync(folder).some((fd) => target(join(folder, fd))?.startsWith(unnamed) === true)) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Where a descriptor leads; undefined if it was closed since it was listed. */
function target(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
