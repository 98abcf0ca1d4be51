import assert from 'node:assert/strict';
import { closeSync, constants, fstatSync, openSync, readdirSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Segment } from '@ringway/memory';
import { load, type Native } from '@ringway/native';

import { Gate } from '../dist/gate.js';
import { GATE_LOCK, LOCK_BASE } from '../dist/lock-layout.js';
import { LockTable } from '../dist/lock-table.js';
import { SizedDescriptor, Truncation } from '../dist/truncation.js';

import { type Peer, Peers } from './support/peer.js';
import { Scratch, SPEC } from './support/scratch.js';
import { throwsCode } from './support/throws.js';

/** Numbers of this process's descriptors that lead to the object at `path`. */
function descriptorsOf(path: string): number[] {
  const { dev, ino } = statSync(path);
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => {
      try {
        const stats = fstatSync(fd);
        return stats.dev === dev && stats.ino === ino;
      } catch {
        // The descriptor of the listing itself is gone by now.
        return false;
      }
    });
}

/** The only one of them. */
function descriptorOf(path: string): number {
  const found = descriptorsOf(path);
  assert.equal(found.length, 1);
  return found[0];
}

function held(segment: Segment, count = 64): number[] {
  const words = new Int32Array(count / 32);
  segment.lockedBits(0, count, words);
  return Array.from({ length: count }, (_, bit) => bit).filter((bit) => (words[bit >> 5] & (1 << (bit & 31))) !== 0);
}

describe('slot locks', () => {
  const scratch = new Scratch();
  const peers = new Peers();
  let name: string;

  beforeEach(() => {
    name = scratch.name();
  });

  async function peer(): Promise<Peer> {
    const started = await peers.start();
    await started.ask({ do: 'openOrCreate', name, spec: SPEC });
    return started;
  }

  afterEach(async () => {
    await peers.kill();
    scratch.clean();
  });

  it('of one handle exclude each other', () => {
    const segment = scratch.keep(Segment.create(name, SPEC));
    assert.equal(segment.tryLock(3), true);
    assert.equal(segment.tryLock(3), false);
    assert.deepEqual([segment.holds(3), segment.holds(4)], [true, false]);
    segment.unlock(3);
    assert.equal(segment.tryLock(3), true);
    assert.throws(() => segment.unlock(4), RangeError);
    for (const wrong of [-1, 0.5, 2 ** 16, NaN]) assert.throws(() => segment.tryLock(wrong), RangeError);
  });

  it('exclude two handles of one process', () => {
    const one = scratch.keep(Segment.create(name, SPEC));
    const two = scratch.keep(Segment.open(name, { kind: 1 }));
    assert.equal(one.tryLock(0), true);
    assert.equal(two.tryLock(0), false);
    one.close();
    assert.equal(two.tryLock(0), true);
  });

  it('exclude another process until it dies', async () => {
    const segment = scratch.keep(Segment.create(name, SPEC));
    const other = await peer();
    assert.equal(await other.ask({ do: 'tryLock', index: 7 }), true);
    assert.equal(segment.tryLock(7), false);
    await other.kill();
    assert.equal(segment.tryLock(7), true);
  });

  it('are seen by everybody, own ones too, without being taken', async () => {
    const segment = scratch.keep(Segment.create(name, SPEC));
    const other = await peer();
    await other.ask({ do: 'tryLock', index: 1 });
    await other.ask({ do: 'tryLock', index: 63 });
    segment.tryLock(31);
    assert.deepEqual(held(segment), [1, 31, 63]);
    assert.deepEqual(await other.ask({ do: 'lockedBits', start: 1, count: 32 }), [1 | (1 << 30)]);
    assert.deepEqual(held(segment), [1, 31, 63]);
    const stale = new Int32Array(2).fill(-1);
    segment.lockedBits(64, 64, stale);
    assert.deepEqual([...stale], [0, 0]);
    assert.throws(() => segment.lockedBits(0, 65, new Int32Array(2)), RangeError);
  });

  it('are seen beyond what one look at the kernel covers', () => {
    const one = scratch.keep(Segment.create(name, SPEC));
    const two = scratch.keep(Segment.open(name, { kind: 1 }));
    for (const index of [0, 4095, 4096, 8191]) two.tryLock(index);
    assert.deepEqual(held(one, 8192), [0, 4095, 4096, 8191]);
  });

  it('prove nothing once the descriptor was closed by its number: the handle gives up', () => {
    const segment = scratch.keep(Segment.create(name, SPEC));
    const fd = descriptorOf(segment.path);
    const other = scratch.keep(Segment.open(name, { kind: 1 }));
    segment.tryLock(2);
    const view = new Uint8Array(segment.map(0, 4096));
    closeSync(fd);
    throwsCode(() => segment.tryLock(1), 'ERR_RINGWAY_DESCRIPTOR');
    assert.equal(segment.closed, true);
    assert.equal(view.length, 0);
    throwsCode(() => segment.tryLock(1), 'ERR_RINGWAY_CLOSED');
    // Its memory is gone, and with that its lock: nobody dead stays alive.
    assert.equal(other.tryLock(2), true);
  });

  it('are not laid on whatever has the number of a descriptor now, and that is left open', () => {
    for (const use of [
      (segment: Segment) => segment.tryLock(1),
      (segment: Segment) => segment.unlock(0),
      (segment: Segment) => segment.lockedBits(0, 32, new Int32Array(1)),
      (segment: Segment) => segment.map(0, 4096),
      (segment: Segment) => segment.commit(0, 4096),
      (segment: Segment) => segment.punch(4096, 4096),
      (segment: Segment) => segment.isLinked(),
      (segment: Segment) => segment.withGate(() => 0),
      (segment: Segment) => segment.unlink(),
    ]) {
      const segment = Segment.openOrCreate(name, SPEC);
      segment.tryLock(0);
      const fd = descriptorOf(segment.path);
      closeSync(fd);
      const stranger = openSync('/dev/null', 'r');
      assert.equal(stranger, fd);
      try {
        throwsCode(() => use(segment), 'ERR_RINGWAY_DESCRIPTOR');
        segment.close();
        assert.ok(fstatSync(stranger).isCharacterDevice());
      } finally {
        closeSync(stranger);
      }
    }
  });

  it('are given up when another handle of the same segment gets the number of a closed descriptor', () => {
    const first = scratch.keep(Segment.create(name, SPEC));
    first.tryLock(5);
    const fd = descriptorOf(first.path);
    closeSync(fd);
    const second = scratch.keep(Segment.open(name, { kind: 1 }));
    assert.deepEqual(descriptorsOf(second.path), [fd]);
    assert.equal(first.closed, true);
    const third = scratch.keep(Segment.open(name, { kind: 1 }));
    assert.equal(third.tryLock(5), true);
    assert.equal(second.tryLock(5), false);
  });

  it('are let go by close, even while a mapping is in use', () => {
    const one = Segment.create(name, SPEC);
    const two = scratch.keep(Segment.open(name, { kind: 1 }));
    one.tryLock(9);
    one.map(0, 8192);
    one.close();
    assert.equal(two.tryLock(9), true);
  });
});

