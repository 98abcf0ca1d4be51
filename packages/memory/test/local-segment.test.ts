import assert from 'node:assert/strict';

import { LocalSegment } from '@ringway/memory';
import type { WatchReason } from '@ringway/memory';

import { Scratch, SPEC } from './support/scratch.js';
import { throwsCode } from './support/throws.js';

describe('a segment on the heap', () => {
  const scratch = new Scratch();
  let segment: LocalSegment;

  beforeEach(() => {
    segment = scratch.keep(
      LocalSegment.create('q', { ...SPEC, fill: (write) => write(8190, Uint8Array.of(1, 2, 3, 4)) }),
    );
  });

  afterEach(() => scratch.clean());

  it('has a header like any other', () => {
    assert.deepEqual([segment.header.kind, segment.header.geometry[4], segment.header.size], [1, 5, SPEC.size]);
    assert.equal(new TextDecoder().decode(new Uint8Array(segment.map(0, 4096), 0, 7)), 'RINGWAY');
    assert.throws(() => LocalSegment.create('q', { ...SPEC, kind: 0 }), RangeError);
  });

  it('contains what was filled in, across ranges', () => {
    assert.deepEqual([...new Uint8Array(segment.map(4096, 4096)).subarray(4093)], [0, 1, 2]);
    assert.deepEqual([...new Uint8Array(segment.map(8192, 4096)).subarray(0, 3)], [3, 4, 0]);
  });

  it('gives the same memory for the same range, to every handle', () => {
    const other = scratch.keep(segment.reopen());
    assert.equal(segment.map(4096, 4096), other.map(4096, 4096));
    assert.throws(() => segment.map(4096, 8192), RangeError);
    assert.throws(() => segment.map(0, SPEC.size + 4096), RangeError);
  });

  it('gives a ring a tail for what begins inside and runs over its end', () => {
    assert.ok(segment.mapRing(65536, 65536).byteLength >= 65536 * 1.25);
  });

  it('keeps what is in a range that is unmapped, and zeros what is punched', () => {
    const view = new Uint8Array(segment.map(4096, 4096));
    view[7] = 9;
    segment.unmap(view.buffer);
    assert.equal(view.length, 0);
    assert.equal(new Uint8Array(segment.map(4096, 4096))[7], 9);
    segment.punch(4096, 8192);
    assert.equal(new Uint8Array(segment.map(4096, 4096))[7], 0);
    assert.deepEqual([...new Uint8Array(segment.map(8192, 4096)).subarray(0, 2)], [0, 0]);
    segment.commit(4096, 4096);
    assert.throws(() => segment.commit(0, SPEC.size + 1), RangeError);
    assert.throws(() => segment.unmap(new ArrayBuffer(8)), TypeError);
  });

  it('has locks that exclude, within one handle and between two', () => {
    const other = segment.reopen();
    assert.deepEqual(
      [segment.tryLock(3), segment.tryLock(3), other.tryLock(3), other.tryLock(4)],
      [true, false, false, true],
    );
    const held = new Int32Array(1).fill(-1);
    segment.lockedBits(0, 32, held);
    assert.equal(held[0], 0b11000);
    assert.throws(() => segment.unlock(4), RangeError);
    other.close();
    assert.equal(segment.tryLock(4), true);
    segment.unlock(3);
    assert.equal(segment.holds(3), false);
  });

  it('wakes who waits, in a later turn, the longest waiting first', async () => {
    const words = new Int32Array(segment.map(4096, 4096));
    const order: number[] = [];
    const watch = (id: number): Promise<WatchReason> =>
      new Promise((resolve) => {
        segment.watch(words, 2, 0, undefined, (reason) => {
          order.push(id);
          resolve(reason);
        });
      });
    const waiting = [watch(1), watch(2), watch(3)];
    assert.equal(segment.wake(words, 3, 9), 0);
    assert.equal(segment.wake(words, 2, 2), 2);
    assert.deepEqual(order, []);
    assert.equal(await waiting[0], 'doorbell');
    await waiting[1];
    assert.equal(segment.wake(words, 2, 9), 1);
    await waiting[2];
    assert.deepEqual(order, [1, 2, 3]);
  });

  it('fires at once where the value differs, and not at all after cancel or close', async () => {
    const words = new Int32Array(segment.map(4096, 4096));
    const other = segment.reopen();
    const calls: string[] = [];
    segment.watch(words, 0, 1, undefined, () => calls.push('cancelled')).cancel();
    other.watch(words, 0, 1, undefined, () => calls.push('closed'));
    other.close();
    await new Promise<void>((resolve) => {
      segment.watch(words, 0, 1, undefined, () => resolve());
    });
    assert.deepEqual(calls, []);
  });

  it('tells who waits that a lock was let go', async () => {
    const words = new Int32Array(segment.map(4096, 4096));
    const other = segment.reopen();
    const held = new Int32Array(1);
    const released = new Promise<WatchReason>((resolve) => {
      segment.watch(words, 0, 0, { start: 0, count: 32, held }, resolve);
    });
    other.tryLock(6);
    other.close();
    assert.equal(await released, 'lock-released');
  });

  it('cannot block its only thread', () => {
    const words = new Int32Array(segment.map(4096, 4096));
    assert.equal(segment.waitSync(words, 0, 1, 50), 'changed');
    assert.equal(segment.waitSync(words, 0, 0, 0), 'timeout');
    throwsCode(() => segment.waitSync(words, 0, 0, 50), 'ERR_RINGWAY_DEADLOCK');
    const other = scratch.keep(segment.reopen());
    segment.withGate(() => throwsCode(() => other.withGate(() => 1), 'ERR_RINGWAY_DEADLOCK'));
    assert.equal(
      other.withGate(() => 1),
      1,
    );
  });

  it('loses its name once', () => {
    const other = scratch.keep(segment.reopen());
    assert.deepEqual(
      [segment.isLinked(), segment.unlink(), other.isLinked(), other.unlink()],
      [true, true, false, false],
    );
  });

  it('is gone with its last handle: views are empty, every use throws', () => {
    const other = segment.reopen();
    const view = new Uint8Array(segment.map(4096, 4096));
    segment.close();
    assert.equal(view.length, 4096);
    throwsCode(() => segment.map(0, 4096), 'ERR_RINGWAY_CLOSED');
    throwsCode(() => segment.attachments.list(''), 'ERR_RINGWAY_CLOSED');
    other.holdLoop();
    other.close();
    other.close();
    other.releaseLoop();
    assert.equal(view.length, 0);
    throwsCode(() => other.tryLock(0), 'ERR_RINGWAY_CLOSED');
  });
});
