import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const KILLS = 21;
const CHAOS = fileURLToPath(new URL('chaos/main.js', import.meta.url));

describe('chaos of the primitives', function () {
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
    const child = spawn(process.execPath, [CHAOS, '--sync', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: folder },
    });
    const exit = once(child, 'exit');
    const said = await text(child.stdout);
    const [code] = (await exit) as [unknown];
    return { said, code };
  }

  it(`of ${KILLS} kills at random moments loses, doubles and stalls nothing`, async () => {
    const { said, code } = await run('--kills', String(KILLS));
    assert.ok(said.endsWith(`kills ${KILLS} lost 0 doubled 0 stalled 0\n`), said);
    assert.equal(code, 0);
  });

  it('finds nobody asleep who could go on, where all await and no death wakes them', async () => {
    const { said, code } = await run('--kills', '8', '--only', 'mutex,barrier');
    assert.match(said, /^mutex-patient: 1 kills/m, said);
    assert.match(said, /^barrier-patient: 1 kills/m, said);
    assert.ok(said.endsWith('kills 8 lost 0 doubled 0 stalled 0\n'), said);
    assert.equal(code, 0);
  });

  // What is found at once ends the run, so that more kills cost nothing; permits are counted at its end.
  const planted = [
    { mistake: 'ignore-lock', part: 'mutex', kind: 'doubled', kills: 40, what: 'who enters without asking the mutex' },
    { mistake: 'keep-lock', part: 'mutex', kind: 'stalled', kills: 40, what: 'who keeps the mutex and says nothing' },
    { mistake: 'forget-permits', part: 'semaphore', kind: 'lost', kills: 12, what: 'permits that are not released' },
    { mistake: 'ignore-lock', part: 'barrier', kind: 'doubled', kills: 40, what: 'who passes without waiting' },
  ] as const;

  for (const { mistake, part, kind, kills, what } of planted) {
    it(`finds ${what}`, async () => {
      const { said, code } = await run('--kills', String(kills), '--only', part, '--plant', mistake);
      assert.match(said, new RegExp(`^${kind}: `, 'm'), said);
      assert.match(said, new RegExp(` ${kind} [1-9][0-9]*\\b`), said);
      assert.equal(code, 1);
    });
  }
});
