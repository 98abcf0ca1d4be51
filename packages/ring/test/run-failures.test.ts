import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Queue, json, type Consumer, type Producer } from '@ringway/ring';
import { rejectsCode } from './support/codes.js';
import { Outcome, turns, until, within } from './support/turns.js';

const SOON = 5000;
/** Short, and longer than a handler that only resolves. */
const LIMIT_MS = 20;

describe('a handler of run that fails', () => {
  let queue: Queue<number>;
  let letters: Queue<number>;
  let producer: Producer<number>;
  let consumer: Consumer<number>;

  beforeEach(async () => {
    letters = Queue.local<number>({ codec: json<number>(), laneBytes: 4096 });
    queue = Queue.local<number>({ codec: json<number>(), laneBytes: 4096, deadLetter: letters, maxDeliveries: 3 });
    producer = queue.producer();
    consumer = queue.consumer();
    await producer.sendMany([1, 2, 3]);
    await producer.end();
  });

  afterEach(() => {
    queue.close();
    letters.close();
  });

  function lettersLeft(): number[] {
    const undertaker = letters.consumer();
    const found: number[] = [];
    for (let letter = undertaker.tryReceive(); letter !== undefined; letter = undertaker.tryReceive())
      found.push(letter.value);
    return found;
  }

  it('is told to onError, and its message sent back until it is given up', async () => {
    const told: string[] = [];
    const handled: number[] = [];
    const run = consumer.run(
      (value) => {
        if (value === 2) throw new Error(`no ${value}`);
        handled.push(value);
      },
      { onError: (error, { value, attempts }) => told.push(`${(error as Error).message}: ${value} ${attempts}`) },
    );
    await within(SOON, 'the end', run);
    assert.deepEqual(handled, [1, 3]);
    assert.deepEqual(told, ['no 2: 2 1', 'no 2: 2 2', 'no 2: 2 3']);
    assert.deepEqual(lettersLeft(), [2]);
  });

  it('leaves it to onError what becomes of the message', async () => {
    const handled: number[] = [];
    const run = consumer.run(
      (value) => {
        handled.push(value);
        throw new Error('no');
      },
      {
        onError: async (_, delivery) => {
          await turns(1);
          if (delivery.value === 1) delivery.ack();
          else delivery.reject();
        },
      },
    );
    await within(SOON, 'the end', run);
    assert.deepEqual(handled, [1, 2, 3]);
    assert.deepEqual(lettersLeft(), [2, 3]);
  });

  it('fails the run with what onError throws', async () => {
    const failure = new Error('give up');
    const run = consumer.run(
      () => {
        throw new Error('no');
      },
      {
        onError: () => {
          throw failure;
        },
      },
    );
    await assert.rejects(run, failure);
    assert.equal(consumer.closed, true);
  });

  it('by taking too long is told to onError, and its signal says so', async () => {
    const reasons: unknown[] = [];
    const run = consumer.run(
      async (value, { attempts }, signal) => {
        if (value !== 2 || attempts > 1) return;
        await once(signal, 'abort');
        reasons.push((signal.reason as { code?: unknown }).code);
        // Nobody listens any more.
        throw new Error('too late');
      },
      { handlerTimeout: LIMIT_MS, onError: () => undefined },
    );
    await within(SOON, 'the end', run);
    await turns(2);
    assert.deepEqual(reasons, ['ERR_RINGWAY_TIMEOUT']);
    assert.deepEqual(lettersLeft(), []);
  });

  it('by taking too long fails the run where nobody is told', async () => {
    const never = new Promise<void>(() => undefined);
    await rejectsCode(
      consumer.run(() => never, { handlerTimeout: LIMIT_MS }),
      'ERR_RINGWAY_TIMEOUT',
    );
  });

  it('may throw before it returns anything, with a limit, too', async () => {
    const failure = new Error('at once');
    const run = consumer.run(
      () => {
        throw failure;
      },
      { handlerTimeout: LIMIT_MS },
    );
    await assert.rejects(run, failure);
  });

  it('aborts the signal of those that are at work beside it', async () => {
    const aborted: number[] = [];
    const run = consumer.run(
      async (value, _, signal) => {
        if (value === 3) throw new Error('no');
        await once(signal, 'abort');
        aborted.push(value);
      },
      { concurrency: 3 },
    );
    await assert.rejects(run, /no/);
    assert.deepEqual(aborted.sort(), [1, 2]);
  });

  it('while the consumer stops finishes what it has, and what it throws fails the run', async () => {
    const begun: number[] = [];
    let finish: () => void = () => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    let aborted = false;
    const run = new Outcome(
      consumer.run(
        async (value, _, signal) => {
          begun.push(value);
          if (value !== 1) return;
          await finished;
          aborted = signal.aborted;
          throw new Error('at last');
        },
        { concurrency: 2 },
      ),
    );
    await until(() => begun.length > 0);
    const stopped = consumer.stop();
    await turns(5);
    finish();
    await within(SOON, 'the stop', Promise.all([stopped, run.done]));
    assert.equal(aborted, false);
    assert.equal((run.error as Error).message, 'at last');
  });

  it('refuses a limit that is no time', async () => {
    for (const handlerTimeout of [-1, NaN, '5' as unknown as number]) {
      await assert.rejects(
        consumer.run(() => undefined, { handlerTimeout }),
        (error) => error instanceof TypeError || error instanceof RangeError,
      );
    }
  });
});

