import assert from 'node:assert/strict';

import { Blackboard, text, type BlackboardOptions, type Versioned } from '@ringway/ring';

import { doorbellsOf } from './support/board.js';
import { throwsCode } from './support/codes.js';
import { cleanUp, keep, queueName } from './support/process.js';
import { Outcome, PATIENCE_MS, TEST_MS, turns, until, within } from './support/turns.js';

type Values = AsyncIterableIterator<Versioned<string | undefined>>;

afterEach(cleanUp);

async function next(values: Values): Promise<Versioned<string | undefined>> {
  const result = await within(PATIENCE_MS, 'the next version', values.next());
  assert.ok(result.done !== true);
  return result.value;
}

for (const place of ['in shared memory', 'on the heap']) {
  for (const idle of ['adaptive', 'park', 'spin'] as const) {
    describe(`watching a blackboard ${place}, with idle ${idle}`, function () {
      this.timeout(TEST_MS);

      function open(options: BlackboardOptions<string> = {}): Blackboard<string> {
        const whole = { codec: text(), idle, ...options };
        return keep(place === 'on the heap' ? Blackboard.local(whole) : Blackboard.open(queueName(), whole));
      }

      it('gives the present value first, then each that is written while it waits', async () => {
        const board = open();
        const writer = board.writer('key');
        writer.write('one');
        writer.write('two');
        const values = board.watch('key');
        assert.deepEqual(await next(values), { value: 'two', version: 2 });
        for (let count = 3; count < 20; count++) {
          const waiting = next(values);
          await turns(count);
          writer.write(`${count}`);
          assert.deepEqual(await waiting, { value: `${count}`, version: count });
        }
      });

      it('passes over what came in between, and gives nothing twice', async () => {
        const board = open();
        const writer = board.writer('key');
        const values = board.watch('key');
        for (let count = 0; count < 10; count++) writer.write(`${count}`);
        assert.deepEqual(await next(values), { value: '9', version: 10 });
        const waiting = new Outcome(values.next());
        await turns(200);
        assert.equal(waiting.settled, false);
        writer.write('last');
        await within(PATIENCE_MS, 'the last one', waiting.done);
        assert.deepEqual(waiting.value, { value: { value: 'last', version: 11 }, done: false });
      });

      it('begins behind the version that is given', async () => {
        const board = open();
        const writer = board.writer('key');
        writer.write('one');
        const values = board.watch('key', { from: 1 });
        const waiting = next(values);
        await turns(3);
        writer.write('two');
        assert.deepEqual(await waiting, { value: 'two', version: 2 });
        assert.throws(() => board.watch('key', { from: -1 }), RangeError);
      });

      it('waits for a key that nobody has written yet', async () => {
        const board = open();
        const waiting = next(board.watch('key'));
        await turns(100);
        assert.deepEqual(board.keys(), []);
        board.writer('key').write('first');
        assert.deepEqual(await waiting, { value: 'first', version: 1 });
      });

      it('sees a deletion as the value undefined', async () => {
        const board = open();
        const writer = board.writer('key');
        writer.write('one');
        const values = board.watch('key');
        await next(values);
        const waiting = next(values);
        await turns(3);
        writer.delete();
        assert.deepEqual(await waiting, { value: undefined, version: 2 });
      });

      it('is for many keys and many loops at a time', async () => {
        const board = open();
        const keys = ['a', 'b', 'c'];
        const writers = keys.map((key) => board.writer(key));
        const watches = keys.flatMap((key) => [board.watch(key), board.watch(key)]);
        for (let round = 1; round <= 5; round++) {
          const waiting = watches.map((values) => next(values));
          await turns(50 * round);
          for (const [index, writer] of writers.entries()) {
            writer.write(`${index}-${round}`);
            await turns(round);
          }
          const seen = await Promise.all(waiting);
          assert.deepEqual(
            seen,
            watches.map((_, index) => ({ value: `${index >> 1}-${round}`, version: round })),
          );
        }
      });

      it('wakes those of its key alone', async () => {
        const board = open();
        const other = new Outcome(board.watch('other').next());
        const mine = next(board.watch('key'));
        await turns(100);
        board.writer('key').write('one');
        await mine;
        assert.equal(other.settled, false);
        board.writer('other').write('two');
        await within(PATIENCE_MS, 'the other', other.done);
      });

      it('ends by break, and others go on', async () => {
        const board = open();
        const writer = board.writer('key');
        writer.write('one');
        const other = board.watch('key', { from: 1 });
        const waiting = next(other);
        for await (const { value } of board.watch('key')) {
          assert.equal(value, 'one');
          break;
        }
        writer.write('two');
        assert.deepEqual(await waiting, { value: 'two', version: 2 });
      });

      it('ends by return while it waits', async () => {
        const board = open();
        const values = board.watch('key');
        const waiting = values.next();
        await turns(100);
        await values.return?.();
        assert.deepEqual(await within(PATIENCE_MS, 'the end', waiting), { done: true, value: undefined });
        assert.deepEqual(await values.next(), { done: true, value: undefined });
      });

      it('rejects when it is aborted, before and while it waits', async () => {
        const board = open();
        const controller = new AbortController();
        const waiting = board.watch('key', { signal: controller.signal }).next();
        await turns(100);
        controller.abort(new Error('why'));
        await assert.rejects(waiting, { name: 'AbortError', code: 'ABORT_ERR' });
        assert.throws(() => board.watch('key', { signal: controller.signal }), { name: 'AbortError' });
      });

      it('rejects when the blackboard is closed', async () => {
        const board = open();
        const waiting = [board.watch('key').next(), board.watch('other').next()];
        await turns(100);
        board.close();
        for (const each of waiting) await assert.rejects(each, { code: 'ERR_RINGWAY_CLOSED' });
      });

      it('gives the event loop its turn where there is always something new', async () => {
        const board = open();
        const writer = board.writer('key');
        const timer = { fired: false };
        setTimeout(() => (timer.fired = true), 5);
        writer.write('0');
        for await (const { version } of board.watch('key')) {
          if (timer.fired) break;
          writer.write(`${version}`);
        }
      });

      it('goes on after a value that cannot be decoded', async () => {
        let broken = true;
        const decode = (bytes: Uint8Array): string => {
          if (broken) throw new Error('broken');
          return Buffer.from(bytes).toString();
        };
        const board = open({ codec: { ...text(), decode } });
        const writer = board.writer('key');
        writer.write('one');
        const values = board.watch('key');
        await assert.rejects(values.next(), { code: 'ERR_RINGWAY_DECODE' });
        broken = false;
        writer.write('two');
        assert.deepEqual(await next(values), { value: 'two', version: 2 });
      });
    });
  }
}

