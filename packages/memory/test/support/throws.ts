import assert from 'node:assert/strict';

import { RingwayError } from '@ringway/memory';
import type { ErrorCode } from '@ringway/memory';

/** Asserts that `body` throws a {@link RingwayError} with this code, and returns it. */
export function throwsCode(body: () => unknown, code: ErrorCode): RingwayError {
  try {
    body();
  } catch (error) {
    if (!(error instanceof RingwayError)) throw error;
    assert.equal(error.code, code, error.message);
    return error;
  }
  assert.fail(`expected ${code}, nothing was thrown`);
}
