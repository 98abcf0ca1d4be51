import assert from 'node:assert/strict';
import { SUBJECTS, type Guard } from './support/exclusive.js';
import { codeOf, thrownCode } from './support/rejects.js';
import { Scene, sleepers } from './support/scene.js';
import { turn, until } from './support/until.js';

const SHORT_MS = 20;

for (const { title, open, deadlocks } of SUBJECTS) {
  describe(`waiting for ${title}`, () => {
    const scene = new Scene();
    afterEach(() => scene.clear());

    it('is not needed while nobody has it, awaited or blocking', async () => {
      const lock = scene.own(open(scene.name()));
      const first = await lock.acquire();
      assert.equal(first.held, true);
      first.release();
      const second = lock.acquireSync();
      assert.equal(second.held, true);
      second.release();
      assert.equal(lock.tryAcquire()?.held, true);
    });

    it('is refused by tryAcquire while it is taken, by this handle or by another', async () => {
      const name = scene.name();
      const [one, other] = [scene.own(open(name)), scene.own(open(name))];
      const guard = await one.acquire();
      assert.equal(one.tryAcquire(), undefined);
      assert.equal(other.tryAcquire(), undefined);
      guard.release();
      assert.equal(other.tryAcquire()?.held, true);
    });

    it('is served in order inside one handle', async () => {
      const lock = scene.own(open(scene.name()));
      const order: number[] = [];
      const first = await lock.acquire();
      const waits = [1, 2, 3, 4].map(async (number) => {
        const guard = await lock.acquire();
        order.push(number);
        guard.release();
      });
      assert.equal(lock.tryAcquire(), undefined);
      first.release();
      await Promise.all(waits);
      assert.deepEqual(order, [1, 2, 3, 4]);
    });

    it('wakes another handle of the thread when it is released', async () => {
      const name = scene.name();
      const [one, other] = [scene.own(open(name)), scene.own(open(name))];
      for (let round = 0; round < 20; round++) {
        const guard = await one.acquire();
        const wait = other.acquire();
        await turn();
        guard.release();
        (await wait).release();
      }
    });

    for (const place of ['first', 'second'] as const) {
      it(`rejects as Node.js does when the ${place} in line is aborted, and serves the others`, async () => {
        const lock = scene.own(open(scene.name()));
        const guard = await lock.acquire();
        const controller = new AbortController();
        const { signal } = controller;
        const [first, second] =
          place === 'first' ? [lock.acquire({ signal }), lock.acquire()] : [lock.acquire(), lock.acquire({ signal })];
        const third = lock.acquire();
        const why = new Error('enough');
        controller.abort(why);
        await assert.rejects(place === 'first' ? first : second, {
          name: 'AbortError',
          code: 'ABORT_ERR',
          cause: why,
        });
        guard.release();
        (await (place === 'first' ? second : first)).release();
        (await third).release();
      });

      it(`rejects with a timeout when the ${place} in line has waited too long, and serves the others`, async () => {
        const lock = scene.own(open(scene.name()));
        const guard = await lock.acquire();
        const timeout = { timeout: SHORT_MS };
        const [first, second] =
          place === 'first' ? [lock.acquire(timeout), lock.acquire()] : [lock.acquire(), lock.acquire(timeout)];
        assert.equal(await codeOf(place === 'first' ? first : second), 'ERR_RINGWAY_TIMEOUT');
        guard.release();
        (await (place === 'first' ? second : first)).release();
        lock.acquireSync().release();
      });
    }

    it('goes to another handle when the one that was woken gives up before it looks', async () => {
      const name = scene.name();
      const [holder, first, second] = [scene.own(open(name)), scene.own(open(name)), scene.own(open(name))];
      for (const place of [0, 1]) {
        const guard = await holder.acquire();
        const controllers = [new AbortController(), new AbortController()];
        const waits = [first, second].map((lock, index) => lock.acquire({ signal: controllers[index].signal }));
        await until(() => sleepers(name) === 2);
        guard.release();
        // Whichever of the two was woken does not know it yet.
        controllers[place].abort();
        assert.equal(await codeOf(waits[place]), 'ABORT_ERR');
        (await waits[1 - place]).release();
      }
    });

    it('is not begun with a signal that has fired, or with a strange timeout', async () => {
      const lock = scene.own(open(scene.name()));
      assert.equal(await codeOf(lock.acquire({ signal: AbortSignal.abort() })), 'ABORT_ERR');
      await assert.rejects(lock.acquire({ timeout: -1 }), RangeError);
      await assert.rejects(lock.acquire({ timeout: Number.NaN }), RangeError);
      assert.throws(() => lock.acquireSync({ timeout: -1 }), RangeError);
      assert.equal(lock.tryAcquire()?.held, true);
    });

    it('leaves an abort that comes too late without effect', async () => {
      const lock = scene.own(open(scene.name()));
      const controller = new AbortController();
      const guard = await lock.acquire({ signal: controller.signal });
      controller.abort();
      assert.equal(guard.held, true);
    });

    it('ends with ERR_RINGWAY_CLOSED when its handle is closed, and the others go on', async () => {
      const name = scene.name();
      const [holder, closing, going] = [scene.own(open(name)), scene.own(open(name)), scene.own(open(name))];
      const guard = await holder.acquire();
      const waits = [closing.acquire(), closing.acquire()];
      const other = going.acquire();
      closing.close();
      closing.close();
      for (const wait of waits) assert.equal(await codeOf(wait), 'ERR_RINGWAY_CLOSED');
      assert.equal(await codeOf(closing.acquire()), 'ERR_RINGWAY_CLOSED');
      assert.equal(
        thrownCode(() => closing.acquireSync()),
        'ERR_RINGWAY_CLOSED',
      );
      assert.equal(
        thrownCode(() => closing.tryAcquire()),
        'ERR_RINGWAY_CLOSED',
      );
      guard.release();
      assert.equal((await other).held, true);
    });

    it('is given to the next by a guard once, however often it is released', async () => {
      const lock = scene.own(open(scene.name()));
      const first = await lock.acquire();
      const second = lock.acquire();
      first.release();
      first.release();
      first[Symbol.dispose]();
      assert.equal(first.held, false);
      const guard = await second;
      first.release();
      assert.equal(guard.held, true);
      assert.equal(lock.tryAcquire(), undefined);
    });

    it('ends at the end of a block that disposes of the guard', async () => {
      const lock = scene.own(open(scene.name()));
      const guard: Guard = await lock.acquire();
      guard[Symbol.dispose]();
      assert.equal(guard.held, false);
      assert.equal(lock.tryAcquire()?.held, true);
    });

    it('lets a guard that outlives its handle do nothing', async () => {
      const lock = scene.own(open(scene.name()));
      const guard = await lock.acquire();
      lock.close();
      assert.equal(guard.held, false);
      guard.release();
    });

    it('ends a blocking wait by its timeout', async () => {
      const name = scene.name();
      const [one, other] = [scene.own(open(name)), scene.own(open(name))];
      const guard = await one.acquire();
      const codes = [one, other].map((lock) => thrownCode(() => lock.acquireSync({ timeout: SHORT_MS })));
      const expected = deadlocks ? 'ERR_RINGWAY_DEADLOCK' : 'ERR_RINGWAY_TIMEOUT';
      assert.deepEqual(codes, [expected, expected]);
      guard.release();
      other.acquireSync({ timeout: SHORT_MS }).release();
    });

    it('gives the event loop turns in a loop that never waits', async () => {
      const lock = scene.own(open(scene.name()));
      const controller = new AbortController();
      setTimeout(() => {
        controller.abort();
      }, 10);
      while (!controller.signal.aborted) (await lock.acquire()).release();
      assert.equal(await codeOf(lock.acquire({ signal: controller.signal })), 'ABORT_ERR');
    });

    it('gives the event loop turns when two tasks of a process take turns', async () => {
      const lock = scene.own(open(scene.name()));
      const controller = new AbortController();
      setTimeout(() => {
        controller.abort();
      }, 10);
      const loop = async (): Promise<void> => {
        for (;;) (await lock.acquire({ signal: controller.signal })).release();
      };
      for (const end of await Promise.allSettled([loop(), loop()])) assert.equal(end.status, 'rejected');
      assert.equal(lock.tryAcquire()?.held, true);
    });

    it('gives the event loop turns while a long line is served', async () => {
      const lock = scene.own(open(scene.name()));
      const guard = await lock.acquire();
      let left = 10_000;
      let turns = 0;
      const waits = Array.from({ length: left }, () =>
        lock.acquire().then((found) => {
          left -= 1;
          found.release();
        }),
      );
      guard.release();
      while (left > 0) {
        await turn();
        turns++;
      }
      await Promise.all(waits);
      assert.ok(turns > 1, `${turns} turns`);
    });

    it('leaves it free after 1,000 waits that are aborted, each at another moment', async () => {
      const name = scene.name();
      const [one, other] = [scene.own(open(name)), scene.own(open(name))];
      let aborted = 0;
      const wait = async (lock: typeof one, number: number): Promise<void> => {
        const controller = new AbortController();
        const moment = number % 5;
        const acquired = lock.acquire({ signal: controller.signal });
        if (moment === 0) controller.abort();
        else if (moment === 1) queueMicrotask(() => controller.abort());
        else if (moment === 2) setImmediate(() => controller.abort());
        else if (moment === 3) setTimeout(() => controller.abort(), number % 7);
        try {
          const guard = await acquired;
          if (number % 3 === 0) await turn();
          guard.release();
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'ABORT_ERR');
          aborted++;
        }
      };
      const waits: Promise<void>[] = [];
      for (let number = 0; number < 1000; number++) {
        waits.push(wait(number % 2 === 0 ? one : other, number));
        if (number % 50 === 0) await turn();
      }
      await Promise.all(waits);
      assert.ok(aborted > 100, `${aborted} aborted`);
      assert.equal(other.tryAcquire()?.held, true);
    });
  });
}
