import assert from 'node:assert/strict';
import { Semaphore } from '@ringway/sync';
import { codeOf, thrownCode } from './support/rejects.js';
import { Scene, sleepers } from './support/scene.js';
import { until } from './support/until.js';

const MOST = 2 ** 31 - 1;

describe('Semaphore', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());
  const open = (name: string, permits?: number): Semaphore => scene.own(Semaphore.open(name, { permits }));

  it('has the permits that its creator chose, or one', () => {
    assert.equal(open(scene.name()).value, 1);
    const name = scene.name();
    const semaphore = open(name, 3);
    assert.deepEqual([semaphore.value, semaphore.owned, open(name).value], [3, false, 3]);
  });

  it('takes several at once, and gives them back by the guard', async () => {
    const semaphore = open(scene.name(), 5);
    const guard = await semaphore.acquire(3);
    assert.deepEqual([guard.count, guard.held, semaphore.value], [3, true, 2]);
    assert.equal(semaphore.tryAcquire(3), undefined);
    const rest = semaphore.acquireSync(2);
    assert.equal(semaphore.value, 0);
    guard.release();
    rest.release();
    rest.release();
    assert.equal(semaphore.value, 5);
  });

  it('signals: who never acquired may release, in another process, too', async () => {
    const name = scene.name();
    const semaphore = open(name, 0);
    const peer = await scene.peer();
    await peer.ask({ do: 'open', kind: 'semaphore', name });
    const waits = [semaphore.acquire(), semaphore.acquire()];
    await peer.ask({ do: 'post', kind: 'semaphore', name, count: 2 });
    await Promise.all(waits);
    assert.equal(semaphore.value, 0);
    semaphore.release();
    semaphore.release(4);
    assert.equal(semaphore.value, 5);
  });

  it('refuses more than 2^31 - 1 permits with ERR_RINGWAY_OVERFLOW, and adds none of them', () => {
    const semaphore = open(scene.name(), MOST - 1);
    assert.equal(
      thrownCode(() => {
        semaphore.release(2);
      }),
      'ERR_RINGWAY_OVERFLOW',
    );
    assert.equal(semaphore.value, MOST - 1);
    semaphore.release();
    assert.equal(semaphore.value, MOST);
  });

  for (const count of [0, -1, 0.5, Number.NaN, MOST + 1, Infinity, 1n as unknown as number, '1' as unknown as number]) {
    it(`refuses ${typeof count} ${count} as a number of permits`, async () => {
      const semaphore = open(scene.name(), 1);
      await assert.rejects(semaphore.acquire(count), RangeError);
      assert.throws(() => semaphore.acquireSync(count), RangeError);
      assert.throws(() => semaphore.tryAcquire(count), RangeError);
      assert.throws(() => {
        semaphore.release(count);
      }, RangeError);
      if (count !== 0) assert.throws(() => Semaphore.open(scene.name(), { permits: count }), RangeError);
    });
  }

  it('serves the first of a handle before those behind it that want less', async () => {
    const semaphore = open(scene.name(), 0);
    const order: number[] = [];
    const waits = [3, 1].map((count) => semaphore.acquire(count).then(() => order.push(count)));
    semaphore.release(2);
    semaphore.release(2);
    await Promise.all(waits);
    assert.deepEqual(order, [3, 1]);
  });

  it('wakes as many handles as there are permits for', async () => {
    const name = scene.name();
    const waiting = Array.from({ length: 5 }, () => open(name, 0));
    const waits = waiting.map((semaphore) => semaphore.acquire());
    await until(() => sleepers(name) === 5);
    open(name).release(5);
    await Promise.all(waits);
  });

  it('serves one that wants what there is, though others want more: whoever stands where', async () => {
    for (const wants of [
      [1, 5],
      [5, 1],
      [5, 1, 7],
      [7, 5, 1],
    ]) {
      const name = scene.name();
      const before = open(name, 0);
      const releaser = open(name);
      const behind = open(name);
      const places = [before, behind, open(name)];
      const controller = new AbortController();
      const waits = wants.map((count, index) => places[index].acquire(count, { signal: controller.signal }));
      await until(() => sleepers(name) === wants.length);
      releaser.release();
      await waits[wants.indexOf(1)];
      controller.abort();
      await Promise.allSettled(waits);
      assert.equal(releaser.value, 0);
    }
  });

  it('serves one that wants much though two others take turns with little', async () => {
    const name = scene.name();
    const [big, small, other] = [open(name, 2), open(name), open(name)];
    const controller = new AbortController();
    const loop = async (semaphore: Semaphore): Promise<void> => {
      for (;;) (await semaphore.acquire(1, { signal: controller.signal })).release();
    };
    const loops = [loop(small), loop(other)];
    for (let round = 0; round < 10; round++) (await big.acquire(2)).release();
    controller.abort();
    for (const end of await Promise.allSettled(loops)) assert.equal(end.status, 'rejected');
    assert.equal(big.value, 2);
  });

  it('keeps what a killed process or a closed handle had: nobody can say whose it was', async () => {
    const name = scene.name();
    const semaphore = open(name, 3);
    const peer = await scene.peer();
    await peer.ask({ do: 'open', kind: 'semaphore', name });
    await peer.ask({ do: 'acquire', kind: 'semaphore', name, guard: 'its' });
    await peer.kill();
    const closing = open(name);
    const guard = await closing.acquire();
    closing.close();
    guard.release();
    assert.equal(semaphore.value, 1);
    assert.equal(await codeOf(semaphore.acquire(2, { timeout: 50 })), 'ERR_RINGWAY_TIMEOUT');
  });

  it('lets permits be released without their guard', async () => {
    const semaphore = open(scene.name(), 2);
    await semaphore.acquire(2);
    semaphore.release(2);
    assert.equal(semaphore.value, 2);
  });
});
