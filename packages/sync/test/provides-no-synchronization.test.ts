import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Segment } from '@ringway/memory';
import { Barrier, Condition, Mutex } from '@ringway/sync';
import { Ledger, LOCK_NAMES, lockOf, type LockName } from './support/ledger.js';

const PROCESS = fileURLToPath(new URL('fixtures/ledger-process.js', import.meta.url));
const PROCESSES = 3;
const TIMES = 5_000;

let ledgers = 0;

describe('shared memory "provides no synchronization", these do, between processes', () => {
  let ledger: Ledger;
  let name: string;
  const children: ChildProcess[] = [];
  const open: { close(): void }[] = [];

  beforeEach(() => {
    name = `ledger-${process.pid}-${ledgers++}`;
    ledger = own(Ledger.open(name));
  });

  afterEach(async () => {
    for (const child of children.splice(0)) await kill(child);
    for (const handle of open.splice(0)) handle.close();
    for (const info of Segment.list()) if (info.name.startsWith(name)) Segment.unlink(info.name);
  });

  function own<T extends { close(): void }>(handle: T): T {
    open.push(handle);
    return handle;
  }

  function start(lock: LockName | '-', ...order: string[]): ChildProcess {
    const child = spawn(process.execPath, [PROCESS, name, lock, ...order], { stdio: ['pipe', 'pipe', 'inherit'] });
    children.push(child);
    return child;
  }

  async function kill(child: ChildProcess): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  for (const lock of LOCK_NAMES) {
    it(`${lock}: what processes do to the same words, none undoes`, async () => {
      own(Barrier.open(`${name}-start`, { parties: PROCESSES }));
      const ends = Array.from({ length: PROCESSES }, () => once(start(lock, 'book', String(TIMES)), 'exit'));
      for (const end of ends) assert.deepEqual(await end, [0, null]);
      assert.deepEqual(ledger.sums, [PROCESSES * TIMES, PROCESSES * TIMES]);
    });

    it(`${lock}: whose holder was killed in the middle goes to the next`, async () => {
      const victim = start(lock, 'tear');
      const [said] = (await once(victim.stdout ?? assert.fail('no output'), 'data')) as [Buffer];
      assert.equal(said.toString(), 'torn\n');
      assert.deepEqual(ledger.sums, [1, 0]);
      await kill(victim);
      const guard = own(lockOf(lock, ledger)).acquire();
      ledger.repair();
      guard.release();
      assert.deepEqual(ledger.sums, [0, 0]);
    });
  }

  it('a condition variable: one process waits for what another one does', async () => {
    const mutex = own(Mutex.open(`${name}-mutex`));
    const changed = own(Condition.open(`${name}-changed`));
    const end = once(start('-', 'deliver', String(TIMES)), 'exit');
    const got: number[] = [];
    while (got.length < TIMES) {
      const guard = await mutex.acquire();
      while (ledger.box === 0) await changed.wait(guard);
      got.push(ledger.box);
      ledger.box = 0;
      changed.broadcast();
      guard.release();
    }
    assert.deepEqual(await end, [0, null]);
    assert.deepEqual(
      got,
      Array.from({ length: TIMES }, (_, index) => index + 1),
    );
  });
});
