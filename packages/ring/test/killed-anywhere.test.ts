import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { TEST_MS } from './support/turns.js';

const MOCHA = createRequire(import.meta.url).resolve('mocha/bin/mocha.js');
const SUITE = fileURLToPath(new URL('support/killed-anywhere.suite.js', import.meta.url));

// The suite stops a process at its atomic accesses. Where the processor keeps the order of plain ones, some of them are plain; with RINGWAY_STRICT_ORDER=1 each is atomic,
// at the same place of the same code.
describe('with every access atomic', function () {
  this.timeout(TEST_MS);

  it('nothing is lost or invented, whichever access is the last of a process', () => {
    const { status, stdout } = spawnSync(
      process.execPath,
      [MOCHA, '--no-config', '--timeout', String(TEST_MS), SUITE],
      {
        env: { ...process.env, RINGWAY_STRICT_ORDER: '1' },
        encoding: 'utf8',
      },
    );
    assert.equal(status, 0, stdout);
    assert.match(stdout, /^ {2}\d+ passing/m);
  });
});
