import assert from 'node:assert/strict';
import { createContext, runInContext } from 'node:vm';
import { native } from '@ringway/memory';
import type { RecordLock } from '@ringway/sync';
import { ALONE_BYTE, DONE_ALONE } from './fixtures/record-lock-protocol.js';
import { increment, readCounter } from './support/record-lock-counter.js';
import { ForeignProgram, LockPeer, foreignRefusal, killAll } from './support/record-lock-process.js';
import { LockScratch } from './support/record-lock-scratch.js';

const refusal = foreignRefusal();

describe('RecordLock between processes', () => {
  const scratch = new LockScratch();
  let path: string;
  let locks: RecordLock;

  beforeEach(() => {
    path = scratch.file(64);
    locks = scratch.open(path);
  });

  afterEach(async () => {
    await killAll();
    scratch.clean();
  });

  it('excludes as it does inside one', async () => {
    const peer = await LockPeer.start(path);
    assert.equal(await peer.ask({ do: 'acquire', start: 0, length: 10, mode: 'shared' }), 'acquired');
    assert.equal(locks.tryAcquire({ start: 9, length: 1 }), undefined);
    locks.tryAcquire({ start: 9, length: 2, mode: 'shared' });
    assert.equal(await peer.ask({ do: 'tryAcquire', start: 10, length: 1 }), 'refused');
    assert.equal(await peer.ask({ do: 'acquireSync', start: 10, length: 1, timeout: 1 }), 'ERR_RINGWAY_TIMEOUT');
    assert.equal(await peer.ask({ do: 'acquire', start: 11, length: 0 }), 'acquired');
  });

  it('hands a range over when its holder releases it, to who awaits and to who blocks', async () => {
    const peer = await LockPeer.start(path);
    const guard = locks.acquireSync({ start: 0, length: 1 });
    const theirs = peer.ask({ do: 'acquireSync', start: 0, length: 1 });
    guard.release();
    assert.equal(await theirs, 'acquired');
    const ours = locks.acquire({ start: 0, length: 1 });
    assert.equal(await peer.ask({ do: 'release' }), 'released');
    (await ours).release();
  });

  /** Blocks in `acquireSync` until a timeout of node:vm ends it: no `catch` and no `finally` of it runs. */
  function cutShort(start: number, length: number): void {
    const context = createContext({ block: () => locks.acquireSync({ start, length }) });
    assert.throws(() => runInContext('block()', context, { timeout: 50 }), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' });
  }

  it('gives up a wait that a timeout of node:vm has ended, and goes on with those that stood back for it', async () => {
    const peer = await LockPeer.start(path);
    const sibling = scratch.open(path);
    await peer.ask({ do: 'acquire', start: 0, length: 10 });
    const waiting = [locks.acquire({ start: 0, length: 2 }), sibling.acquire({ start: 2, length: 2 })];
    cutShort(0, 10);
    await peer.ask({ do: 'release' });
    for (const guard of await Promise.all(waiting)) guard.release();
    assert.equal(await peer.ask({ do: 'tryAcquire', start: 0, length: 10 }), 'acquired');
    assert.equal(native().countRecordWaits(), 0);
  });

  for (const [title, next] of [
    ['tryAcquire', () => locks.tryAcquire({ start: 0, length: 1 })],
    ['acquireSync', () => locks.acquireSync({ start: 0, length: 1, timeout: 0 })],
    ['close', () => locks.close()],
  ] as const) {
    it(`gives up such a wait before the event loop has had a turn, too: at ${title}`, async () => {
      const peer = await LockPeer.start(path);
      await peer.ask({ do: 'acquire', start: 0, length: 10 });
      cutShort(0, 10);
      assert.equal(native().countRecordWaits(), 1);
      if (title === 'acquireSync') assert.throws(next, { code: 'ERR_RINGWAY_TIMEOUT' });
      else assert.equal(next(), undefined);
      assert.equal(native().countRecordWaits(), 0);
      await peer.ask({ do: 'release' });
      assert.equal(await peer.ask({ do: 'tryAcquire', start: 0, length: 10 }), 'acquired');
    });
  }

  it('frees what a killed process held, and wakes who waits for it', async () => {
    const peer = await LockPeer.start(path);
    await peer.ask({ do: 'acquire', start: 0, length: 0 });
    const waiting = locks.acquire({ start: 5, length: 5 });
    await peer.kill();
    (await waiting).release();
  });

  it('leaves to a stopped process what it holds', async () => {
    const peer = await LockPeer.start(path);
    await peer.ask({ do: 'acquire', start: 0, length: 4 });
    await peer.stop();
    await assert.rejects(locks.acquire({ start: 0, length: 1, timeout: 300 }), { code: 'ERR_RINGWAY_TIMEOUT' });
    assert.throws(() => locks.acquireSync({ start: 0, length: 1, timeout: 150 }), { code: 'ERR_RINGWAY_TIMEOUT' });
    peer.resume();
    const waiting = locks.acquire({ start: 0, length: 1 });
    await peer.ask({ do: 'release' });
    (await waiting).release();
  });

  it('lets one at a time into a range, also when some are killed inside it', async function () {
    this.timeout(60_000);
    const TIMES = 200;
    const peers = await Promise.all(Array.from({ length: 3 }, () => LockPeer.start(path)));
    const victim = await LockPeer.start(path);
    const counts = peers.map((peer) => peer.ask({ do: 'count', times: TIMES }));
    const ended = assert.rejects(victim.ask({ do: 'count', times: 1_000_000 }));
    await increment(locks, path, TIMES);
    await victim.kill();
    await ended;
    assert.deepEqual(await Promise.all(counts), ['counted', 'counted', 'counted']);
    const before = readCounter(path);
    assert.ok(before >= TIMES * 4, `${before}`);
    await increment(locks, path, TIMES);
    assert.equal(readCounter(path), before + TIMES);
  });

  it('counts exactly when nobody is killed', async function () {
    this.timeout(60_000);
    const TIMES = 200;
    const peers = await Promise.all(Array.from({ length: 3 }, () => LockPeer.start(path)));
    await Promise.all([increment(locks, path, TIMES), ...peers.map((peer) => peer.ask({ do: 'count', times: TIMES }))]);
    assert.equal(readCounter(path), TIMES * 4);
  });

  it('does not keep a process alive by being open, or by being held', async () => {
    const peer = await LockPeer.start(path);
    await peer.ask({ do: 'acquire', start: 0, length: 1 });
    assert.equal(await peer.leave(), 0);
    assert.ok(locks.tryAcquire({ start: 0, length: 1 }));
  });

  it('keeps a process alive while it waits', async () => {
    const peer = await LockPeer.start(path);
    const guard = locks.acquireSync({ start: 0, length: 1 });
    peer.tell({ do: 'acquire', start: 0, length: 1 });
    // It answers the second order when it has begun the first.
    assert.equal(await peer.ask({ do: 'tryAcquire', start: 5, length: 1 }), 'acquired');
    const gone = peer.leave();
    while (locks.query({ start: ALONE_BYTE, length: 1 }) === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    guard.release();
    assert.equal(await gone, DONE_ALONE);
  });

  for (const kind of ['classic', 'description'] as const) {
    const its = kind === 'classic' ? 'the locks of its process (lockf)' : 'locks of its description (F_OFD_SETLK)';
    const title = `excludes a foreign program that takes ${its}`;
    const body = async (): Promise<void> => {
      const program = new ForeignProgram(path);
      assert.equal(await program.ask(kind, 'try', 'shared', 10, 10), 'done');
      const known = kind === 'classic' ? program.pid : undefined;
      assert.deepEqual(locks.query({ start: 0, length: 0 }), {
        mode: 'shared',
        start: 10,
        length: 10,
        own: false,
        pid: known,
      });
      assert.equal(locks.tryAcquire({ start: 19, length: 1 }), undefined);
      const shared = locks.tryAcquire({ start: 15, length: 10, mode: 'shared' });
      assert.ok(shared);
      assert.equal(await program.ask(kind, 'try', 'exclusive', 24, 1), 'refused');
      const waiting = locks.acquire({ start: 12, length: 2 });
      assert.equal(await program.ask(kind, 'free', 'shared', 10, 10), 'done');
      const exclusive = await waiting;
      const theirs = program.ask(kind, 'wait', 'exclusive', 0, 0);
      exclusive.release();
      shared.release();
      assert.equal(await theirs, 'done');
      assert.throws(() => locks.acquireSync({ start: 1000, length: 1, timeout: 1 }), { code: 'ERR_RINGWAY_TIMEOUT' });
    };
    if (refusal === undefined) it(title, body);
    else it.skip(`${title} (skipped: ${refusal})`, body);
  }
});
