import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const KILLS = 300;
const CHAOS = fileURLToPath(new URL('chaos/main.js', import.meta.url));

describe('chaos', function () {
  this.timeout(300_000);

  it(`of ${KILLS} kills at random moments loses, invents, reorders and stalls nothing`, async () => {
    const child = spawn(process.execPath, [CHAOS, '--kills', String(KILLS)], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = await text(child.stdout);
    assert.ok(said.endsWith(`kills ${KILLS} lost 0 invented 0 reordered 0 stalled 0\n`), said);
  });
});
