import assert from 'node:assert/strict';

/** The code of what a promise is rejected with; fails if it is not. */
export async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
  return assert.fail('it was not rejected');
}

/** The code of what a function throws; fails if it does not. */
export function thrownCode(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
  return assert.fail('nothing was thrown');
}
