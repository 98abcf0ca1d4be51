import assert from 'node:assert/strict';

import { TURN_MS, Turn } from '@ringway/sync';

const CHECK_EVERY = 64;

function burn(milliseconds: number): void {
  const until = performance.now() + milliseconds;
  while (performance.now() < until);
}

describe('turns of the event loop', () => {
  it('are not due after a few quick successes', () => {
    const turn = new Turn();
    for (let count = 1; count < CHECK_EVERY; count++) assert.equal(turn.spent(), false);
  });

  it('are due at the latest at the 64th success after a millisecond', () => {
    const turn = new Turn();
    burn(TURN_MS);
    const due = Array.from({ length: CHECK_EVERY }, () => turn.spent());
    assert.equal(due.lastIndexOf(false), CHECK_EVERY - 2);
    assert.equal(due[CHECK_EVERY - 1], true);
  });

  it('begin anew when the loop had one for another reason', () => {
    const turn = new Turn();
    burn(TURN_MS);
    for (let count = 1; count < CHECK_EVERY; count++) turn.spent();
    turn.begin();
    assert.equal(turn.spent(), false);
  });

  it('let timers and immediates run', async () => {
    const turn = new Turn();
    let ran = false;
    setImmediate(() => (ran = true));
    await turn.next();
    assert.equal(ran, true);
  });
});
