import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const KILLS = 30;
const CHAOS = fileURLToPath(new URL('chaos/main.js', import.meta.url));

describe('chaos of topics', function () {
  this.timeout(300_000);

  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ringway-test-'));
  });

  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** What a run says, and its exit code. What it keeps when it has found something goes with the folder. */
  async function run(...args: string[]): Promise<{ said: string; code: unknown }> {
    const child = spawn(process.execPath, [CHAOS, '--topic', ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: folder },
    });
    const exit = once(child, 'exit');
    const [said, complained] = await Promise.all([text(child.stdout), text(child.stderr)]);
    const [code] = (await exit) as [unknown];
    return { said: complained + said, code };
  }

  it(`of ${KILLS} kills at random moments loses, tears, invents and stalls nothing`, async () => {
    const { said, code } = await run('--kills', String(KILLS));
    assert.ok(said.endsWith(`kills ${KILLS} lost 0 torn 0 invented 0 stalled 0\n`), said);
    assert.equal(code, 0);
  });

  // What is found ends the run, so that more kills cost nothing.
  for (const [mistake, what] of [
    ['blind-reader', 'readers that do not look at the intent'],
    ['silent-writer', 'publishers that do not store their intent'],
    ['deaf-subscriber', 'subscribers that do not see that they were disconnected'],
    ['careless-publisher', 'publishers that wait for nobody'],
  ] as const) {
    it(`finds ${what}`, async () => {
      const { said, code } = await run('--kills', '150', '--plant', mistake);
      assert.match(said, /^(lost|torn|invented): /m, said);
      assert.match(said, / (lost|torn|invented) [1-9][0-9]* .*\n$/, said);
      assert.equal(code, 1);
    });
  }
});
