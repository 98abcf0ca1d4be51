import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { Pending, checkWait, type WaitOptions } from '@ringway/sync';

/** Options as JavaScript may give them, whatever the types say. */
function options(given: Readonly<Record<string, unknown>>): WaitOptions {
  return given;
}

describe('The options of a wait', () => {
  for (const signal of [null, {}, 'abort', 1, true, { aborted: false }, Symbol('x')]) {
    it(`refuse ${inspect(signal)} as a signal`, () => {
      assert.throws(() => checkWait(options({ signal, timeout: 1 })), TypeError);
    });
  }

  for (const timeout of [null, '5', 5n, {}]) {
    it(`refuse ${inspect(timeout)} as a timeout`, () => {
      assert.throws(() => checkWait(options({ timeout })), TypeError);
    });
  }

  it('refuse a negative timeout, and NaN', () => {
    for (const timeout of [-1, Number.NaN]) assert.throws(() => checkWait({ timeout }), RangeError);
  });

  it('take a signal that has not fired, no signal, and any time from 0', () => {
    for (const timeout of [undefined, 0, 0.5, Infinity]) {
      checkWait({ signal: undefined, timeout });
      checkWait({ signal: new AbortController().signal, timeout });
    }
  });

  it('are refused with a signal that has fired', () => {
    assert.throws(() => checkWait({ signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
  });
});

describe('A wait that cannot begin', () => {
  function timers(): number {
    return process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
  }

  it('leaves no timer behind that nobody could clear', () => {
    const before = timers();
    const signal = { aborted: false };
    assert.throws(() => new Pending(options({ signal, timeout: 60_000 }), 'nothing came', () => undefined), TypeError);
    assert.equal(timers(), before);
  });
});
