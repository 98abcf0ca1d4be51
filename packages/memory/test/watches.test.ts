import assert from 'node:assert/strict';

import { Segment } from '@ringway/memory';
import type { Watch, WatchReason } from '@ringway/memory';

import { type Peer, Peers } from './support/peer.js';
import { Scratch, SPEC } from './support/scratch.js';

describe('waiting on a segment', () => {
  const scratch = new Scratch();
  const peers = new Peers();
  let segment: Segment;
  let words: Int32Array;

  beforeEach(() => {
    segment = scratch.keep(Segment.create(scratch.name(), SPEC));
    words = new Int32Array(segment.map(4096, 4096));
  });

  afterEach(async () => {
    await peers.kill();
    scratch.clean();
  });

  async function peer(): Promise<Peer> {
    const started = await peers.start();
    await started.ask({ do: 'open', name: segment.name, expectations: { kind: 1 } });
    return started;
  }

  /** Watches `words[index]` for its present value; keeps the loop alive until it fires. */
  function fired(index: number, locks?: { start: number; count: number; held: Int32Array }): Promise<WatchReason> {
    segment.holdLoop();
    return new Promise<WatchReason>((resolve) => {
      segment.watch(words, index, words[index], locks, resolve);
    }).finally(() => segment.releaseLoop());
  }

  it('ends when the word is changed and woken', async () => {
    const waiting = fired(3);
    Atomics.store(words, 3, 1);
    segment.wake(words, 3, 1);
    assert.equal(await waiting, 'doorbell');
  });

  it('ends at once, but never inside the call, where the value differs already', async () => {
    let early = true;
    const waiting = new Promise<boolean>((resolve) => {
      segment.holdLoop();
      segment.watch(words, 0, 99, undefined, () => resolve(early));
    });
    early = false;
    assert.equal(await waiting, false);
  });

  it('ends for everybody who waits on one word', async () => {
    const all = [fired(1), fired(1), fired(1)];
    Atomics.store(words, 1, 1);
    segment.wake(words, 1, 3);
    assert.deepEqual(await Promise.all(all), ['doorbell', 'doorbell', 'doorbell']);
    assert.equal(segment.wake(words, 1, 10), 0);
  });

  it('ends when a lock that is watched is let go, by leaving or by death', async () => {
    const [one, two] = [await peer(), await peer()];
    await one.ask({ do: 'tryLock', index: 4 });
    await two.ask({ do: 'tryLock', index: 5 });
    const held = new Int32Array(1);
    segment.lockedBits(0, 32, held);
    assert.equal(held[0], 0b110000);
    const first = fired(0, { start: 0, count: 32, held });
    await one.ask({ do: 'unlock', index: 4 });
    assert.equal(await first, 'lock-released');
    segment.lockedBits(0, 32, held);
    const second = fired(0, { start: 0, count: 32, held });
    await two.kill();
    assert.equal(await second, 'lock-released');
    assert.equal(segment.tryLock(5), true);
  });

  it('does not take own locks for released ones', async () => {
    segment.tryLock(2);
    const held = new Int32Array(1);
    segment.lockedBits(0, 32, held);
    assert.equal(held[0], 0b100);
    const other = await peer();
    const waiting = fired(0, { start: 0, count: 32, held });
    await other.ask({ do: 'store', offset: 4096, value: 1 });
    segment.wake(words, 0, 1);
    assert.equal(await waiting, 'doorbell');
  });

  it('is over after cancel, close included', async () => {
    const calls: string[] = [];
    const watch: Watch = segment.watch(words, 0, 0, undefined, (reason) => calls.push(reason));
    const late: Watch = segment.watch(words, 1, 1, undefined, (reason) => calls.push(reason));
    watch.cancel();
    watch.cancel();
    // Its value differs, so its report is on the way by now.
    late.cancel();
    segment.watch(words, 2, 0, undefined, (reason) => calls.push(reason));
    Atomics.store(words, 0, 1);
    segment.wake(words, 0, 1);
    const other = scratch.keep(Segment.open(segment.name, { kind: 1 }));
    const view = new Int32Array(other.map(4096, 4096));
    segment.close();
    Atomics.store(view, 2, 1);
    other.wake(view, 2, 1);
    await new Promise<void>((resolve) => {
      other.holdLoop();
      other.watch(view, 3, 1, undefined, () => resolve());
    });
    assert.deepEqual(calls, []);
  });

  it('blocks a thread as long as asked but never for good, and tells why it ended', () => {
    assert.equal(segment.waitSync(words, 0, 1, 50), 'changed');
    const begun = performance.now();
    assert.equal(segment.waitSync(words, 0, 0, 2.5), 'timeout');
    assert.ok(performance.now() - begun >= 2);
    for (const none of [0, -1, NaN]) {
      assert.equal(segment.waitSync(words, 0, 0, none), 'timeout');
      assert.equal(segment.waitSync(words, 0, 1, none), 'changed');
    }
    assert.equal(segment.waitSync(words, 0, 0, Infinity), 'timeout');
  });
});
