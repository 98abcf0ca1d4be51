import assert from 'node:assert/strict';

import type { Fared, LoopForm } from './fixtures/protocol.js';
import { Child, cleanUp, queueName } from './support/process.js';
import { TEST_MS } from './support/turns.js';

/**
 * Of the hundred that a second has room for. Seconds are of processor time: how long the machine lets the process wait for a core is no
 * matter of the loop's.
 */
const FEWEST_TICKS = 50;
const ABORT_MS = 20;

describe('beside a source that is never empty', function () {
  this.timeout(TEST_MS);

  afterEach(cleanUp);

  for (const form of ['for await', 'run', 'deliveries', 'batches', 'send', 'sendMany'] satisfies LoopForm[]) {
    it(`${form}: a 10 ms interval fires at least ${FEWEST_TICKS} times in a second, and an abort is seen`, async () => {
      const name = queueName();
      const sends = form === 'send' || form === 'sendMany';
      const [looper, other] = await Promise.all([Child.peer(name), Child.peer(name)]);
      for (const child of [looper, other]) await child.ask({ do: 'open' });
      await looper.ask({ do: sends ? 'producer' : 'consumer' });
      await other.ask({ do: sends ? 'consumer' : 'producer' });
      const feeding = other.ask(sends ? { do: 'swallow' } : { do: 'flood' });
      const fared = await looper.ask<Fared>({ do: 'loop', form });
      await other.ask({ do: 'halt' });
      await feeding;
      assert.equal(fared.error, 'ABORT_ERR');
      assert.ok(fared.messages > 10_000, `${fared.messages} messages: the source was not always full`);
      const fewest = (FEWEST_TICKS * fared.cpuMs) / 1000;
      assert.ok(fared.ticks >= fewest, `${fared.ticks} ticks, not ${fewest}, beside ${fared.messages} messages`);
      assert.ok(fared.abortCpuMs < ABORT_MS, `${fared.abortCpuMs} ms from the abort to the end`);
    });
  }
});
