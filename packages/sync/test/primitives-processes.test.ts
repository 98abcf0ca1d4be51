import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Mutex } from '@ringway/sync';
import type { Order } from './fixtures/primitive-protocol.js';
import { SUBJECTS, type Subject } from './support/exclusive.js';
import type { Peer } from './support/primitive-peer.js';
import { codeOf } from './support/rejects.js';
import { Scene, sleepers } from './support/scene.js';
import { until } from './support/until.js';

const SHORT_MS = 150;

/** What a peer is told to do with the subject. */
function orders(
  { kind, options, mode }: Subject,
  name: string,
): {
  open: Order;
  acquire: (guard: string, manner?: { sync?: boolean; timeout?: number }) => Order;
} {
  return {
    open: { do: 'open', kind, name, options },
    acquire: (guard, manner) => ({ do: 'acquire', kind, name, guard, mode, ...manner }),
  };
}

for (const subject of SUBJECTS) {
  const { title, open, survives } = subject;

  describe(`between processes, ${title}`, () => {
    const scene = new Scene();
    afterEach(() => scene.clear());

    /** So many processes that have it open. */
    async function peersOf(name: string, count: number): Promise<Peer[]> {
      const peers = await scene.peers(count);
      await Promise.all(peers.map((peer) => peer.ask(orders(subject, name).open)));
      return peers;
    }

    for (const sync of [false, true]) {
      const manner = sync ? 'blocks' : 'awaits';

      it(`goes from one process to one that ${manner}`, async () => {
        const name = scene.name();
        const lock = scene.own(open(name));
        const [peer] = await peersOf(name, 1);
        for (let round = 0; round < 20; round++) {
          const guard = await lock.acquire();
          const got = peer.ask(orders(subject, name).acquire('its', { sync }));
          await until(() => sleepers(name) === 1);
          assert.equal(lock.tryAcquire(), undefined);
          guard.release();
          await got;
          assert.equal(lock.tryAcquire(), undefined);
          const wait = lock.acquire();
          await peer.ask({ do: 'release', guard: 'its' });
          (await wait).release();
        }
      });

      it(`goes on when the one that was rung is stopped, to one that ${manner}`, async () => {
        const name = scene.name();
        const lock = scene.own(open(name));
        const [stopped, living] = await peersOf(name, 2);
        const guard = await lock.acquire();
        await stopped.begin(orders(subject, name).acquire('its', { sync: false }));
        await until(() => sleepers(name) === 1);
        const got = living.ask(orders(subject, name).acquire('its', { sync }));
        await until(() => sleepers(name) === 2);
        await stopped.stop();
        guard.release();
        await got;
      });

      it(`goes on when one that ${manner} is killed`, async () => {
        const name = scene.name();
        const lock = scene.own(open(name));
        const [dying, living] = await peersOf(name, 2);
        const guard = await lock.acquire();
        const lost = dying.ask(orders(subject, name).acquire('its', { sync }));
        const won = living.ask(orders(subject, name).acquire('its', { sync }));
        await until(() => sleepers(name) === 2);
        await Promise.all([dying.kill(), assert.rejects(lost, { code: 'PEER_GONE' })]);
        guard.release();
        await won;
      });

      it(`goes on when one that ${manner} has waited too long`, async () => {
        const name = scene.name();
        const lock = scene.own(open(name));
        const [hasty, patient] = await peersOf(name, 2);
        const guard = await lock.acquire();
        const lost = hasty.ask(orders(subject, name).acquire('its', { sync, timeout: 20 }));
        const won = patient.ask(orders(subject, name).acquire('its', { sync }));
        assert.equal(await codeOf(lost), 'ERR_RINGWAY_TIMEOUT');
        guard.release();
        await won;
      });

      if (survives) {
        it(`comes from a killed holder to one that ${manner}`, async () => {
          const name = scene.name();
          const [holder, waiter] = await peersOf(name, 2);
          await holder.ask(orders(subject, name).acquire('its'));
          const got = waiter.ask(orders(subject, name).acquire('its', { sync }));
          await until(() => sleepers(name) === 1);
          await holder.kill();
          await got;
        });

        it(`stays with a holder that is stopped, whoever ${manner}`, async () => {
          const name = scene.name();
          const [holder, waiter] = await peersOf(name, 2);
          await holder.ask(orders(subject, name).acquire('its'));
          await holder.stop();
          const lost = waiter.ask(orders(subject, name).acquire('no', { sync, timeout: SHORT_MS }));
          assert.equal(await codeOf(lost), 'ERR_RINGWAY_TIMEOUT');
          holder.resume();
          const got = waiter.ask(orders(subject, name).acquire('its', { sync }));
          await holder.ask({ do: 'release', guard: 'its' });
          await got;
        });
      } else {
        it(`stays away when its holder is killed, whoever ${manner}, until somebody adds permits`, async () => {
          const name = scene.name();
          const [holder, waiter] = await peersOf(name, 2);
          await holder.ask(orders(subject, name).acquire('its'));
          await holder.kill();
          const lost = waiter.ask(orders(subject, name).acquire('no', { sync, timeout: SHORT_MS }));
          assert.equal(await codeOf(lost), 'ERR_RINGWAY_TIMEOUT');
          const got = waiter.ask(orders(subject, name).acquire('its', { sync }));
          const [another] = await peersOf(name, 1);
          await another.ask({ do: 'post', kind: 'semaphore', name, count: 1 });
          await got;
        });
      }
    }

    if (survives) {
      it('is taken from a dead holder by tryAcquire, which asks the kernel', async () => {
        const name = scene.name();
        const lock = scene.own(open(name));
        const [holder] = await peersOf(name, 1);
        await holder.ask(orders(subject, name).acquire('its'));
        assert.equal(lock.tryAcquire(), undefined);
        await holder.kill();
        assert.equal(lock.tryAcquire()?.held, true);
      });
    }

    it('goes to a thread that blocks before those of its handle that await', async () => {
      const name = scene.name();
      const lock = scene.own(open(name));
      const [holder] = await peersOf(name, 1);
      await holder.ask(orders(subject, name).acquire('its'));
      const got: string[] = [];
      const wait = lock.acquire().then((guard) => {
        got.push('awaited');
        guard.release();
      });
      const released = holder.ask({ do: 'release', guard: 'its' });
      const guard = lock.acquireSync();
      got.push('blocked');
      guard.release();
      await Promise.all([wait, released]);
      assert.deepEqual(got, ['blocked', 'awaited']);
    });

    if (survives) {
      it('survives the deaths of five holders in a row while others wait', async () => {
        const name = scene.name();
        const lock = scene.own(open(name));
        const peers = await peersOf(name, 5);
        await peers[0].ask(orders(subject, name).acquire('its'));
        const waits = peers.slice(1).map((peer) => peer.ask(orders(subject, name).acquire('its')));
        await until(() => sleepers(name) === 4);
        const holders = new Map(waits.map((wait, index) => [index, wait.then(() => peers[index + 1])]));
        let holder = peers[0];
        while (holders.size > 0) {
          await holder.kill();
          const [next, index] = await Promise.race(
            [...holders].map(async ([index, won]) => [await won, index] as const),
          );
          holders.delete(index);
          holder = next;
        }
        await holder.kill();
        (await lock.acquire()).release();
      });
    }
  });
}

describe('a process that only waits for a mutex', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());
  const WAITER = fileURLToPath(new URL('fixtures/lonely-waiter.js', import.meta.url));

  it('ends by itself if its handle was unreferenced', async () => {
    const name = scene.name();
    await scene.own(Mutex.open(name)).acquire();
    const child = spawn(process.execPath, [WAITER, name, 'unref'], { stdio: ['ignore', 'pipe', 'inherit'] });
    scene.own({ close: () => child.kill('SIGKILL') });
    child.stdout.resume();
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  });

  it('lives until it gets it otherwise', async () => {
    const name = scene.name();
    const guard = await scene.own(Mutex.open(name)).acquire();
    const child = spawn(process.execPath, [WAITER, name, 'ref'], { stdio: ['ignore', 'pipe', 'inherit'] });
    scene.own({ close: () => child.kill('SIGKILL') });
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    await until(() => sleepers(name) === 1);
    guard.release();
    assert.deepEqual(await once(child, 'close'), [0, null]);
    assert.deepEqual(lines, ['waiting', 'acquired']);
  });
});
