import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runExample } from './support/example.js';
import { Scratch } from './support/scratch.js';

const MIB = 1024 * 1024;
const MOST_LINES = 40;
const SOURCE = fileURLToPath(new URL('../src/mycp.ts', import.meta.url));

describe('the example mycp', () => {
  let scratch: Scratch;
  beforeEach(() => (scratch = new Scratch()));
  afterEach(() => scratch.dispose());

  it('is short', () => {
    assert.ok(readFileSync(SOURCE, 'utf8').trimEnd().split('\n').length < MOST_LINES);
  });

  for (const bytes of [0, 1, 4096, 65 * MIB + 1]) {
    it(`copies ${bytes} bytes, and the mode`, async () => {
      const source = scratch.file('a', randomBytes(bytes));
      const target = join(scratch.directory, 'b');
      chmodSync(source, 0o666);
      assert.deepEqual(await runExample('mycp', source, target), { status: 0, stdout: '', stderr: '' });
      execFileSync('cmp', [source, target]);
      assert.equal(statSync(target).mode & 0o777, 0o666);
    });
  }

  it('overwrites nothing', async () => {
    const source = scratch.file('a', 'new');
    const target = scratch.file('b', 'old');
    const { status, stderr } = await runExample('mycp', source, target);
    assert.equal(status, 1);
    assert.match(stderr, /EEXIST/);
    assert.equal(readFileSync(target, 'utf8'), 'old');
  });

  const refusal = mountRefusal();
  (refusal === undefined ? it : it.skip)(
    `on a full disk ends with an error, by no signal, and leaves no target${refusal === undefined ? '' : ` (skipped: ${refusal})`}`,
    async () => {
      const source = scratch.file('a', randomBytes(2 * MIB));
      const full = mount(scratch);
      try {
        const { status, stderr } = await runExample('mycp', source, join(full, 'b'));
        assert.equal(status, 1);
        assert.match(stderr, /ERR_RINGWAY_SEGMENT_TRUNCATED/);
        assert.deepEqual(readdirSync(full), []);
      } finally {
        execFileSync('umount', [full]);
      }
    },
  );

  it('tells how it is used', async () => {
    const { status, stderr } = await runExample('mycp', 'a');
    assert.equal(status, 1);
    assert.match(stderr, /usage: mycp SOURCE TARGET/);
    assert.equal(existsSync('a'), false);
  });
});

/** A tmpfs of 1 MiB. */
function mount(scratch: Scratch): string {
  const path = join(scratch.directory, 'full');
  mkdirSync(path);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'ringway-example', path], { stdio: 'pipe' });
  return path;
}

/** Why none can be mounted here, or undefined. */
function mountRefusal(): string | undefined {
  const scratch = new Scratch();
  try {
    execFileSync('umount', [mount(scratch)]);
    return undefined;
  } catch (error) {
    return `mounting tmpfs is refused: ${error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error)}`;
  } finally {
    scratch.dispose();
  }
}
