import assert from 'node:assert/strict';
import { Mutex } from '@ringway/sync';
import { codeOf, thrownCode } from './support/rejects.js';
import { Scene, sleepers } from './support/scene.js';
import { until } from './support/until.js';

describe('Mutex', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());
  const open = (name: string): Mutex => scene.own(Mutex.open(name));

  it('knows whether this handle has it', async () => {
    const name = scene.name();
    const [one, other] = [open(name), open(name)];
    const guard = await one.acquire();
    assert.deepEqual([one.held, other.held, guard.held], [true, false, true]);
    guard.release();
    assert.deepEqual([one.held, guard.held], [false, false]);
  });

  it('runs a body, and releases whatever the body does', async () => {
    const mutex = open(scene.name());
    assert.equal(await mutex.run((guard) => (guard.held ? 'held' : 'free')), 'held');
    const failure = new Error('the body failed');
    await assert.rejects(
      mutex.run(() => Promise.reject(failure)),
      failure,
    );
    await assert.rejects(
      mutex.run(() => {
        throw failure;
      }),
      failure,
    );
    assert.equal(mutex.held, false);
  });

  it('keeps two read-modify-writes of one process apart', async () => {
    const mutex = open(scene.name());
    let value = 0;
    await Promise.all(
      Array.from({ length: 50 }, () =>
        mutex.run(async () => {
          const seen = value;
          await Promise.resolve();
          value = seen + 1;
        }),
      ),
    );
    assert.equal(value, 50);
  });

  describe('a blocking wait of a thread for itself', () => {
    it('is ERR_RINGWAY_DEADLOCK when the handle has it', async () => {
      const mutex = open(scene.name());
      const guard = await mutex.acquire();
      assert.equal(
        thrownCode(() => mutex.acquireSync()),
        'ERR_RINGWAY_DEADLOCK',
      );
      guard.release();
      mutex.acquireSync().release();
    });

    it('is ERR_RINGWAY_DEADLOCK when another handle of the thread has it', async () => {
      const name = scene.name();
      const [one, other] = [open(name), open(name)];
      const guard = await one.acquire();
      assert.equal(
        thrownCode(() => other.acquireSync()),
        'ERR_RINGWAY_DEADLOCK',
      );
      guard.release();
      other.acquireSync().release();
    });

    it('is none when another process has it, or another mutex of that name in its former life', async () => {
      const name = scene.name();
      const old = open(name);
      await old.acquire();
      Mutex.unlink(name);
      const mutex = open(name);
      mutex.acquireSync().release();
      const peer = await scene.peer();
      await peer.ask({ do: 'open', kind: 'mutex', name });
      await peer.ask({ do: 'acquire', kind: 'mutex', name, guard: 'its' });
      assert.equal(
        thrownCode(() => mutex.acquireSync({ timeout: 50 })),
        'ERR_RINGWAY_TIMEOUT',
      );
    });
  });

  describe('of a holder that was killed', () => {
    it('goes to the next as abandoned, once', async () => {
      const name = scene.name();
      const mutex = open(name);
      const peer = await scene.peer();
      await peer.ask({ do: 'open', kind: 'mutex', name });
      assert.deepEqual(await peer.ask({ do: 'acquire', kind: 'mutex', name, guard: 'its' }), {
        abandoned: false,
        damaged: false,
      });
      const wait = mutex.acquire();
      await peer.kill();
      const guard = await wait;
      assert.deepEqual([guard.abandoned, guard.damaged], [true, true]);
      guard.release();
      assert.equal((await mutex.acquire()).abandoned, false);
    });

    it('is damaged for everybody until somebody says that it is repaired', async () => {
      const name = scene.name();
      const mutex = open(name);
      const [dying, other] = await scene.peers(2);
      await Promise.all([dying, other].map((peer) => peer.ask({ do: 'open', kind: 'mutex', name })));
      await dying.ask({ do: 'acquire', kind: 'mutex', name, guard: 'its' });
      await dying.kill();
      (await mutex.acquire()).release();
      const again = await other.ask({ do: 'acquire', kind: 'mutex', name, guard: 'its' });
      assert.deepEqual(again, { abandoned: false, damaged: true });
      await other.ask({ do: 'repaired', guard: 'its' });
      assert.equal(await other.ask({ do: 'damaged', guard: 'its' }), false);
      await other.ask({ do: 'release', guard: 'its' });
      const guard = await mutex.acquire();
      assert.deepEqual([guard.abandoned, guard.damaged], [false, false]);
    });

    it('is repaired only by who has it', async () => {
      const guard = await open(scene.name()).acquire();
      guard.repaired();
      guard.release();
      assert.throws(() => {
        guard.repaired();
      }, TypeError);
    });

    it('goes to one that opens it later, too', async () => {
      const name = scene.name();
      const peer = await scene.peer();
      await peer.ask({ do: 'open', kind: 'mutex', name });
      await peer.ask({ do: 'acquire', kind: 'mutex', name, guard: 'its', sync: true });
      await peer.kill();
      assert.equal(open(name).acquireSync().abandoned, true);
    });
  });

  it('is abandoned, too, by a handle that is closed while it has it', async () => {
    const name = scene.name();
    const [one, other] = [open(name), open(name)];
    const guard = await one.acquire();
    const wait = other.acquire();
    one.close();
    assert.equal(guard.held, false);
    const next = await wait;
    assert.deepEqual([next.abandoned, next.damaged], [true, true]);
  });

  it('is not abandoned by a handle that is closed while it waits, or a process that is killed while it waits', async () => {
    const name = scene.name();
    const [one, other] = [open(name), open(name)];
    const peer = await scene.peer();
    await peer.ask({ do: 'open', kind: 'mutex', name });
    const guard = await one.acquire();
    const closed = other.acquire();
    await peer.begin({ do: 'acquire', kind: 'mutex', name, guard: 'its' });
    assert.equal(sleepers(name), 2);
    other.close();
    assert.equal(await codeOf(closed), 'ERR_RINGWAY_CLOSED');
    await peer.kill();
    guard.release();
    const next = await one.acquire();
    assert.deepEqual([next.abandoned, next.damaged], [false, false]);
  });

  it('serves every handle of a table of 1,024, whichever word its sleeper is in', async () => {
    const name = scene.name();
    const first = scene.own(Mutex.open(name, { participants: 1024 }));
    const handles = Array.from({ length: 70 }, () => open(name));
    const guard = await first.acquire();
    const waits = handles.map((mutex) => mutex.run(() => undefined));
    await until(() => sleepers(name, 1024) === 70);
    guard.release();
    await Promise.all(waits);
    assert.equal(sleepers(name, 1024), 0);
  });

  it('wakes nobody who does not wait any more, and everybody who does', async () => {
    const name = scene.name();
    const handles = Array.from({ length: 8 }, () => open(name));
    const guard = await open(name).acquire();
    const waits = handles.map((mutex) => mutex.acquire());
    await until(() => sleepers(name) === 8);
    for (const index of [0, 3, 7]) handles[index].close();
    guard.release();
    let served = 0;
    await Promise.allSettled(
      waits.map(async (wait) => {
        (await wait).release();
        served++;
      }),
    );
    assert.equal(served, 5);
    assert.equal(sleepers(name), 0);
  });
});