describe('the gate', () => {
  const scratch = new Scratch();
  const peers = new Peers();
  let name: string;

  beforeEach(() => {
    name = scratch.name();
  });

  afterEach(async () => {
    await peers.kill();
    scratch.clean();
  });

  it('returns what its body returns, and is open again when the body throws', () => {
    const segment = scratch.keep(Segment.create(name, SPEC));
    assert.equal(
      segment.withGate(() => 7),
      7,
    );
    assert.throws(
      () =>
        segment.withGate(() => {
          throw new Error('inside');
        }),
      /inside/,
    );
    assert.equal(
      segment.withGate(() => 8),
      8,
    );
  });

  it('is not entered twice by one handle', () => {
    const segment = scratch.keep(Segment.create(name, SPEC));
    segment.withGate(() => {
      throwsCode(() => segment.withGate(() => 1), 'ERR_RINGWAY_DEADLOCK');
      throwsCode(() => segment.unlink(), 'ERR_RINGWAY_DEADLOCK');
    });
  });

  it('may close its handle inside', () => {
    const segment = Segment.create(name, SPEC);
    segment.withGate(() => segment.close());
    const other = scratch.keep(Segment.open(name, { kind: 1 }));
    assert.equal(
      other.withGate(() => 1),
      1,
    );
  });

  it('lets nobody join or unlink while somebody is inside, and goes with its holder', async () => {
    const segment = scratch.keep(Segment.create(name, SPEC));
    const words = new Int32Array(segment.map(4096, 4096));
    const [holder, remover] = [await peers.start(), await peers.start()];
    await holder.ask({ do: 'open', name, expectations: { kind: 1 } });
    assert.equal(await holder.ask({ do: 'holdGate', offset: 4096 }), 'held');
    const removed = remover.ask({ do: 'unlink', name });
    assert.equal(segment.isLinked(), true);
    const begun = performance.now();
    throwsCode(() => segment.withGate(() => 1), 'ERR_RINGWAY_BUSY');
    assert.ok(performance.now() - begun > 4_500);
    await assert.rejects(removed, { code: 'ERR_RINGWAY_BUSY' });
    await holder.kill();
    assert.equal(words[0], 0);
    assert.equal(segment.unlink(), true);
  });

  it('opens as soon as it is let go', async () => {
    const segment = scratch.keep(Segment.create(name, SPEC));
    const words = new Int32Array(segment.map(4096, 4096));
    const [holder, remover] = [await peers.start(), await peers.start()];
    await holder.ask({ do: 'open', name, expectations: { kind: 1 } });
    assert.equal(await holder.ask({ do: 'holdGate', offset: 4096 }), 'held');
    const removed = remover.ask({ do: 'unlink', name });
    const released = holder.hear();
    Atomics.store(words, 0, 1);
    segment.wake(words, 0, 1);
    assert.equal(await released, 'released');
    assert.equal(await removed, true);
    assert.equal(segment.isLinked(), false);
  });

  it('keeps joiners from a segment that lost its name, however joining and unlinking fall together', async () => {
    const [joiner, creator, remover] = [await peers.start(), await peers.start(), await peers.start()];
    remover.tell({ do: 'unlinkForEver', name });
    const joins = [joiner, creator].map((each) => each.ask({ do: 'joinMany', name, spec: SPEC, times: 400 }));
    const [one, two] = (await Promise.all(joins)) as [number, number];
    assert.ok(one + two > 1, 'nobody removed the name between two joins');
  });

  it('is where a name is removed only if it still leads to this segment', () => {
    const first = scratch.keep(Segment.create(name, SPEC));
    const same = scratch.keep(Segment.open(name, { kind: 1 }));
    assert.deepEqual([first.isLinked(), first.unlink(), first.isLinked(), same.isLinked()], [true, true, false, false]);
    const second = scratch.keep(Segment.create(name, SPEC));
    assert.equal(same.unlink(), false);
    assert.equal(second.isLinked(), true);
    assert.equal(Segment.unlink(name), true);
    assert.equal(Segment.unlink(name), false);
    // Who has it open goes on.
    new Uint8Array(first.map(4096, 4096))[0] = 9;
    assert.equal(new Uint8Array(same.map(4096, 4096))[0], 9);
  });
});