describe('who watches a blackboard', function () {
  this.timeout(TEST_MS);

  it('is among the sleepers of its key while it waits, and of none afterwards', async () => {
    const name = queueName();
    const board = keep(Blackboard.open(name, { codec: text(), idle: 'park' }));
    const writer = board.writer('key');
    const doorbells = doorbellsOf(name, 'key');
    const values = board.watch('key');
    for (let round = 0; round < 3; round++) {
      const waiting = next(values);
      await until(() => doorbells.someoneSleeps());
      writer.write('value');
      await waiting;
      assert.equal(doorbells.someoneSleeps(), false);
    }
    const last = values.next();
    await until(() => doorbells.someoneSleeps());
    await values.return?.();
    await last;
    assert.equal(doorbells.someoneSleeps(), false);
  });
});

describe('waiting for a version in a blocked thread', () => {
  it('returns what is there, and times out where nothing comes', () => {
    const board = keep(Blackboard.open(queueName(), { codec: text(), idle: 'park' }));
    const writer = board.writer('key');
    writer.write('one');
    assert.deepEqual(board.waitSync('key', 0), { value: 'one', version: 1 });
    throwsCode(() => board.waitSync('key', 1, { timeout: 20 }), 'ERR_RINGWAY_TIMEOUT');
    writer.delete();
    assert.deepEqual(board.waitSync('key', 1, { timeout: 0 }), { value: undefined, version: 2 });
    assert.throws(() => board.waitSync('key', 0, { timeout: -1 }), RangeError);
    assert.throws(() => board.waitSync('key', -1), RangeError);
  });

  it('leaves a watch of the same key asleep, and it is woken all the same', async () => {
    const board = keep(Blackboard.open(queueName(), { codec: text(), idle: 'park' }));
    const writer = board.writer('key');
    const waiting = next(board.watch('key'));
    await turns(100);
    throwsCode(() => board.waitSync('key', 0, { timeout: 5 }), 'ERR_RINGWAY_TIMEOUT');
    throwsCode(() => board.waitSync('other', 0, { timeout: 5 }), 'ERR_RINGWAY_TIMEOUT');
    writer.write('one');
    assert.deepEqual(await waiting, { value: 'one', version: 1 });
  });

  it('is refused on the heap, where nobody could end it', () => {
    const board = keep(Blackboard.local({ codec: text(), idle: 'park' }));
    throwsCode(() => board.waitSync('key', 0), 'ERR_RINGWAY_DEADLOCK');
  });
});
