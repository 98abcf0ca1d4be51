import assert from 'node:assert/strict';

import type { Fared, LoopForm } from './fixtures/protocol.js';
import { Child, cleanUp, queueName } from './support/process.js';

/** Of the hundred that a second has room for. */
const FEWEST_TICKS = 50;
const ABORT_MS = 20;

describe('beside a source that is never empty', function () {
  this.timeout(30_000);

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
      assert.ok(fared.ticks >= FEWEST_TICKS, `${fared.ticks} ticks beside ${fared.messages} messages`);
      assert.ok(fared.abortMs < ABORT_MS, `${fared.abortMs} ms from the abort to the end`);
    });
  }
});