describe('a lock of a segment that is cut in the moment before it is got', () => {
  const scratch = new Scratch();

  afterEach(() => scratch.clean());

  /** As of a handle whose object is cut to nothing while the kernel takes the lock. */
  function cutWhileLocking(): { native: Native; descriptor: SizedDescriptor; path: string; free: () => boolean } {
    const path = join(scratch.directory(), 'object');
    writeFileSync(path, new Uint8Array(1));
    const addon = load();
    const native: Native = {
      ...addon,
      lock: (fd, byte) => {
        const result = addon.lock(fd, byte);
        truncateSync(path, 0);
        return result;
      },
    };
    const { cut } = new Truncation(addon, path, 1, () => []);
    const descriptor = scratch.keep(new SizedDescriptor(addon, openSync(path, constants.O_RDWR), 1, cut));
    const other = openSync(path, constants.O_RDWR);
    scratch.later(() => closeSync(other));
    return {
      native,
      descriptor,
      path,
      free: () => addon.lock(other, LOCK_BASE) === 0 && addon.lock(other, GATE_LOCK) === 0,
    };
  }

  it('is not kept: a slot lock', () => {
    const { native, descriptor, path, free } = cutWhileLocking();
    const locks = new LockTable(native, descriptor, path);
    throwsCode(() => locks.tryLock(0), 'ERR_RINGWAY_SEGMENT_TRUNCATED');
    assert.equal(locks.holds(0), false);
    assert.equal(free(), true);
  });

  it('is not kept: the gate', () => {
    const { native, descriptor, path, free } = cutWhileLocking();
    const gate = new Gate(native, descriptor, path);
    throwsCode(() => gate.run(() => assert.fail('it went through')), 'ERR_RINGWAY_SEGMENT_TRUNCATED');
    assert.equal(free(), true);
  });
});
