import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

import { Scratch } from './support/scratch.js';

describe('a look for missing memory after a load', () => {
  const scratch = new Scratch();

  afterEach(() => scratch.clean());

  // Without the last compiler of V8 the one before it stays at work, which is the one that merges looks (Node.js 24, 26).
  for (const compiler of ['--no-opt', '--no-turbofan', '--turbofan']) {
    it(`is not merged with the look before it: ${compiler}`, () => {
      const fixture = fileURLToPath(new URL('fixtures/compiled-reader.js', import.meta.url));
      const { status, stdout, stderr } = spawnSync(process.execPath, [compiler, fixture, scratch.directory()], {
        encoding: 'utf8',
      });
      assert.equal(stdout, 'ERR_RINGWAY_SEGMENT_TRUNCATED', stderr);
      assert.equal(status, 0, stderr);
    });
  }
});
