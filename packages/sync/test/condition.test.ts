import assert from 'node:assert/strict';
import { Condition, Mutex } from '@ringway/sync';
import type { Peer } from './support/primitive-peer.js';
import { codeOf } from './support/rejects.js';
import { Scene, sleepers } from './support/scene.js';
import { turn, until } from './support/until.js';

/** A mutex and a condition, each opened once by this test. */
interface Place {
  readonly mutex: string;
  readonly condition: string;
}

describe('Condition', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());
  const place = (): Place => ({ mutex: scene.name(), condition: scene.name() });
  const handles = ({ mutex, condition }: Place): { mutex: Mutex; condition: Condition } => ({
    mutex: scene.own(Mutex.open(mutex)),
    condition: scene.own(Condition.open(condition)),
  });

  async function peersOf({ mutex, condition }: Place, count: number): Promise<Peer[]> {
    const peers = await scene.peers(count);
    for (const peer of peers) {
      await peer.ask({ do: 'open', kind: 'mutex', name: mutex });
      await peer.ask({ do: 'open', kind: 'condition', name: condition });
    }
    return peers;
  }

  /** Lets a peer wait; resolves when it has released the mutex. */
  async function waits(peer: Peer, { mutex, condition }: Place, sync = false): Promise<{ done: Promise<unknown> }> {
    await peer.ask({ do: 'acquire', kind: 'mutex', name: mutex, guard: 'its' });
    const before = sleepers(condition);
    const done = peer.ask({ do: 'wait', kind: 'condition', name: condition, guard: 'its', sync });
    done.catch(() => undefined);
    await until(() => sleepers(condition) === before + 1);
    return { done };
  }

  it('releases the mutex while it waits, and has it back when it was signalled', async () => {
    const { mutex, condition } = handles(place());
    const guard = await mutex.acquire();
    const wait = condition.wait(guard);
    assert.equal(guard.held, false);
    const other = await mutex.acquire();
    assert.equal(condition.signal(), true);
    other.release();
    await wait;
    assert.deepEqual([guard.held, mutex.held], [true, true]);
  });

  it('needs a guard that has its mutex', async () => {
    const { mutex, condition } = handles(place());
    const guard = await mutex.acquire();
    guard.release();
    await assert.rejects(condition.wait(guard), TypeError);
    assert.throws(() => {
      condition.waitSync(guard);
    }, TypeError);
    assert.equal(condition.signal(), false);
  });

  it('says that nobody waits, and remembers no signal for those who come later', async () => {
    const { mutex, condition } = handles(place());
    assert.equal(condition.signal(), false);
    condition.broadcast();
    const guard = await mutex.acquire();
    assert.equal(await codeOf(condition.wait(guard, { timeout: 20 })), 'ERR_RINGWAY_TIMEOUT');
    assert.equal(guard.held, true);
  });

  it('wakes one at a time, the one that has waited longest first, whatever its handle', async () => {
    const where = place();
    const one = handles(where);
    const other = handles(where);
    const woken: number[] = [];
    const waiting: Promise<void>[] = [];
    for (const [number, { mutex, condition }] of [one, other, one, other].entries()) {
      const guard = await mutex.acquire();
      waiting.push(
        condition.wait(guard).then(() => {
          woken.push(number);
          guard.release();
        }),
      );
    }
    for (let count = 1; count <= 4; count++) {
      assert.equal(one.condition.signal(), true);
      await until(() => woken.length === count);
    }
    assert.equal(one.condition.signal(), false);
    await Promise.all(waiting);
    assert.deepEqual(woken, [0, 1, 2, 3]);
  });

  it('wakes all who wait, in several processes, by a broadcast', async () => {
    const where = place();
    const { mutex, condition } = handles(where);
    const peers = await peersOf(where, 3);
    const waiting = new Map<Peer, Promise<unknown>>();
    for (const [index, peer] of peers.entries()) waiting.set(peer, (await waits(peer, where, index === 1)).done);
    const guard = await mutex.acquire();
    condition.broadcast();
    guard.release();
    // Each has the mutex in turn.
    while (waiting.size > 0) {
      const next = await Promise.race([...waiting].map(([peer, done]) => done.then(() => peer)));
      waiting.delete(next);
      await next.ask({ do: 'release', guard: 'its' });
    }
    assert.equal(condition.signal(), false);
  });

  for (const sync of [false, true]) {
    it(`signals a process that ${sync ? 'blocks' : 'awaits'}`, async () => {
      const where = place();
      const { mutex, condition } = handles(where);
      const [peer] = await peersOf(where, 1);
      for (let round = 0; round < 10; round++) {
        const { done } = await waits(peer, where, sync);
        const guard = await mutex.acquire();
        assert.equal(condition.signal(), true);
        guard.release();
        await done;
        await peer.ask({ do: 'release', guard: 'its' });
      }
    });
  }

  it('takes the mutex back when it is aborted, before it rejects', async () => {
    const where = place();
    const one = handles(where);
    const other = handles(where);
    const guard = await one.mutex.acquire();
    const controller = new AbortController();
    const why = new Error('enough');
    const wait = one.condition.wait(guard, { signal: controller.signal });
    const holding = await other.mutex.acquire();
    let rejected = false;
    const end = assert.rejects(wait, { name: 'AbortError', code: 'ABORT_ERR', cause: why }).then(() => {
      rejected = true;
    });
    controller.abort(why);
    await turn();
    assert.equal(rejected, false);
    holding.release();
    await end;
    assert.equal(guard.held, true);
    assert.equal(other.condition.signal(), false);
  });

  it('takes the mutex back after a timeout, when its handle is closed, and when it blocks', async () => {
    const { mutex, condition } = handles(place());
    const guard = await mutex.acquire();
    assert.equal(await codeOf(condition.wait(guard, { timeout: 10 })), 'ERR_RINGWAY_TIMEOUT');
    assert.equal(guard.held, true);
    assert.throws(
      () => {
        condition.waitSync(guard, { timeout: 10 });
      },
      { code: 'ERR_RINGWAY_TIMEOUT' },
    );
    assert.equal(guard.held, true);
    const wait = condition.wait(guard);
    condition.close();
    assert.equal(await codeOf(wait), 'ERR_RINGWAY_CLOSED');
    assert.equal(guard.held, true);
    assert.equal(await codeOf(condition.wait(guard)), 'ERR_RINGWAY_CLOSED');
    assert.equal(guard.held, true);
  });

  it('rejects when the mutex was closed meanwhile: it cannot be had back', async () => {
    const { mutex, condition } = handles(place());
    const wait = condition.wait(await mutex.acquire());
    mutex.close();
    condition.signal();
    assert.equal(await codeOf(wait), 'ERR_RINGWAY_CLOSED');
  });

  /** Waits once; says so in `woken` when it was signalled, with the mutex held. */
  async function wait(
    { mutex, condition }: { mutex: Mutex; condition: Condition },
    title: string,
    woken: string[],
    signal?: AbortSignal,
  ): Promise<void> {
    const guard = await mutex.acquire();
    try {
      await condition.wait(guard, { signal });
      woken.push(title);
    } finally {
      guard.release();
    }
  }

  it('gives the signal of one that is aborted at the same moment to the one that has waited longest then', async () => {
    const where = place();
    const [one, other] = [handles(where), handles(where)];
    const controller = new AbortController();
    const woken: string[] = [];
    const aborted = wait(one, 'aborted', woken, controller.signal);
    await until(() => sleepers(where.condition) === 1);
    const next = wait(other, 'next', woken);
    await until(() => sleepers(where.condition) === 2);
    const last = wait(one, 'last', woken);
    await until(() => !one.mutex.held);
    // Before the first has a chance to notice.
    assert.equal(other.condition.signal(), true);
    controller.abort();
    assert.equal(await codeOf(aborted), 'ABORT_ERR');
    await next;
    assert.deepEqual(woken, ['next']);
    assert.equal(other.condition.signal(), true);
    await last;
    assert.equal(other.condition.signal(), false);
  });

  it('gives the signal of one that is killed before it knows to another', async () => {
    const where = place();
    const { mutex, condition } = handles(where);
    const [dying, living] = await peersOf(where, 2);
    const lost = await waits(dying, where);
    await dying.stop();
    const won = await waits(living, where);
    // It goes to the one that stands still.
    assert.equal(condition.signal(), true);
    await dying.kill();
    assert.equal(await codeOf(lost.done), 'PEER_GONE');
    await won.done;
    await living.ask({ do: 'release', guard: 'its' });
    assert.equal((await mutex.acquire()).held, true);
  });

  it('does not count those who were killed while they waited', async () => {
    const where = place();
    const { condition } = handles(where);
    const [dying, living] = await peersOf(where, 2);
    await waits(dying, where);
    await dying.kill();
    // The one that waits finds the dead one.
    const { done } = await waits(living, where);
    assert.equal(condition.signal(), true);
    await done;
    assert.equal(condition.signal(), false);
  });

  it('wakes those who wait when the one that signals is killed right after', async () => {
    const where = place();
    const { mutex, condition } = handles(where);
    const [signaller] = await peersOf(where, 1);
    const guard = await mutex.acquire();
    const wait = condition.wait(guard);
    await signaller.ask({ do: 'acquire', kind: 'mutex', name: where.mutex, guard: 'its' });
    assert.equal(await signaller.ask({ do: 'signal', kind: 'condition', name: where.condition }), true);
    await signaller.kill();
    await wait;
    assert.deepEqual([guard.held, guard.abandoned, guard.damaged], [true, true, true]);
  });

  it('does not let one that comes later take a signal', async () => {
    const where = place();
    const one = handles(where);
    const other = handles(where);
    const first = await one.mutex.acquire();
    let woken = false;
    const early = one.condition.wait(first).then(() => {
      woken = true;
      first.release();
    });
    assert.equal(other.condition.signal(), true);
    // Of the same handle, and before the first had a chance to notice; awaited, and blocking.
    const second = one.mutex.acquireSync();
    assert.throws(
      () => {
        one.condition.waitSync(second, { timeout: 20 });
      },
      { code: 'ERR_RINGWAY_TIMEOUT' },
    );
    assert.equal(woken, false);
    assert.equal(await codeOf(one.condition.wait(second, { timeout: 20 })), 'ERR_RINGWAY_TIMEOUT');
    second.release();
    await early;
  });

  it('keeps the order of those who are left when one in the middle gives up', async () => {
    const where = place();
    const one = handles(where);
    const other = handles(where);
    const woken: string[] = [];
    const controller = new AbortController();
    const waiting = [wait(one, 'first', woken)];
    await until(() => sleepers(where.condition) === 1);
    const aborted = wait(one, 'aborted', woken, controller.signal);
    await until(() => !one.mutex.held);
    waiting.push(wait(other, 'second', woken));
    await until(() => sleepers(where.condition) === 2);
    waiting.push(wait(one, 'third', woken));
    await until(() => !one.mutex.held);
    controller.abort();
    assert.equal(await codeOf(aborted), 'ABORT_ERR');
    for (let count = 1; count <= 3; count++) {
      assert.equal(other.condition.signal(), true);
      await until(() => woken.length === count);
    }
    await Promise.all(waiting);
    assert.deepEqual(woken, ['first', 'second', 'third']);
  });

  it('passes everything through a bounded buffer between two tasks, once and in order', async () => {
    const where = place();
    const [producer, consumer] = [handles(where), handles(where)];
    const notEmptyName = scene.name();
    const notEmpty = [scene.own(Condition.open(notEmptyName)), scene.own(Condition.open(notEmptyName))];
    const buffer: number[] = [];
    const taken: number[] = [];
    const total = 300;
    const put = async (): Promise<void> => {
      for (let number = 0; number < total; number++) {
        const guard = await producer.mutex.acquire();
        while (buffer.length === 3) await producer.condition.wait(guard);
        buffer.push(number);
        notEmpty[0].signal();
        guard.release();
      }
    };
    const take = async (): Promise<void> => {
      while (taken.length < total) {
        const guard = await consumer.mutex.acquire();
        while (buffer.length === 0) await notEmpty[1].wait(guard);
        taken.push(...buffer.splice(0, 1));
        consumer.condition.signal();
        guard.release();
      }
    };
    await Promise.all([put(), take()]);
    assert.deepEqual(
      taken,
      Array.from({ length: total }, (_, number) => number),
    );
  });
});
