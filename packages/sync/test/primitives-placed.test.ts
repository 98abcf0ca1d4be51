import assert from 'node:assert/strict';
import { Segment } from '@ringway/memory';
import { Barrier, Condition, Mutex, RwLock, Semaphore, recordBytes } from '@ringway/sync';
import { thrownCode } from './support/rejects.js';
import { Scene } from './support/scene.js';

const STEP = recordBytes();

/** Each primitive at its place in one segment. */
const OFFSETS = { mutex: 0, semaphore: STEP, rwLock: 2 * STEP, condition: 3 * STEP, barrier: 4 * STEP } as const;
const DATA = 5 * STEP;

describe("primitives in a segment of one's own", () => {
  const scene = new Scene();
  afterEach(() => scene.clear());
  const memory = (name: string): Segment => scene.own(Segment.memory(name, { bytes: DATA + 64 }));

  it('all work beside each other and beside the data, between two handles of the segment', async () => {
    const name = scene.name();
    const [one, other] = [memory(name), memory(name)].map((segment) => ({
      mutex: Mutex.at(segment, OFFSETS.mutex),
      semaphore: Semaphore.at(segment, OFFSETS.semaphore, { permits: 2, owned: true }),
      rwLock: RwLock.at(segment, OFFSETS.rwLock),
      condition: Condition.at(segment, OFFSETS.condition),
      barrier: Barrier.at(segment, OFFSETS.barrier, { parties: 2 }),
      data: segment.view(Int32Array, DATA, 16),
    }));
    const guard = await one.mutex.acquire();
    one.data.fill(7);
    const changed = one.condition.wait(guard);
    const theirs = await other.mutex.acquire();
    assert.deepEqual([...other.data], new Array<number>(16).fill(7));
    assert.equal(other.condition.signal(), true);
    theirs.release();
    await changed;
    guard.release();
    const permits = await one.semaphore.acquire(2);
    assert.equal(other.semaphore.tryAcquire(), undefined);
    permits.release();
    const reading = await one.rwLock.read();
    assert.equal(other.rwLock.tryWrite(), undefined);
    reading.release();
    assert.deepEqual(await Promise.all([one.barrier.wait(), other.barrier.wait()]), [false, true]);
    assert.deepEqual([...one.data], new Array<number>(16).fill(7));
  });

  it('take one place in the table for all that one handle of the segment has open', () => {
    const segment = scene.own(Segment.memory(scene.name(), { bytes: 4 * STEP, participants: 64 }));
    const one = Mutex.at(segment, 0);
    for (let round = 0; round < 100; round++) Mutex.at(segment, STEP).close();
    assert.equal(one.tryAcquire()?.held, true);
  });

  it('go to the next as abandoned when the mutex, or its whole segment, is closed', async () => {
    for (const whole of [false, true]) {
      const name = scene.name();
      const [mine, theirs] = [memory(name), memory(name)];
      const mutex = Mutex.at(mine, 0);
      await mutex.acquire();
      const wait = Mutex.at(theirs, 0).acquire();
      if (whole) mine.close();
      else mutex.close();
      assert.equal((await wait).abandoned, true);
      if (!whole) assert.equal(Mutex.at(mine, 0).tryAcquire(), undefined);
    }
  });

  it('are opened once by a handle of the segment, and again when they were closed', () => {
    const segment = memory(scene.name());
    const mutex = Mutex.at(segment, 0);
    assert.equal(
      thrownCode(() => Mutex.at(segment, 0)),
      'ERR_RINGWAY_BUSY',
    );
    mutex.close();
    Mutex.at(segment, 0).acquireSync().release();
  });

  it('are refused where something else stands', () => {
    const segment = memory(scene.name());
    Mutex.at(segment, 0);
    const other = memory(segment.name);
    assert.equal(
      thrownCode(() => RwLock.at(other, 0)),
      'ERR_RINGWAY_KIND_MISMATCH',
    );
    segment.view(Int32Array, STEP, 1).fill(1234);
    assert.equal(
      thrownCode(() => Mutex.at(segment, STEP)),
      'ERR_RINGWAY_KIND_MISMATCH',
    );
    Semaphore.at(segment, 2 * STEP, { permits: 2 });
    assert.equal(
      thrownCode(() => Semaphore.at(other, 2 * STEP, { permits: 3 })),
      'ERR_RINGWAY_OPTIONS_MISMATCH',
    );
  });

  it('are refused at places that are not aligned, or without room', () => {
    const segment = memory(scene.name());
    for (const offset of [-64, 1, 32, 63, DATA + 64, DATA, 2 ** 53, Number.NaN, 0.5, Infinity]) {
      assert.throws(() => Mutex.at(segment, offset), RangeError, String(offset));
    }
    assert.throws(() => Mutex.at(scene.own(Segment.memory(scene.name(), { bytes: 64 })), 0), RangeError);
  });

  it("are refused in a segment that is not one's own, or was closed", () => {
    const name = scene.name();
    scene.own(Mutex.open(name));
    const [info] = Segment.list().filter((found) => found.name === name);
    const segment = scene.own(Segment.open(name, { kind: info.kind }));
    assert.equal(
      thrownCode(() => Mutex.at(segment, 0)),
      'ERR_RINGWAY_KIND_MISMATCH',
    );
    const closed = memory(scene.name());
    const mutex = Mutex.at(closed, 0);
    closed.close();
    assert.equal(
      thrownCode(() => Mutex.at(closed, STEP)),
      'ERR_RINGWAY_CLOSED',
    );
    assert.equal(
      thrownCode(() => mutex.tryAcquire()),
      'ERR_RINGWAY_CLOSED',
    );
    mutex.close();
  });

  it('need a number of parties for a barrier, whatever the types say', () => {
    const segment = memory(scene.name());
    assert.throws(() => Barrier.at(segment, 0, {} as { parties: number }), RangeError);
  });
});
