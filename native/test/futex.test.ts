import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { load, WAIT_RESULT } from '@ringway/native';
import { closeObjects, openObject, PAGE } from './support/object.js';
import { Fixture, killFixtures, until } from './support/process.js';

const { errno } = constants;

describe('a futex', () => {
  const native = load();
  let fd: number;
  let buffer: ArrayBuffer;
  let words: Int32Array;

  beforeEach(() => {
    fd = openObject(PAGE);
    buffer = native.map(fd, 0, PAGE) as ArrayBuffer;
    words = new Int32Array(buffer);
  });

  afterEach(async () => {
    await killFixtures();
    native.unmap(buffer);
    closeObjects();
  });

  it('is not waited for when it has another value', () => {
    words[3] = -7;
    assert.equal(native.futexWait(words, 3, 7, 1000), WAIT_RESULT.changed);
  });

  it('is waited for until the time is over, fractions included', () => {
    words[3] = -7;
    const begun = process.hrtime.bigint();
    assert.equal(native.futexWait(words, 3, -7, 2.5), WAIT_RESULT.timeout);
    assert.ok(process.hrtime.bigint() - begun >= 2_500_000n);
    assert.equal(native.futexWait(words, 3, -7, 0), WAIT_RESULT.timeout);
  });

  it('wakes nobody when nobody waits, or none is asked for', () => {
    assert.equal(native.futexWake(words, 0, 1), 0);
    assert.equal(native.futexWake(words, 0, 0), 0);
  });

  it('wakes a waiter in another process, and tells how many it woke', async () => {
    const waiters = [new Fixture('wait', [process.pid, fd, 9]), new Fixture('wait', [process.pid, fd, 9])];
    await Promise.all(waiters.map((waiter) => waiter.message<'waiting'>()));
    const answers = Promise.all(waiters.map((waiter) => waiter.message<number>()));
    let woken = 0;
    await until(() => {
      const now = native.futexWake(words, 9, 1);
      assert.ok(now === 0 || now === 1);
      woken += now;
      return woken === waiters.length || waiters.some((waiter) => waiter.ended);
    });
    assert.deepEqual(await answers, [WAIT_RESULT.woken, WAIT_RESULT.woken]);
  });

  it('wakes all who wait at once', async () => {
    const waiters = [new Fixture('wait', [process.pid, fd, 9]), new Fixture('wait', [process.pid, fd, 9])];
    await Promise.all(waiters.map((waiter) => waiter.message<'waiting'>()));
    const answers = Promise.all(waiters.map((waiter) => waiter.message<number>()));
    let woken = 0;
    await until(() => {
      woken += native.futexWake(words, 9, 2 ** 31 - 1);
      return woken === waiters.length || waiters.some((waiter) => waiter.ended);
    });
    assert.deepEqual(await answers, [WAIT_RESULT.woken, WAIT_RESULT.woken]);
  });

  it('ends its wait at a signal, so that the signal is served', async () => {
    const waiter = new Fixture('wait', [process.pid, fd, 9, 'SIGUSR2']);
    await waiter.message<'waiting'>();
    let served: string | undefined;
    const answer = waiter.message<string>().then((message) => (served = message));
    await until(() => {
      waiter.process.kill('SIGUSR2');
      return served !== undefined || waiter.ended;
    });
    assert.equal(await answer, 'SIGUSR2');
  });

  it('reports memory that cannot be reached', () => {
    const empty = native.map(openObject(0), 0, PAGE) as ArrayBuffer;
    const unreachable = new Int32Array(empty);
    try {
      assert.equal(native.futexWait(unreachable, 0, 0, 10), -errno.EFAULT);
      assert.equal(native.futexWake(unreachable, 0, 1), -errno.EFAULT);
    } finally {
      native.unmap(empty);
    }
  });

  it('refuses arguments that no call could mean', () => {
    const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
    const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
    assert.throws(() => native.futexWake(new Uint8Array(8) as unknown as Int32Array, 0, 1), type);
    assert.throws(() => native.futexWake(buffer as unknown as Int32Array, 0, 1), type);
    assert.throws(() => native.futexWake(words, words.length, 1), range);
    assert.throws(() => native.futexWake(words, -1, 1), range);
    assert.throws(() => native.futexWake(words, 0, -1), range);
    assert.throws(() => native.futexWait(words, 0, 2 ** 31, 1), range);
    assert.throws(() => native.futexWait(words, 0, 0, 1000.5), range);
    assert.throws(() => native.futexWait(words, 0, 0, Number.NaN), range);
    assert.throws(() => native.futexWait(words, 0, 0, -1), range);
    assert.throws(() => native.futexWait(words, 0, 0, '1' as unknown as number), type);
  });

  it('is refused after its memory was unmapped', () => {
    native.unmap(buffer);
    assert.throws(() => native.futexWake(words, 0, 1), { name: 'RangeError' });
    assert.throws(() => native.futexWait(words, 0, 0, 1), { name: 'RangeError' });
  });
});

describe('who gives way', () => {
  it('goes on where nobody waits for the processor', () => {
    const native = load();
    for (let times = 0; times < 1000; times++) {
      assert.doesNotThrow(() => {
        native.yield();
      });
    }
  });
});
