import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { ERROR_CODES, PosixError, RingwayError } from '@ringway/memory';

describe('errors', () => {
  it('are all explained in docs/errors.md, each once, and no other', () => {
    const page = readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8');
    const explained = [...page.matchAll(/^\| `(ERR_RINGWAY_[A-Z_]+)` \| (.+) \| (.+) \|$/gm)];
    assert.deepEqual(explained.map(([, code]) => code).sort(), [...ERROR_CODES].sort());
  });

  it('have codes of which none is there twice', () => {
    assert.equal(new Set(ERROR_CODES).size, ERROR_CODES.length);
  });

  it('of Ringway carry a code, and what is below them', () => {
    const cause = new Error('below');
    const error = new RingwayError('ERR_RINGWAY_BUSY', 'text', { cause });
    assert.deepEqual(
      [error.name, error.code, error.message, error.cause],
      ['RingwayError', 'ERR_RINGWAY_BUSY', 'text', cause],
    );
  });

  it('of the system look as those of node:fs', () => {
    try {
      readFileSync('/nonexistent');
      assert.fail('there is a file');
    } catch (error) {
      assert.ok(error instanceof Error);
      const own = new PosixError(-2, 'open', '/nonexistent');
      const { errno, code, syscall, path, message } = error as NodeJS.ErrnoException;
      assert.deepEqual(
        [own.errno, own.code, own.syscall, own.path, own.message],
        [errno, code, syscall, path, message],
      );
    }
    assert.equal('path' in new PosixError(-12, 'mmap'), false);
  });
});
