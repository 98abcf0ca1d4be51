import assert from 'node:assert/strict';
import { closeSync, openSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { PosixError, Segment, native } from '@ringway/memory';
import { RecordLock, type RecordGuard, type RecordMode } from '@ringway/sync';
import { LockScratch, descriptorsOf, noWaitThreads } from './support/record-lock-scratch.js';

const TIMEOUT = { code: 'ERR_RINGWAY_TIMEOUT' };
const CLOSED = { code: 'ERR_RINGWAY_CLOSED' };
const DEADLOCK = { code: 'ERR_RINGWAY_DEADLOCK' };

describe('RecordLock', () => {
  const scratch = new LockScratch();
  let path: string;
  let locks: RecordLock;
  let others: RecordLock;

  beforeEach(() => {
    path = scratch.file(64);
    locks = scratch.open(path);
    others = scratch.open(path);
  });

  afterEach(async () => {
    scratch.clean();
    assert.equal(native().countRecordWaits(), 0);
    await noWaitThreads();
  });

  /** What each byte is locked for, through a handle that holds nothing. */
  function seen(count: number): (RecordMode | undefined)[] {
    const observer = RecordLock.open(path, { access: 'read' });
    const modes = Array.from({ length: count }, (_, start) => observer.query({ start, length: 1 })?.mode);
    observer.close();
    return modes;
  }

  /** Returns when the kernel has given the byte to `locks`. The event loop has no turn meanwhile. */
  function granted(start: number): void {
    const observer = RecordLock.open(path, { access: 'read' });
    while (observer.query({ start, length: 1 }) === undefined) continue;
    observer.close();
  }

  for (const [where, second] of [
    ['of one handle', () => locks],
    ['of two handles', () => others],
  ] as const) {
    describe(`between two acquisitions ${where}`, () => {
      it('lets shared ranges overlap, and exclusive ones with none', () => {
        const one = locks.tryAcquire({ start: 0, length: 10, mode: 'shared' });
        assert.ok(one);
        const two = second().tryAcquire({ start: 5, length: 10, mode: 'shared' });
        assert.ok(two);
        assert.equal(second().tryAcquire({ start: 9, length: 1 }), undefined);
        assert.equal(locks.tryAcquire({ start: 14, length: 0 }), undefined);
        const three = second().tryAcquire({ start: 15, length: 0 });
        assert.ok(three);
        assert.equal(locks.tryAcquire({ start: 2 ** 50, length: 1, mode: 'shared' }), undefined);
      });

      it('releases a range but for what the other still covers', () => {
        const one = locks.tryAcquire({ start: 0, length: 6, mode: 'shared' });
        const two = second().tryAcquire({ start: 3, length: 6, mode: 'shared' });
        assert.ok(one && two);
        one.release();
        assert.deepEqual(seen(10), [...Array<undefined>(3), ...Array<RecordMode>(6).fill('shared'), undefined]);
        two.release();
        assert.deepEqual(seen(10), Array<undefined>(10).fill(undefined));
      });

      it('grants an exclusive range when the shared one is gone, and the other way round', async () => {
        const reading = await locks.acquire({ start: 0, length: 10, mode: 'shared' });
        const writer = second().acquire({ start: 5, length: 0, mode: 'exclusive' });
        assert.equal(second().tryAcquire({ start: 20, length: 1 }), undefined);
        reading.release();
        const writing = await writer;
        const reader = locks.acquire({ start: 9, length: 1, mode: 'shared' });
        writing.release();
        assert.equal((await reader).mode, 'shared');
      });
    });
  }

  it('grants acquisitions of one handle that conflict in the order in which they came', async () => {
    const order: number[] = [];
    const first = await locks.acquire({ start: 0, length: 4 });
    const waits = (['shared', 'exclusive', 'shared', 'shared', 'exclusive'] as const).map(async (mode, index) => {
      const guard = await locks.acquire({ start: index % 2, length: 3, mode });
      order.push(index);
      guard.release();
    });
    const apart = await locks.acquire({ start: 4, length: 1 });
    apart.release();
    first.release();
    await Promise.all(waits);
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
  });

  it('does not let one that tries overtake one that waits', async () => {
    const reading = await locks.acquire({ start: 0, length: 4, mode: 'shared' });
    const writer = locks.acquire({ start: 0, length: 4 });
    assert.equal(locks.tryAcquire({ start: 0, length: 4, mode: 'shared' }), undefined);
    reading.release();
    (await writer).release();
  });

  it('keeps nothing locked that only a waiting acquisition would share', async () => {
    // Else two processes could block each other, each with the part that the other one waits for.
    const left = await locks.acquire({ start: 0, length: 10, mode: 'shared' });
    const right = await others.acquire({ start: 10, length: 5 });
    const both = locks.acquire({ start: 5, length: 10, mode: 'shared' });
    left.release();
    const taken = others.tryAcquire({ start: 5, length: 5 });
    assert.ok(taken);
    taken.release();
    right.release();
    assert.deepEqual([(await both).start, (await both).length], [5, 10]);
    assert.deepEqual(seen(16), [...Array<undefined>(5), ...Array<RecordMode>(10).fill('shared'), undefined]);
  });

  it('keeps a range that was granted to one while another one lets it go', async () => {
    for (let round = 0; round < 50; round += 1) {
      const left = await locks.acquire({ start: 0, length: 10, mode: 'shared' });
      const right = await others.acquire({ start: 10, length: 5 });
      const both = locks.acquire({ start: 5, length: 10, mode: 'shared' });
      right.release();
      // The kernel has granted it when this one goes, or may have; this handle has heard nothing of it.
      if (round % 2 === 0) granted(14);
      left.release();
      const guard = await both;
      assert.equal(others.tryAcquire({ start: 5, length: 1 }), undefined);
      assert.equal(others.tryAcquire({ start: 14, length: 1 }), undefined);
      guard.release();
    }
  });

  it('gives guards that are released once, by their own hand or by their scope', () => {
    const guard = locks.acquireSync({ start: 3, length: 0, mode: 'shared' });
    assert.deepEqual([guard.start, guard.length, guard.mode, guard.released], [3, 0, 'shared', false]);
    guard.release();
    const next = locks.acquireSync({ start: 3, length: 0 });
    guard.release();
    guard[Symbol.dispose]();
    assert.equal(guard.released, true);
    assert.equal(others.tryAcquire({ start: 3, length: 1 }), undefined);
    next[Symbol.dispose]();
    assert.ok(others.tryAcquire({ start: 3, length: 1 }));
  });

  it('tells who is in the way', () => {
    assert.equal(locks.query({ start: 0, length: 0 }), undefined);
    locks.tryAcquire({ start: 2, length: 3, mode: 'shared' });
    const expected = { mode: 'shared', start: 2, length: 3 };
    assert.equal(others.query({ start: 0, length: 0, mode: 'shared' }), undefined);
    assert.deepEqual(others.query({ start: 0, length: 0 }), { ...expected, own: false, pid: undefined });
    assert.deepEqual(locks.query({ start: 4, length: 1 }), { ...expected, own: true, pid: process.pid });
  });

  it('takes a descriptor, and locks the file behind it by one of its own', () => {
    const fd = openSync(path, 'r');
    const same = scratch.open({ fd });
    closeSync(fd);
    assert.ok(same.tryAcquire({ start: 0, length: 1 }));
    assert.equal(locks.tryAcquire({ start: 0, length: 1 }), undefined);
  });

  it('locks for reading only what was opened for reading only', () => {
    const reader = scratch.open(path, { access: 'read' });
    assert.ok(reader.tryAcquire({ start: 0, length: 1, mode: 'shared' }));
    assert.throws(() => reader.tryAcquire({ start: 5, length: 1 }), { name: 'PosixError', code: 'EBADF' });
  });

  it('leaves the locks alone by which the participants of a segment prove that they live', () => {
    const name = `record-${process.pid}`;
    const segment = Segment.create(name, { kind: 9, geometry: [], size: 4096, codecName: '', codecId: 0, schemaId: 0 });
    try {
      const all = scratch.open(segment.path).tryAcquire({ start: 0, length: 0 });
      assert.ok(all);
      assert.equal(scratch.open(segment.path).tryAcquire({ start: 4095, length: 1 }), undefined);
      assert.equal(segment.tryLock(0), true);
      assert.throws(() => scratch.open(segment.path).tryAcquire({ start: 0, length: 2 ** 46 }), RangeError);
      assert.throws(() => scratch.open(segment.path).tryAcquire({ start: 2 ** 46, length: 0 }), RangeError);
    } finally {
      segment.close();
      Segment.unlink(name);
    }
  });

  describe('refuses', () => {
    it('ranges, modes, files and times that nothing could mean', async () => {
      for (const start of [-1, 0.5, NaN, Infinity, 2 ** 53]) {
        assert.throws(() => locks.tryAcquire({ start, length: 1 }), RangeError);
        assert.throws(() => locks.query({ start: 0, length: start }), RangeError);
      }
      assert.throws(() => locks.tryAcquire({ start: 2 ** 53 - 1, length: 1 }), RangeError);
      assert.throws(() => locks.tryAcquire({ start: 0n as unknown as number, length: 1 }), TypeError);
      assert.throws(() => locks.tryAcquire({ start: 0, length: '1' as unknown as number }), TypeError);
      assert.throws(() => locks.tryAcquire({ start: 0, length: 1, mode: 'read' as RecordMode }), TypeError);
      assert.throws(() => locks.acquireSync({ start: 0, length: 1, timeout: NaN }), RangeError);
      await assert.rejects(locks.acquire({ start: 0, length: 1, timeout: -1 }), RangeError);
      await assert.rejects(locks.acquire({ start: 0.5, length: 1 }), RangeError);
      assert.throws(() => RecordLock.open({ fd: -1 }), RangeError);
      assert.throws(() => RecordLock.open(7 as unknown as string), TypeError);
      assert.throws(() => RecordLock.open(path, { access: 'all' as 'read' }), TypeError);
      assert.throws(() => RecordLock.open(`${path}.none`), { code: 'ENOENT' });
    });

    it('to block the thread for a range that a guard of the same thread holds, also by another handle', () => {
      const guard = locks.acquireSync({ start: 0, length: 10, mode: 'shared' });
      for (const handle of [locks, others]) {
        assert.throws(() => handle.acquireSync({ start: 9, length: 5 }), DEADLOCK);
        handle.acquireSync({ start: 9, length: 5, mode: 'shared' }).release();
      }
      guard.release();
      others.acquireSync({ start: 9, length: 5 }).release();
    });

    it('more waiting threads than a process may have, and goes on when there is room', async () => {
      const most = 256;
      const guard = await locks.acquire({ start: 0, length: 1 });
      const waiting = Array.from({ length: most }, () => others.acquire({ start: 0, length: 1, mode: 'shared' }));
      await assert.rejects(others.acquire({ start: 0, length: 1, mode: 'shared' }), (error: unknown) => {
        assert.ok(error instanceof PosixError);
        assert.equal(error.code, 'EAGAIN');
        return true;
      });
      guard.release();
      const guards = await Promise.all(waiting);
      assert.equal(guards.length, most);
    });
  });

  describe('while it waits', () => {
    for (const [where, holder] of [
      ['for its own handle', () => locks],
      ['in the kernel', () => others],
    ] as const) {
      it(`is aborted as Node aborts, ${where}, and holds nothing afterwards`, async () => {
        const guard = holder().acquireSync({ start: 0, length: 1 });
        const controller = new AbortController();
        const waiting = locks.acquire({ start: 0, length: 4, signal: controller.signal });
        const behind = locks.acquire({ start: 2, length: 1 });
        const reason = new Error('no more');
        controller.abort(reason);
        await assert.rejects(waiting, { name: 'AbortError', code: 'ABORT_ERR', cause: reason });
        (await behind).release();
        guard.release();
        assert.deepEqual(seen(4), Array<undefined>(4).fill(undefined));
        await assert.rejects(locks.acquire({ start: 0, length: 1, signal: controller.signal }), { code: 'ABORT_ERR' });
      });

      it(`gives up when its time is over, ${where}`, async () => {
        const guard = holder().acquireSync({ start: 0, length: 1 });
        await assert.rejects(locks.acquire({ start: 0, length: 4, timeout: 5 }), TIMEOUT);
        guard.release();
        assert.ok(locks.tryAcquire({ start: 0, length: 4 }));
      });

      it(`is rejected when its handle is closed, ${where}`, async () => {
        holder().acquireSync({ start: 0, length: 1 });
        const waiting = locks.acquire({ start: 0, length: 4 });
        locks.close();
        await assert.rejects(waiting, CLOSED);
      });
    }

    it('takes or leaves the range, and nothing between, when it is aborted while the holder lets go', async () => {
      let got = 0;
      for (let round = 0; round < 100; round += 1) {
        const guard = others.acquireSync({ start: 0, length: 4 });
        const controller = new AbortController();
        const waiting = locks.acquire({ start: 2, length: 4, signal: controller.signal });
        guard.release();
        if (round % 2 === 0) await new Promise((resolve) => setImmediate(resolve));
        controller.abort();
        const outcome = await waiting.catch(() => undefined);
        assert.equal(seen(6)[5], outcome === undefined ? undefined : 'exclusive');
        if (outcome !== undefined) got += 1;
        outcome?.release();
      }
      assert.ok(got < 100);
    });

    for (const [where, second] of [
      ['one handle', () => locks],
      ['two handles', () => others],
    ] as const) {
      it(`goes after an acquisition that blocks its thread, since it could not go on meanwhile: ${where}`, async () => {
        const guard = await others.acquire({ start: 0, length: 2 });
        const waiting = locks.acquire({ start: 0, length: 2 });
        guard.release();
        granted(0);
        // The thread in the kernel has the range, but nobody has seen it.
        const blocking = second().acquireSync({ start: 1, length: 4, timeout: 10_000 });
        assert.deepEqual(seen(5), [undefined, ...Array<RecordMode>(4).fill('exclusive')]);
        blocking.release();
        (await waiting).release();
      });
    }
  });

  it('is closed with all that it holds, once, and then refuses everything', async () => {
    const guard = locks.acquireSync({ start: 0, length: 0 });
    locks.close();
    locks[Symbol.dispose]();
    assert.equal(locks.closed, true);
    assert.ok(others.tryAcquire({ start: 0, length: 1 }));
    guard.release();
    assert.equal(others.query({ start: 0, length: 1 })?.own, true);
    assert.throws(() => locks.tryAcquire({ start: 5, length: 1 }), CLOSED);
    assert.throws(() => locks.acquireSync({ start: 5, length: 1 }), CLOSED);
    assert.throws(() => locks.query({ start: 5, length: 1 }), CLOSED);
    await assert.rejects(locks.acquire({ start: 5, length: 1 }), CLOSED);
  });

  it('is closed when somebody closes its descriptor by number, and its guards are void', async () => {
    others.close();
    const [fd] = descriptorsOf(path);
    const guard = locks.acquireSync({ start: 0, length: 1 });
    const waiting = locks.acquire({ start: 0, length: 1 });
    closeSync(fd);
    assert.throws(() => locks.tryAcquire({ start: 5, length: 1 }), { code: 'ERR_RINGWAY_DESCRIPTOR' });
    assert.equal(locks.closed, true);
    await assert.rejects(waiting, CLOSED);
    guard.release();
    assert.deepEqual(descriptorsOf(path), []);
  });

  it('does not take for its own what it got by a descriptor that was taken away meanwhile', async () => {
    const theirs = others.acquireSync({ start: 5, length: 1 });
    const before = descriptorsOf(path);
    const late = scratch.open(path);
    const waiting = late.acquire({ start: 5, length: 1 });
    for (const fd of descriptorsOf(path)) if (!before.includes(fd)) closeSync(fd);
    theirs.release();
    await assert.rejects(waiting, CLOSED);
    assert.equal(late.closed, true);
  });

  it('can be released, aborted and closed after its descriptor was taken away', async () => {
    const theirs = others.acquireSync({ start: 5, length: 1 });
    const guard = locks.acquireSync({ start: 0, length: 1 });
    const controller = new AbortController();
    const waiting = locks.acquire({ start: 5, length: 1, signal: controller.signal });
    const [, fd] = descriptorsOf(path);
    closeSync(fd);
    controller.abort();
    await assert.rejects(waiting, { code: 'ABORT_ERR' });
    guard.release();
    theirs.release();
    locks.close();
    others.close();
    assert.deepEqual(descriptorsOf(path), []);
  });

  it('locks a file that has lost its name', () => {
    rmSync(path);
    assert.ok(locks.tryAcquire({ start: 0, length: 1 }));
    assert.equal(others.tryAcquire({ start: 0, length: 1 }), undefined);
  });

  it('gives the event loop its turns, however often it is acquired without waiting', async () => {
    const time = AbortSignal.timeout(5);
    while (!time.aborted) (await locks.acquire({ start: 0, length: 1 })).release();
  });

  it('holds what an array of bytes says, whatever two handles do', () => {
    const BYTES = 12;
    const steps = fc.array(
      fc.record({
        handle: fc.nat(1),
        releases: fc.boolean(),
        index: fc.nat(),
        start: fc.nat(BYTES - 1),
        length: fc.integer({ min: 0, max: BYTES }),
        mode: fc.constantFrom('shared' as const, 'exclusive' as const),
      }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, (actions) => {
        const held: RecordGuard[] = [];
        const covers = (guard: RecordGuard, byte: number): boolean =>
          guard.start <= byte && (guard.length === 0 || byte < guard.start + guard.length);
        for (const { handle, releases, index, start, length, mode } of actions) {
          if (releases && held.length > 0) {
            held.splice(index % held.length, 1)[0].release();
          } else {
            const inside = Array.from({ length: BYTES * 2 }, (_, byte) => byte).filter(
              (byte) => byte >= start && (length === 0 || byte < start + length),
            );
            const free = !held.some(
              (guard) =>
                (guard.mode === 'exclusive' || mode === 'exclusive') && inside.some((byte) => covers(guard, byte)),
            );
            const guard = [locks, others][handle].tryAcquire({ start, length, mode });
            assert.equal(guard !== undefined, free);
            if (guard !== undefined) held.push(guard);
          }
          assert.deepEqual(
            seen(BYTES),
            Array.from({ length: BYTES }, (_, byte) => held.find((guard) => covers(guard, byte))?.mode),
          );
        }
        for (const guard of held) guard.release();
      }),
      { numRuns: 50 },
    );
  });
});
