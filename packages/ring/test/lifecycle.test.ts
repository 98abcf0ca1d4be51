import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Queue, bytes } from '@ringway/ring';

import type { Received } from './fixtures/protocol.js';
import { itUnless } from './support/conditional.js';
import { Child, cleanUp, fixture, keep, objectsOf, queueName, SMALL } from './support/process.js';
import { Outcome, PATIENCE_MS, TEST_MS, within } from './support/turns.js';
import { looksForTheDead } from './support/witness.js';

/** Why processes cannot have a PID namespace of their own here, or undefined. */
function namespaceRefusal(): string | undefined {
  try {
    execFileSync('unshare', ['--pid', '--fork', '--mount-proc', 'true'], { stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return `unshare is refused: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** Why no child can be forked here that never execs, or undefined. */
function forkRefusal(): string | undefined {
  const helper = fileURLToPath(new URL('../../../native/build/Release/forker.so', import.meta.url));
  return existsSync(helper) ? undefined : 'the helper that forks was not built';
}

describe('a process', function () {
  this.timeout(TEST_MS);
  let name: string;

  beforeEach(() => {
    name = queueName();
  });

  afterEach(cleanUp);

  const peer = (...roles: ('producer' | 'consumer')[]): Promise<Child> => Child.member(name, ...roles);

  for (const [what, state] of [
    ['joined', 'is open and idle'],
    ['received', 'has received what it waited for'],
    ['timed-out', 'has waited in vain'],
    ['unreferenced', 'waits, but was told not to keep the process'],
    ['drained', 'has waited for the drain'],
  ]) {
    it(`whose queue ${state} exits by itself`, async () => {
      const child = Child.run('idle', name, what);
      assert.equal(await within(PATIENCE_MS, 'the exit', child.end()), 0, child.output);
    });
  }

  it('that waits for a message does not exit', async () => {
    const child = Child.run('idle', name, 'waiting');
    // From a timer that does not keep a process alive itself.
    assert.equal(await within(PATIENCE_MS, 'the timer', child.hears('kept')), true);
    assert.equal(child.status, null);
  });

  it('that closes its queue while crypto.randomFill works on bytes that poll has lent lives', async () => {
    const child = Child.run('close-under-fill', name);
    assert.equal(await child.end(), 0, child.output);
    assert.deepEqual(objectsOf(name), []);
  });

  it('that decodes text while another process overwrites it lives', async () => {
    const child = Child.run('decode-under-change', name);
    await child.hears('ready');
    const stranger = await Child.peer(name);
    const scribbling = new Outcome(stranger.ask({ do: 'scribble', words: [], lane: 0 }));
    const told = (await within(PATIENCE_MS, 'the decoder', child.hears('decoded'))) as {
      decoded: number;
      failed: number;
    };
    assert.ok(told.decoded + told.failed > 100, JSON.stringify(told));
    assert.equal(await child.end(), 0, child.output);
    await stranger.ask({ do: 'halt' });
    await scribbling.done;
  });

  describe('whose descriptor is closed by number', () => {
    for (const idle of ['park', 'adaptive', 'spin'] as const) {
      it(`is told so by a wait (${idle}), and lives`, async () => {
        const child = await peer();
        await child.ask({ do: 'consumer', options: { idle } });
        assert.ok((await child.ask<number>({ do: 'close-descriptors' })) > 0);
        await assert.rejects(
          child.ask({ do: 'receive', count: 1, timeout: PATIENCE_MS }),
          (error: { code: string }) => {
            assert.match(error.code, /^ERR_RINGWAY_(DESCRIPTOR|CLOSED)$/);
            return true;
          },
        );
        assert.equal(child.status, null, child.output);
      });
    }

    it('is told so by every later call, and lives', async () => {
      const child = await peer('consumer');
      await child.ask({ do: 'producer' });
      await child.ask({ do: 'close-descriptors' });
      await assert.rejects(child.ask({ do: 'receive', count: 1, timeout: PATIENCE_MS }));
      for (const request of [
        { do: 'send', first: 0, count: 1 },
        { do: 'receive', count: 1 },
        { do: 'producer' },
        { do: 'consumer' },
        { do: 'end' },
      ] as const) {
        await assert.rejects(child.ask(request), { code: /^ERR_RINGWAY_(DESCRIPTOR|CLOSED)$/ }, request.do);
      }
      await child.ask({ do: 'close' });
      assert.equal(child.status, null, child.output);
    });

    it('is not taken for dead while it lives, and its messages are not lost when it ends', async () => {
      const [child, other] = [await peer('consumer'), await peer('consumer')];
      const sender = await peer('producer');
      await sender.ask({ do: 'send', first: 0, count: 2 });
      await child.ask({ do: 'receive', count: 1, keep: true });
      await child.ask({ do: 'close-descriptors' });
      const receiving = new Outcome(other.ask<Received[]>({ do: 'receive', count: 2 }));
      await looksForTheDead(name, other, receiving);
      assert.equal(receiving.settled && child.status === null && takesPart(child), false);
      await child.kill();
      await within(PATIENCE_MS, 'adoption', receiving.done);
      assert.deepEqual(
        receiving.value?.map(({ number, redelivered }) => [number, redelivered]),
        [
          [0, true],
          [1, true],
        ],
      );
    });

    /** Whether it still has the queue mapped: it lets go within a second of finding its descriptor closed, and is no participant then. */
    function takesPart(child: Child): boolean {
      return readFileSync(`/proc/${child.pid}/maps`, 'utf8').includes(name);
    }
  });

  itUnless(namespaceRefusal(), 'in a PID namespace of its own takes part like any other', async () => {
    const inside = new Child('unshare', [
      '--pid',
      '--fork',
      '--kill-child',
      '--mount-proc',
      process.execPath,
      fixture('peer'),
      name,
    ]);
    await inside.hears('listening');
    await inside.ask({ do: 'open', options: SMALL });
    await inside.ask({ do: 'consumer', options: { label: 'inside' } });
    const [sender, outside] = [await peer('producer'), await peer('consumer')];
    await sender.ask({ do: 'send', first: 0, count: 2 });
    assert.deepEqual(
      (await inside.ask<Received[]>({ do: 'receive', count: 1, keep: true })).map(({ number }) => number),
      [0],
    );
    const receiving = new Outcome(outside.ask<Received[]>({ do: 'receive', count: 2 }));
    await looksForTheDead(name, outside, receiving);
    assert.equal(receiving.settled, false, 'nobody alive is adopted');
    await inside.kill();
    await within(PATIENCE_MS, 'adoption', receiving.done);
    assert.deepEqual(
      receiving.value?.map(({ number, redelivered }) => [number, redelivered]),
      [
        [0, true],
        [1, true],
      ],
      'nobody dead stays alive',
    );
  });

  itUnless(forkRefusal(), 'that forks a child which never execs is dead when it is dead', async () => {
    const [parent, other, sender] = [await peer('consumer'), await peer('consumer'), await peer('producer')];
    await sender.ask({ do: 'send', first: 0, count: 1 });
    await parent.ask({ do: 'receive', count: 1, keep: true });
    const child = await parent.ask<number>({ do: 'fork' });
    assert.ok(child > 0);
    try {
      const receiving = other.ask<Received[]>({ do: 'receive', count: 1 });
      await parent.kill();
      assert.doesNotThrow(() => process.kill(child, 0), 'the child lives');
      const [received] = await within(PATIENCE_MS, 'adoption', receiving);
      assert.equal(received.redelivered, true);
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });

  it('leaves nothing behind when the queue is unlinked, spilled messages included', async () => {
    const queue = keep(Queue.open<Uint8Array>(name, { codec: bytes(), ...SMALL }));
    const producer = queue.producer();
    for (let count = 0; count < 3; count++) await producer.send(new Uint8Array(100_000));
    assert.equal(objectsOf(name).length, 4);
    queue.close();
    assert.equal(Queue.unlink(name), true);
    assert.deepEqual(objectsOf(name), []);
  });

  it('that ends after the name has gone leaves nothing behind either', async () => {
    const queue = keep(Queue.open<Uint8Array>(name, { codec: bytes(), ...SMALL }));
    await queue.producer().send(new Uint8Array(100_000));
    assert.equal(Queue.unlink(name), true);
    queue.close();
    assert.deepEqual(objectsOf(name), []);
  });

  for (const [what, use] of [
    ['a listener of peer-lost', 'peer-lost'],
    ['a listener of unlinked', 'unlinked'],
  ] as const) {
    it(`may close the queue in ${what}`, async () => {
      const queue = keep(Queue.open<Uint8Array>(name, { codec: bytes(), ...SMALL }));
      const consumer = queue.consumer({ idle: 'park' });
      const waiting = new Outcome(consumer.receive());
      const victim = await peer('consumer');
      const told = new Promise<void>((resolve) => {
        queue.once(use, () => {
          queue.close();
          resolve();
        });
      });
      if (use === 'unlinked') Queue.unlink(name);
      else await victim.kill();
      await within(PATIENCE_MS, use, told);
      await within(PATIENCE_MS, 'the wait', waiting.done);
      assert.equal((waiting.error as { code: string }).code, 'ERR_RINGWAY_CLOSED');
    });
  }
});
