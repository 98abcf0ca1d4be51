import assert from 'node:assert/strict';
import { constants } from 'node:os';

import { PosixError } from '@ringway/memory';

type ErrnoName = keyof typeof constants.errno;

/** Asserts that the system refuses `body`, with this errno, in this call, and returns the error. */
export function refuses(body: () => unknown, code: ErrnoName, syscall: string): PosixError {
  try {
    body();
  } catch (error) {
    if (!(error instanceof PosixError)) throw error;
    assert.deepEqual([error.code, error.errno, error.syscall], [code, -constants.errno[code], syscall], error.message);
    return error;
  }
  assert.fail(`expected ${code} of ${syscall}, nothing was thrown`);
}
