import assert from 'node:assert/strict';
import { ftruncateSync } from 'node:fs';
import { constants } from 'node:os';
import { type Native, WATCH_REASON } from '@ringway/native';
import { instantiate } from './support/instance.js';
import { closeObject, closeObjects, openObject, PAGE, reopen } from './support/object.js';
import { Fixture, killFixtures } from './support/process.js';
import { settle, Watches } from './support/watches.js';

const { errno } = constants;
/** A word that no test watches itself. */
const SPARE = 5000;
const TICK_MS = 5;

for (const way of ['futex_waitv', 'single waits and polling'] as const) {
  describe(`a watch by ${way}`, () => {
    const many = way === 'futex_waitv';
    let native: Native;
    let watches: Watches;
    let fd: number;
    let buffer: ArrayBuffer;
    let words: Int32Array;

    before(() => {
      process.env.RINGWAY_NO_FUTEX_WAITV = many ? '0' : '1';
    });

    after(() => {
      delete process.env.RINGWAY_NO_FUTEX_WAITV;
    });

    beforeEach(() => {
      // A new instance, with threads of its own, so that what one test leaves is no matter to the next.
      native = instantiate();
      watches = new Watches(native);
      fd = openObject(PAGE);
      buffer = native.map(fd, 0, PAGE) as ArrayBuffer;
      words = new Int32Array(buffer);
    });

    afterEach(async () => {
      await killFixtures();
      native.unmap(buffer);
      closeObjects();
    });

    function ring(index: number): void {
      Atomics.add(words, index, 1);
      native.futexWake(words, index, 1);
    }

    it('fires once when its word is changed and woken', async () => {
      const id = native.watch(words, 1, 0, null);
      assert.ok(id > 0);
      assert.deepEqual(native.watchStats(), { threads: 1, watches: 1 });
      ring(1);
      assert.deepEqual(await watches.atLeast(1), [{ id, reason: WATCH_REASON.doorbell }]);
      assert.deepEqual(native.watchStats(), { threads: 1, watches: 0 });
      ring(1);
      await settle(native, watches, words, SPARE);
      assert.equal(watches.fired.filter((fired) => fired.id === id).length, 1);
      assert.equal(native.unwatch(id), false);
    });

    it('fires when another process rings', async () => {
      const id = native.watch(words, 1, 0, null);
      const ringer = new Fixture('ring', [process.pid, fd, 1]);
      assert.deepEqual(await watches.atLeast(1), [{ id, reason: WATCH_REASON.doorbell }]);
      assert.deepEqual(await ringer.end(), { status: 0, output: '' });
    });

    it('fires when its word has changed already, but never inside the call', async () => {
      words[1] = -5;
      const id = native.watch(words, 1, -4, null);
      assert.equal(watches.fired.length, 0);
      assert.equal(native.unwatch(id), false);
      assert.deepEqual(await watches.atLeast(1), [{ id, reason: WATCH_REASON.doorbell }]);
    });

    it('never fires after it was taken back', async () => {
      const id = native.watch(words, 1, 0, null);
      assert.equal(native.unwatch(id), true);
      assert.equal(native.unwatch(id), false);
      ring(1);
      await settle(native, watches, words, SPARE);
      assert.ok(!watches.fired.some((fired) => fired.id === id));
    });

    it('shares its word with others, and all fire', async () => {
      const ids = [native.watch(words, 1, 0, null), native.watch(words, 1, 0, null)];
      Atomics.add(words, 1, 1);
      native.futexWake(words, 1, 2 ** 31 - 1);
      await watches.atLeast(2);
      assert.deepEqual(new Set(watches.fired.map((fired) => fired.id)), new Set(ids));
    });

    it('is one of 300, each of which fires once', async () => {
      const count = 300;
      const ids = Array.from({ length: count }, (_, index) => native.watch(words, index, 0, null));
      assert.equal(new Set(ids).size, count);
      assert.deepEqual(native.watchStats(), { threads: many ? 3 : 9, watches: count });
      for (let index = count - 1; index >= 0; index -= 1) ring(index);
      await watches.atLeast(count);
      assert.deepEqual(
        watches.fired.map((fired) => fired.id).sort((a, b) => a - b),
        ids,
      );
      assert.equal(native.watchStats().watches, 0);
    });

    it('uses the threads again that have nothing to wait for', async () => {
      for (let round = 1; round <= 20; round += 1) {
        const id = native.watch(words, 1, words[1], null);
        ring(1);
        assert.deepEqual((await watches.atLeast(round)).at(-1), { id, reason: WATCH_REASON.doorbell });
      }
      assert.deepEqual(native.watchStats(), { threads: 1, watches: 0 });
    });

    it('tells within 250 ms of the death of whoever held a lock', async () => {
      const holder = new Fixture('hold', [process.pid, fd, 40]);
      await holder.message<'held'>();
      const held = new Int32Array(2);
      assert.equal(native.probeRange(fd, 0, 64, held), 0);
      const id = native.watch(words, 1, 0, { fd, start: 0, count: 64, held });
      await holder.kill();
      // A clock that stands still while the machine lets this process wait for a core.
      let milliseconds = 0;
      const clock = setInterval(() => (milliseconds += TICK_MS), TICK_MS);
      try {
        assert.deepEqual(await watches.atLeast(1), [{ id, reason: WATCH_REASON.lockReleased }]);
      } finally {
        clearInterval(clock);
      }
      assert.ok(milliseconds < 250, `${milliseconds} ms`);
    });

    it('tells of a lock that was let go before it began', async () => {
      const held = Int32Array.of(1 << 7);
      const id = native.watch(words, 1, 0, { fd, start: 0, count: 8, held });
      held.fill(0);
      assert.deepEqual(await watches.atLeast(1), [{ id, reason: WATCH_REASON.lockReleased }]);
    });

    (many ? it : it.skip)(
      `tells of a lock that was taken after it began${many ? '' : ' (skipped: only watches of one thread are known to be probed together)'}`,
      async () => {
        const peer = reopen(fd);
        const id = native.watch(words, 1, 0, { fd, start: 5, count: 1, held: new Int32Array(1) });
        native.lock(peer, 5);
        // All ranges of a thread are probed in turn: when this one is found free, the other was seen held.
        const later = native.watch(words, 2, 0, { fd, start: 6, count: 1, held: Int32Array.of(1) });
        assert.deepEqual(await watches.atLeast(1), [{ id: later, reason: WATCH_REASON.lockReleased }]);
        native.unlock(peer, 5);
        assert.deepEqual((await watches.atLeast(2))[1], { id, reason: WATCH_REASON.lockReleased });
      },
    );

    it('with locks fires for its word, too, and then no more', async () => {
      const peer = reopen(fd);
      native.lock(peer, 5);
      const id = native.watch(words, 1, 0, { fd, start: 5, count: 1, held: Int32Array.of(1) });
      ring(1);
      assert.deepEqual(await watches.atLeast(1), [{ id, reason: WATCH_REASON.doorbell }]);
      native.unlock(peer, 5);
      const later = native.watch(words, 2, 0, { fd, start: 6, count: 1, held: Int32Array.of(1) });
      assert.deepEqual((await watches.atLeast(2))[1], { id: later, reason: WATCH_REASON.lockReleased });
      assert.equal(watches.fired.length, 2);
    });

    it('does not take bits beyond its range for locks', async () => {
      const id = native.watch(words, 1, 0, { fd, start: 0, count: 33, held: Int32Array.of(0, -2) });
      const later = native.watch(words, 2, 0, { fd, start: 0, count: 33, held: Int32Array.of(0, -1) });
      assert.deepEqual(await watches.atLeast(1), [{ id: later, reason: WATCH_REASON.lockReleased }]);
      assert.equal(native.unwatch(id), true);
    });

    it('fails when its descriptor cannot be probed', async () => {
      const closed = reopen(fd);
      closeObject(closed);
      const id = native.watch(words, 1, 0, { fd: closed, start: 0, count: 1, held: Int32Array.of(1) });
      assert.deepEqual(await watches.atLeast(1), [{ id, reason: WATCH_REASON.failed }]);
    });

    it('fails when the memory below it is cut off, and hurts no other', async () => {
      const other = openObject(PAGE);
      const short = native.map(other, 0, PAGE) as ArrayBuffer;
      const id = native.watch(new Int32Array(short), 0, 0, null);
      const sound = native.watch(words, 2, 0, null);
      ftruncateSync(other, 0);
      // The kernel looks at the word when the set changes.
      native.unwatch(native.watch(words, 1, 0, null));
      assert.deepEqual(await watches.atLeast(1), [{ id, reason: WATCH_REASON.failed }]);
      assert.equal(native.watch(new Int32Array(short), 0, 0, null), -errno.EFAULT);
      ring(2);
      assert.deepEqual((await watches.atLeast(2))[1], { id: sound, reason: WATCH_REASON.doorbell });
      native.unmap(short);
    });

    it('is removed when its memory is unmapped', async () => {
      const other = native.map(openObject(PAGE), 0, PAGE) as ArrayBuffer;
      const gone = Array.from({ length: 20 }, (_, index) => native.watch(new Int32Array(other), index, 0, null));
      const id = native.watch(words, 1, 0, null);
      assert.equal(native.unmap(other), true);
      assert.equal(native.watchStats().watches, 1);
      assert.equal(native.unwatch(gone[0]), false);
      ring(1);
      assert.deepEqual(await watches.atLeast(1), [{ id, reason: WATCH_REASON.doorbell }]);
    });

    it('passes on a wake that reaches it after it was taken back', async () => {
      const other = instantiate();
      const theirs = new Watches(other);
      const view = other.map(fd, 0, PAGE) as ArrayBuffer;
      // A thread for one watch may take a slice of 100 ms to notice that it was taken back.
      const rounds = many ? 100 : 20;
      for (let round = 1; round <= rounds; round += 1) {
        const mine = native.watch(words, 1, words[1], null);
        // Now the thread waits, first in the queue of the word.
        await settle(native, watches, words, SPARE);
        const id = other.watch(new Int32Array(view), 1, words[1], null);
        await settle(other, theirs, new Int32Array(view), SPARE);
        // A wake for one: nothing else would tell the other.
        native.unwatch(mine);
        const before = theirs.fired.length;
        ring(1);
        assert.deepEqual((await theirs.atLeast(before + 1)).at(-1), { id, reason: WATCH_REASON.doorbell });
      }
      other.unmap(view);
    });

    it('reports to the function that was given last', async () => {
      const heard = new Promise<number>((resolve) => {
        native.onWatch(resolve);
      });
      native.refWatches(true);
      const id = native.watch(words, 1, 1, null);
      assert.equal(await heard, id);
      native.refWatches(false);
    });
  });
}

