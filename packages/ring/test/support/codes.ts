import assert from 'node:assert/strict';

import { RingwayError, type ErrorCode } from '@ringway/memory';
import { DecodeError } from '@ringway/ring';

/** Asserts that `body` throws a {@link RingwayError} with this code, and returns it. */
export function throwsCode(body: () => unknown, code: ErrorCode): RingwayError {
  try {
    body();
  } catch (error) {
    return withCode(error, code);
  }
  assert.fail(`expected ${code}, nothing was thrown`);
}

/** Asserts that `promise` rejects with a {@link RingwayError} with this code, and returns it. */
export async function rejectsCode(promise: Promise<unknown>, code: ErrorCode): Promise<RingwayError> {
  try {
    await promise;
  } catch (error) {
    return withCode(error, code);
  }
  assert.fail(`expected ${code}, nothing was rejected`);
}

/** Asserts that `promise` rejects with a {@link DecodeError} with this code, and returns it. */
export async function rejectsDecoding(promise: Promise<unknown>, code: ErrorCode): Promise<DecodeError> {
  const error = await rejectsCode(promise, code);
  assert.ok(error instanceof DecodeError);
  return error;
}

function withCode(error: unknown, code: ErrorCode): RingwayError {
  if (!(error instanceof RingwayError)) throw error;
  assert.equal(error.code, code, error.message);
  return error;
}
