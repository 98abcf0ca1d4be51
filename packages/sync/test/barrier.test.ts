import assert from 'node:assert/strict';
import { Barrier } from '@ringway/sync';
import { codeOf, thrownCode } from './support/rejects.js';
import { Scene, sleepers } from './support/scene.js';
import { turn, until } from './support/until.js';

describe('Barrier', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());
  const open = (name: string, parties?: number): Barrier => scene.own(Barrier.open(name, { parties }));

  it('lets nobody go on before all have arrived, and tells exactly one that it was the last', async () => {
    const name = scene.name();
    const barriers = [open(name, 3), open(name), open(name)];
    assert.deepEqual([barriers[2].parties, barriers[2].arrived], [3, 0]);
    let passed = 0;
    const waits = barriers.slice(0, 2).map((barrier) =>
      barrier.wait().then((last) => {
        passed++;
        return last;
      }),
    );
    await until(() => sleepers(name) === 2);
    assert.deepEqual([passed, barriers[2].arrived], [0, 2]);
    assert.deepEqual(await Promise.all([...waits, barriers[2].wait()]), [false, false, true]);
    assert.equal(barriers[0].arrived, 0);
  });

  it('does so phase after phase, between processes that block and such that await', async () => {
    const name = scene.name();
    const barrier = open(name, 3);
    const peers = await scene.peers(2);
    await Promise.all(peers.map((peer) => peer.ask({ do: 'open', kind: 'barrier', name })));
    for (let phase = 0; phase < 20; phase++) {
      const arrivals = peers.map((peer, index) => peer.ask({ do: 'wait', kind: 'barrier', name, sync: index === 0 }));
      const lasts = await Promise.all([...arrivals, barrier.wait()]);
      assert.equal(lasts.filter((last) => last === true).length, 1);
    }
  });

  it('counts several that wait at one handle', async () => {
    const barrier = open(scene.name(), 3);
    const waits = [barrier.wait(), barrier.wait()];
    assert.equal(barrier.waitSync(), true);
    assert.deepEqual(await Promise.all(waits), [false, false]);
    assert.deepEqual(await Promise.all([barrier.wait(), barrier.wait(), barrier.wait()]), [false, false, true]);
  });

  it('lets one party pass alone', async () => {
    const barrier = open(scene.name(), 1);
    assert.equal(await barrier.wait(), true);
    assert.equal(barrier.waitSync(), true);
  });

  it('needs a number of parties to be made, and none to be opened', () => {
    assert.equal(
      thrownCode(() => Barrier.open(scene.name())),
      'ERR_RINGWAY_NOT_FOUND',
    );
    for (const parties of [0, -1, 1.5, 0x8000, Number.NaN]) {
      assert.throws(() => Barrier.open(scene.name(), { parties }), RangeError);
    }
  });

  it('breaks for all when one dies that waits', async () => {
    const name = scene.name();
    const barrier = open(name, 3);
    const [dying, living] = await scene.peers(2);
    await Promise.all([dying, living].map((peer) => peer.ask({ do: 'open', kind: 'barrier', name })));
    const lost = dying.ask({ do: 'wait', kind: 'barrier', name });
    const blocked = living.ask({ do: 'wait', kind: 'barrier', name, sync: true });
    await until(() => sleepers(name) === 2);
    await Promise.all([dying.kill(), assert.rejects(lost, { code: 'PEER_GONE' })]);
    assert.equal(await codeOf(blocked), 'ERR_RINGWAY_BROKEN_BARRIER');
    assert.equal(await codeOf(barrier.wait()), 'ERR_RINGWAY_BROKEN_BARRIER');
    assert.equal(barrier.broken, true);
  });

  it('breaks for all when one dies that has not arrived yet', async () => {
    const name = scene.name();
    const barrier = open(name, 2);
    const peer = await scene.peer();
    await peer.ask({ do: 'open', kind: 'barrier', name });
    const wait = barrier.wait();
    await peer.kill();
    assert.equal(await codeOf(wait), 'ERR_RINGWAY_BROKEN_BARRIER');
    assert.equal(barrier.reset(), true);
    assert.equal(barrier.broken, false);
  });

  it('breaks when one died while nobody waited: the next finds it out', async () => {
    const name = scene.name();
    const barrier = open(name, 2);
    const peer = await scene.peer();
    await peer.ask({ do: 'open', kind: 'barrier', name });
    await peer.kill();
    assert.equal(await codeOf(barrier.wait()), 'ERR_RINGWAY_BROKEN_BARRIER');
    assert.equal(
      thrownCode(() => barrier.waitSync()),
      'ERR_RINGWAY_BROKEN_BARRIER',
    );
  });

  it('does not break when one leaves in order that does not wait', async () => {
    const name = scene.name();
    const [one, other, leaving] = [open(name, 2), open(name), open(name)];
    leaving.close();
    assert.deepEqual(await Promise.all([one.wait(), other.wait()]), [false, true]);
  });

  for (const end of ['an abort', 'a timeout', 'a blocking timeout', 'a close'] as const) {
    it(`breaks for the others by ${end} of one that waits`, async () => {
      const name = scene.name();
      const [one, other] = [open(name, 3), open(name)];
      const wait = one.wait();
      const controller = new AbortController();
      if (end === 'an abort') {
        const aborted = other.wait({ signal: controller.signal });
        controller.abort();
        assert.equal(await codeOf(aborted), 'ABORT_ERR');
      } else if (end === 'a timeout') {
        assert.equal(await codeOf(other.wait({ timeout: 10 })), 'ERR_RINGWAY_TIMEOUT');
      } else if (end === 'a blocking timeout') {
        assert.equal(
          thrownCode(() => other.waitSync({ timeout: 10 })),
          'ERR_RINGWAY_TIMEOUT',
        );
      } else {
        const closed = other.wait();
        other.close();
        assert.equal(await codeOf(closed), 'ERR_RINGWAY_CLOSED');
      }
      assert.equal(await codeOf(wait), 'ERR_RINGWAY_BROKEN_BARRIER');
      assert.equal(await codeOf(one.wait()), 'ERR_RINGWAY_BROKEN_BARRIER');
    });
  }

  it('is whole again after a reset, as often as it is broken', async () => {
    const name = scene.name();
    const [one, other] = [open(name, 2), open(name)];
    for (let round = 0; round < 20; round++) {
      assert.equal(one.reset(), false);
      assert.equal(await codeOf(one.wait({ timeout: 1 })), 'ERR_RINGWAY_TIMEOUT');
      assert.equal(await codeOf(other.wait()), 'ERR_RINGWAY_BROKEN_BARRIER');
      assert.equal(other.reset(), true);
      assert.deepEqual(await Promise.all([one.wait(), other.wait()]), [false, true]);
    }
  });

  it('tells one that looks late that its phase was broken, however many were broken since', async () => {
    for (const rounds of [1, 4, 5, 8, 9, 20]) {
      const name = scene.name();
      const [late, other] = [open(name, 3), open(name)];
      const wait = late.wait();
      // All in one turn of the event loop, in which the late one cannot look.
      for (let round = 0; round < rounds; round++) {
        assert.equal(
          thrownCode(() => other.waitSync({ timeout: 0 })),
          'ERR_RINGWAY_TIMEOUT',
        );
        assert.equal(other.reset(), true);
      }
      assert.equal(await codeOf(wait), 'ERR_RINGWAY_BROKEN_BARRIER', `after ${rounds}`);
    }
  });

  it('tells one that looks late that its phase was passed, however many were passed since', async () => {
    for (const rounds of [1, 4, 5, 8, 9, 20]) {
      const name = scene.name();
      const [late, other] = [open(name, 2), open(name)];
      const wait = late.wait();
      assert.equal(other.waitSync(), true);
      for (let round = 1; round < rounds; round++) {
        const [first, second] = [other.wait(), other.waitSync()];
        assert.equal(second, true);
        void first;
      }
      assert.equal(await wait, false, `after ${rounds}`);
    }
  });

  it('knows the outcome of each phase when the numbers of phases begin anew', async () => {
    const name = scene.name();
    const [one, other] = [open(name, 1), open(name)];
    for (let phase = 0; phase < 2 ** 16 - 3; phase++) one.waitSync();
    for (let phase = 0; phase < 10; phase++) {
      assert.equal(await one.wait(), true);
      assert.equal(await other.wait(), true);
    }
    await turn();
    assert.equal(one.broken, false);
  });
});
