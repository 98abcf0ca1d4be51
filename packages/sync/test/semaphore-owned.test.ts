import assert from 'node:assert/strict';
import { Semaphore } from '@ringway/sync';
import { thrownCode } from './support/rejects.js';
import { Scene, sleepers } from './support/scene.js';
import { until } from './support/until.js';

describe('an owned Semaphore', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());
  const open = (name: string, permits?: number): Semaphore => scene.own(Semaphore.open(name, { permits, owned: true }));

  it('counts what each handle has', async () => {
    const name = scene.name();
    const [one, other] = [open(name, 4), open(name)];
    assert.deepEqual([one.owned, one.value], [true, 4]);
    const [first, second] = [await one.acquire(2), other.acquireSync()];
    assert.deepEqual([one.value, other.value], [1, 1]);
    assert.equal(other.tryAcquire(2), undefined);
    first.release();
    first.release();
    second.release();
    assert.equal(one.value, 4);
  });

  it('is released by its guards and by nobody else', async () => {
    const name = scene.name();
    const [one, other] = [open(name, 1), open(name)];
    const guard = await one.acquire();
    for (const semaphore of [one, other]) {
      assert.equal(
        thrownCode(() => {
          semaphore.release();
        }),
        'ERR_RINGWAY_NOT_OWNER',
      );
    }
    assert.equal(one.value, 0);
    guard.release();
    assert.equal(one.value, 1);
  });

  it('refuses to wait for more permits than there are', async () => {
    const semaphore = open(scene.name(), 2);
    await assert.rejects(semaphore.acquire(3), RangeError);
    assert.throws(() => semaphore.acquireSync(3), RangeError);
    assert.throws(() => semaphore.tryAcquire(3), RangeError);
  });

  it('gets back what a killed process had, all of it', async () => {
    const name = scene.name();
    const semaphore = open(name, 5);
    const peer = await scene.peer();
    await peer.ask({ do: 'open', kind: 'semaphore', name });
    await peer.ask({ do: 'acquire', kind: 'semaphore', name, guard: 'three', count: 3 });
    await peer.ask({ do: 'acquire', kind: 'semaphore', name, guard: 'one', count: 1, sync: true });
    assert.equal(semaphore.value, 1);
    const all = semaphore.acquire(5);
    await peer.kill();
    assert.equal((await all).count, 5);
  });

  it('gets back what a closed handle had', async () => {
    const name = scene.name();
    const [one, other] = [open(name, 2), open(name)];
    const guard = await one.acquire(2);
    const wait = other.acquire(2);
    one.close();
    await wait;
    guard.release();
    assert.equal(other.value, 0);
  });

  it('lets no more hold it than it has permits, whoever is killed', async () => {
    const name = scene.name();
    const semaphore = open(name, 2);
    const peers = await scene.peers(4);
    await Promise.all(peers.map((peer) => peer.ask({ do: 'open', kind: 'semaphore', name })));
    const order = { do: 'acquire', kind: 'semaphore', name, guard: 'its' } as const;
    await Promise.all([peers[0].ask(order), peers[1].ask(order)]);
    let got = 0;
    const waits = [peers[2], peers[3]].map((peer) =>
      peer.ask(order).then(() => {
        got += 1;
      }),
    );
    await until(() => sleepers(name) === 2);
    await peers[0].kill();
    await Promise.race(waits);
    assert.deepEqual([got, semaphore.value, sleepers(name)], [1, 0, 1]);
    await peers[1].ask({ do: 'release', guard: 'its' });
    await Promise.all(waits);
  });

  it('does not give what a stopped holder has', async () => {
    const name = scene.name();
    const semaphore = open(name, 1);
    const peer = await scene.peer();
    await peer.ask({ do: 'open', kind: 'semaphore', name });
    await peer.ask({ do: 'acquire', kind: 'semaphore', name, guard: 'its' });
    await peer.stop();
    assert.equal(semaphore.tryAcquire(), undefined);
    assert.equal(
      thrownCode(() => semaphore.acquireSync(1, { timeout: 150 })),
      'ERR_RINGWAY_TIMEOUT',
    );
    peer.resume();
    await peer.ask({ do: 'release', guard: 'its' });
    assert.equal(semaphore.tryAcquire()?.held, true);
  });
});