describe('a consumer that is paused', () => {
  let queue: Queue<number>;
  let producer: Producer<number>;
  let consumer: Consumer<number>;

  beforeEach(() => {
    queue = Queue.local<number>({ codec: json<number>(), laneBytes: 4096 });
    producer = queue.producer();
    consumer = queue.consumer({ idle: 'park' });
  });

  afterEach(() => {
    queue.close();
  });

  it('hands nothing out until it is resumed, to who asked before or after', async () => {
    const before = new Outcome(consumer.receive());
    await turns(2);
    consumer.pause();
    assert.equal(consumer.paused, true);
    const after = new Outcome(consumer.receive());
    for (const number of [1, 2, 3]) producer.trySend(number);
    await turns(5);
    assert.deepEqual([before.settled, after.settled], [false, false]);
    assert.equal(consumer.tryReceive(), undefined);
    assert.equal(
      consumer.poll(() => undefined),
      0,
    );
    consumer.resume();
    assert.equal(consumer.paused, false);
    await within(SOON, 'both', Promise.all([before.done, after.done]));
    assert.deepEqual([before.value?.value, after.value?.value], [1, 2]);
  });

  it('passes a ring on: another one that sleeps gets the message', async () => {
    const other = queue.consumer({ idle: 'park' });
    const [mine, theirs] = [new Outcome(consumer.receive()), new Outcome(other.receive())];
    await turns(2);
    producer.trySend(1);
    consumer.pause();
    await within(SOON, 'one of both', Promise.race([mine.done, theirs.done]));
    if (mine.settled) mine.value?.ack();
    producer.trySend(2);
    await within(SOON, 'the other one', theirs.done);
    assert.ok([1, 2].includes(theirs.value?.value ?? 0));
  });

  it('ends its waits by their time, and by its end', async () => {
    consumer.pause();
    await rejectsCode(consumer.receive({ timeout: 5 }), 'ERR_RINGWAY_TIMEOUT');
    const waiting = new Outcome(consumer.receive());
    const stopped = consumer.stop();
    await within(SOON, 'the stop', Promise.all([waiting.done, stopped]));
    assert.equal(waiting.value, undefined);
  });

  it('cannot be resumed by a thread that is blocked', () => {
    consumer.pause();
    assert.throws(() => consumer.receiveSync({ timeout: 5 }), { code: 'ERR_RINGWAY_BUSY' });
    consumer.resume();
    producer.trySend(1);
    assert.equal(consumer.receiveSync({ timeout: 5 })?.value, 1);
  });

  it('holds a run up, and nothing else of it', async () => {
    const handled: number[] = [];
    const run = new Outcome(consumer.run((value) => handled.push(value)));
    producer.trySend(1);
    await until(() => handled.length === 1);
    consumer.pause();
    producer.trySend(2);
    await turns(5);
    assert.deepEqual(handled, [1]);
    consumer.resume();
    await producer.end();
    await within(SOON, 'the end', run.done);
    assert.deepEqual(handled, [1, 2]);
  });
});