describe('a watch', () => {
  const native = instantiate();
  let buffer: ArrayBuffer;
  let words: Int32Array;
  let fd: number;

  beforeEach(() => {
    fd = openObject(PAGE);
    buffer = native.map(fd, 0, PAGE) as ArrayBuffer;
    words = new Int32Array(buffer);
  });

  afterEach(() => {
    native.unmap(buffer);
    closeObjects();
  });

  it('is refused before there is anyone to report to', () => {
    assert.throws(() => native.watch(words, 0, 0, null), { name: 'Error', code: 'ERR_INVALID_STATE' });
  });

  it('refuses arguments that no call could mean', () => {
    native.onWatch(() => undefined);
    const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
    const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
    const locks = { fd, start: 0, count: 1, held: new Int32Array(1) };
    const watch = (change: object): void => {
      native.watch(words, 0, 0, { ...locks, ...change });
    };
    assert.throws(() => native.watch(new Int32Array(4), 0, 0, null), {
      name: 'TypeError',
      code: 'ERR_INVALID_ARG_VALUE',
    });
    assert.throws(() => native.watch(words, words.length, 0, null), range);
    assert.throws(() => native.watch(words, 0, 2 ** 31, null), range);
    assert.throws(() => native.watch(words, 0, 0, undefined as unknown as null), type);
    assert.throws(() => watch({ fd: -1 }), range);
    assert.throws(() => watch({ start: -1 }), range);
    assert.throws(() => watch({ count: 0 }), range);
    assert.throws(() => watch({ count: 4097 }), range);
    assert.throws(() => watch({ count: 33 }), range);
    assert.throws(() => watch({ held: [1] }), type);
    assert.throws(() => native.unwatch('1' as unknown as number), type);
    assert.throws(() => native.refWatches(1 as unknown as boolean), type);
    assert.throws(() => native.onWatch(null as unknown as () => void), type);
    assert.equal(native.unwatch(0), false);
    assert.equal(native.unwatch(12345), false);
    assert.equal(native.watchStats().watches, 0);
  });

  it('lets an error in locks pass to the caller', () => {
    native.onWatch(() => undefined);
    const locks = {
      get fd(): number {
        throw new Error('from the getter');
      },
      start: 0,
      count: 1,
      held: new Int32Array(1),
    };
    assert.throws(() => native.watch(words, 0, 0, locks), { message: 'from the getter' });
  });
});
