import assert from 'node:assert/strict';

import {
  Queue,
  json,
  text,
  type Codec,
  type Consumer,
  type DecodeError,
  type Delivery,
  type PollHandler,
  type Producer,
} from '@ringway/ring';
import { HeapPeer, SMALL, numbered, numberOf } from './support/heap.js';
import { rejectsCode, rejectsDecoding, throwsCode } from './support/codes.js';
import { Outcome, turns, within } from './support/turns.js';

const SOON = 3000;

/** A promise and what settles it. */
function gate(): { open: () => void; opened: Promise<void> } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

describe('a consumer', () => {
  let queue: Queue<number>;
  let producer: Producer<number>;
  let consumer: Consumer<number>;

  beforeEach(() => {
    queue = Queue.local<number>({ codec: json<number>(), laneBytes: 4096, maxConsumers: 3, maxProducers: 3 });
    producer = queue.producer();
    consumer = queue.consumer();
  });

  const locals: Queue<string>[] = [];

  /** A queue of text with a codec of the test's own. */
  function local(codec: Codec<string>): Queue<string> {
    const made = Queue.local<string>({ codec });
    locals.push(made);
    return made;
  }

  afterEach(() => {
    queue.close();
    for (const made of locals.splice(0)) made.close();
    HeapPeer.killAll();
  });

  function send(...numbers: number[]): void {
    for (const number of numbers) assert.ok(producer.trySend(number));
  }

  /** What is left for another consumer when this one has closed. */
  function left(): { value: number; redelivered: boolean }[] {
    const other = queue.consumer();
    const found: { value: number; redelivered: boolean }[] = [];
    for (let delivery = other.tryReceive(); delivery !== undefined; delivery = other.tryReceive()) {
      found.push({ value: delivery.value, redelivered: delivery.redelivered });
      delivery.ack();
    }
    other.close();
    return found;
  }

  describe('receive', () => {
    it('gives what is there at once, in order', async () => {
      send(1, 2);
      assert.equal((await consumer.receive())?.value, 1);
      assert.equal((await consumer.receive())?.value, 2);
    });

    it('waits for a message', async () => {
      const receiving = consumer.receive();
      await turns(5);
      send(3);
      assert.equal((await within(SOON, 'receive', receiving))?.value, 3);
    });

    it('serves calls in their order', async () => {
      const receiving = [consumer.receive(), consumer.receive(), consumer.receive()];
      send(1, 2, 3);
      const found = await within(SOON, 'all', Promise.all(receiving));
      assert.deepEqual(
        found.map((delivery) => delivery?.value),
        [1, 2, 3],
      );
    });

    it('that is aborted leaves the message for the next', async () => {
      const abort = new AbortController();
      const reason = { why: 'enough' };
      const receiving = consumer.receive({ signal: abort.signal });
      await turns(3);
      abort.abort(reason);
      await assert.rejects(receiving, { name: 'AbortError', code: 'ABORT_ERR', cause: reason });
      send(1);
      assert.equal((await consumer.receive())?.value, 1);
      await assert.rejects(consumer.receive({ signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
    });

    it('that lasts too long says so, and leaves the message for the next', async () => {
      await rejectsCode(consumer.receive({ timeout: 1 }), 'ERR_RINGWAY_TIMEOUT');
      send(1);
      assert.equal(consumer.tryReceive()?.value, 1);
    });

    it('leaves no listener on a signal that many receives share', async () => {
      const abort = new AbortController();
      let listeners = 0;
      const counted = { addEventListener: 1, removeEventListener: -1 };
      for (const [name, by] of Object.entries(counted)) {
        const method = Reflect.get(abort.signal, name) as (...given: unknown[]) => void;
        Reflect.set(abort.signal, name, (...given: unknown[]) => {
          listeners += by;
          method.apply(abort.signal, given);
        });
      }
      for (let number = 0; number < 5; number++) {
        const receiving = consumer.receive({ signal: abort.signal });
        assert.equal(listeners, 1);
        send(number);
        (await within(SOON, 'receive', receiving))?.ack();
      }
      assert.equal(listeners, 0);
    });

    it('of two that wait, each message goes to one', async () => {
      const other = queue.consumer();
      const first = new Outcome(consumer.receive());
      const second = new Outcome(other.receive());
      await turns(5);
      send(1);
      await within(SOON, 'one', Promise.race([first.done, second.done]));
      await turns(5);
      assert.notEqual(first.settled, second.settled);
      send(2);
      await within(SOON, 'both', Promise.all([first.done, second.done]));
      assert.deepEqual([first.value?.value, second.value?.value].sort(), [1, 2]);
    });

    it('of another consumer is woken when this one was, but cannot take the message', async () => {
      // Asleep as soon as they have looked once.
      const other = queue.consumer({ prefetch: 1, idle: 'park' });
      const narrow = queue.consumer({ prefetch: 1, idle: 'park' });
      consumer.close();
      send(1);
      const [low, high] = other.slot < narrow.slot ? [other, narrow] : [narrow, other];
      const held = await low.receive();
      assert.equal(held?.value, 1);
      send(2);
      (await high.receive())?.ack();
      // Behind the message that `low` holds lies one that `high` had: `low` cannot extend its claim.
      const waiting = [new Outcome(low.receive()), new Outcome(high.receive())];
      await turns(5);
      send(3);
      await within(SOON, 'a consumer that is free', Promise.race(waiting.map(({ done }) => done)));
      assert.equal(waiting[1].value?.value, 3);
      held.ack();
      low.close();
      high.close();
      await Promise.all(waiting.map(({ done }) => done));
    });
  });

  describe('a delivery', () => {
    it('tells what it is', async () => {
      const labelled = queue.producer({ label: 'shop', timestamps: true });
      labelled.trySend(4, { headers: { a: 'b' } });
      const delivery = await consumer.receive();
      assert.equal(delivery?.value, 4);
      assert.equal(delivery.attempts, 1);
      assert.equal(delivery.redelivered, false);
      assert.equal(delivery.producer, 'shop');
      assert.deepEqual({ ...delivery.headers }, { a: 'b' });
      assert.match(delivery.id, /^[0-9a-f]{16}-1-\d+$/);
      assert.equal(typeof delivery.time, 'number');
    });

    it('has an id of its own, the same at each delivery', async () => {
      send(1, 2);
      const first = await consumer.receive();
      const second = await consumer.receive();
      assert.notEqual(first?.id, second?.id);
      consumer.close();
      const other = queue.consumer();
      const again = await other.receive({ timeout: SOON });
      assert.deepEqual([again?.id, again?.redelivered, again?.attempts], [first?.id, true, 2]);
    });

    it('can be acknowledged twice, and after its consumer was closed', async () => {
      send(1);
      const delivery = await consumer.receive();
      delivery?.ack();
      delivery?.ack();
      consumer.close();
      delivery?.ack();
      assert.deepEqual(left(), []);
    });

    it('that was not acknowledged when its consumer closed goes to another one, and no late acknowledgement changes that', async () => {
      send(1, 2, 3);
      const deliveries = [await consumer.receive(), await consumer.receive()];
      deliveries[0]?.ack();
      consumer.close();
      deliveries[1]?.ack();
      assert.deepEqual(left(), [
        { value: 2, redelivered: true },
        { value: 3, redelivered: true },
      ]);
    });
  });

  describe('for await', () => {
    it('acknowledges each message when the next one is asked for, and ends at the end', async () => {
      send(1, 2, 3);
      await producer.end();
      const found: number[] = [];
      for await (const value of consumer) {
        found.push(value);
        assert.equal(queue.stats().lanes[0].acknowledgedMessages, found.length - 1);
      }
      assert.deepEqual(found, [1, 2, 3]);
      await queue.drained({ timeout: SOON });
    });

    it('left by break leaves the last message to others and closes', async () => {
      send(1, 2, 3);
      for await (const value of consumer) if (value === 2) break;
      assert.equal(consumer.closed, true);
      assert.deepEqual(left(), [
        { value: 2, redelivered: true },
        { value: 3, redelivered: true },
      ]);
    });

    it('left by an error leaves the last message to others', async () => {
      send(1);
      const wrong = new Error('wrong');
      await assert.rejects(async () => {
        for await (const value of consumer) if (value === 1) throw wrong;
      }, wrong);
      assert.deepEqual(left(), [{ value: 1, redelivered: true }]);
    });

    it('with closeOnReturn false leaves the consumer open', async () => {
      const open = queue.consumer({ closeOnReturn: false });
      consumer.close();
      send(1, 2);
      for await (const value of open) if (value === 1) break;
      assert.equal(open.closed, false);
      for await (const value of open) {
        assert.equal(value, 2);
        break;
      }
    });

    it('is aborted by its signal', async () => {
      const abort = new AbortController();
      const looping = (async () => {
        for await (const value of consumer.values({ signal: abort.signal })) assert.fail(`${value} came`);
      })();
      await turns(3);
      abort.abort();
      await assert.rejects(looping, { code: 'ABORT_ERR' });
    });

    it('goes on after what could not be decoded', async () => {
      const own = local(picky());
      const sender = own.producer();
      for (const value of ['a', 'bad', 'b']) sender.trySend(value);
      const iterator = own.consumer().values();
      assert.equal((await iterator.next()).value, 'a');
      await rejectsCode(iterator.next(), 'ERR_RINGWAY_DECODE');
      assert.equal((await iterator.next()).value, 'b');
      own.close();
    });

    it('serves overlapping calls of next one after the other', async () => {
      const iterator = consumer.values();
      const next = [iterator.next(), iterator.next(), iterator.next()];
      send(1, 2);
      await turns(5);
      send(3);
      const found = await within(SOON, 'next', Promise.all(next));
      assert.deepEqual(
        found.map(({ value }) => value as number),
        [1, 2, 3],
      );
    });

    it('yields nothing after it was left', async () => {
      send(1, 2);
      const iterator = consumer.values();
      await iterator.next();
      await iterator.return?.();
      assert.deepEqual(await iterator.next(), { done: true, value: undefined });
    });
  });

  describe('deliveries', () => {
    it('leave the acknowledging to the user', async () => {
      send(1, 2, 3);
      const kept: Delivery<number>[] = [];
      for await (const delivery of consumer.deliveries()) {
        kept.push(delivery);
        if (kept.length === 3) break;
      }
      assert.deepEqual(left().length, 3);
    });

    it('may be acknowledged in any order', async () => {
      send(1, 2, 3);
      const iterator = consumer.deliveries();
      const kept: Delivery<number>[] = [];
      for (let count = 0; count < 3; count++) kept.push((await iterator.next()).value as Delivery<number>);
      kept[2].ack();
      kept[0].ack();
      consumer.close();
      assert.deepEqual(left(), [
        { value: 2, redelivered: true },
        { value: 3, redelivered: true },
      ]);
    });
  });

  describe('batches', () => {
    it('give what is there, and acknowledge it when the next batch is asked for', async () => {
      send(1, 2, 3, 4, 5);
      const iterator = consumer.batches({ max: 3 });
      assert.deepEqual((await iterator.next()).value, [1, 2, 3]);
      assert.equal(queue.stats().lanes[0].acknowledgedMessages, 0);
      assert.deepEqual((await iterator.next()).value, [4, 5]);
      assert.equal(queue.stats().lanes[0].acknowledgedMessages, 3);
    });

    it('never wait to fill', async () => {
      const iterator = consumer.batches({ max: 100 });
      const batch = iterator.next();
      send(1);
      assert.deepEqual((await within(SOON, 'batch', batch)).value, [1]);
    });

    it('that meet what cannot be decoded give what came before, then the error, then what came after', async () => {
      const own = local(picky());
      const sender = own.producer();
      for (const value of ['a', 'b', 'bad', 'c']) sender.trySend(value);
      const iterator = own.consumer().batches();
      assert.deepEqual((await iterator.next()).value, ['a', 'b']);
      await rejectsCode(iterator.next(), 'ERR_RINGWAY_DECODE');
      assert.deepEqual((await iterator.next()).value, ['c']);
      own.close();
    });

    it('refuse a size that is none', () => {
      for (const max of [0, -1, 1.5, 65_537]) assert.throws(() => consumer.batches({ max }), RangeError);
    });
  });

  describe('run', () => {
    it('hands each message to the handler, acknowledges it, and ends at the end', async () => {
      send(1, 2, 3);
      await producer.end();
      const found: number[] = [];
      await within(
        SOON,
        'run',
        consumer.run((value) => found.push(value)),
      );
      assert.deepEqual(found, [1, 2, 3]);
      await queue.drained({ timeout: SOON });
    });

    for (const [concurrency, prefetch] of [
      [8, 256],
      [8, 1],
      [3, 2],
    ]) {
      it(`runs ${concurrency} handlers at a time with prefetch ${prefetch}, and ends when all are done`, async () => {
        const own = queue.consumer({ prefetch });
        consumer.close();
        send(...Array.from({ length: 2 * concurrency }, (_, at) => at));
        await producer.end();
        const { open, opened } = gate();
        let running = 0;
        let most = 0;
        const done: number[] = [];
        const run = own.run(
          async (value) => {
            most = Math.max(most, ++running);
            if (most === concurrency) open();
            await opened;
            running--;
            done.push(value);
          },
          { concurrency },
        );
        await within(SOON, 'run', run);
        assert.equal(most, concurrency);
        assert.deepEqual(
          done.sort((a, b) => a - b),
          Array.from({ length: 2 * concurrency }, (_, at) => at),
        );
      });
    }

    it('that fails waits for the other handlers, closes and leaves the message to others', async () => {
      send(1, 2, 3);
      const wrong = new Error('wrong');
      let finished = false;
      const run = consumer.run(
        async (value) => {
          if (value === 2) throw wrong;
          await turns(5);
          if (value === 1) finished = true;
        },
        { concurrency: 2 },
      );
      await assert.rejects(run, wrong);
      assert.equal(finished, true);
      assert.equal(consumer.closed, true);
      const rest = left();
      assert.ok(rest.some(({ value, redelivered }) => value === 2 && redelivered));
      assert.ok(!rest.some(({ value }) => value === 1));
    });

    it('is aborted by its signal, after the handlers that are at work', async () => {
      send(1);
      const abort = new AbortController();
      let finished = false;
      const run = consumer.run(
        async () => {
          abort.abort();
          await turns(5);
          finished = true;
        },
        { signal: abort.signal },
      );
      await assert.rejects(run, { name: 'AbortError', code: 'ABORT_ERR' });
      assert.equal(finished, true);
    });

    it('tells what cannot be decoded, and goes on', async () => {
      const own = local(picky());
      const sender = own.producer();
      for (const value of ['a', 'bad', 'b']) sender.trySend(value);
      await sender.end();
      const bad: DecodeError[] = [];
      const good: string[] = [];
      await within(
        SOON,
        'run',
        own.consumer().run((value) => good.push(value), {
          onDecodeError: (error) => {
            bad.push(error);
            error.delivery.ack();
          },
        }),
      );
      assert.deepEqual(good, ['a', 'b']);
      assert.equal(Buffer.from(bad[0].delivery.value).toString(), 'bad');
      await own.drained({ timeout: SOON });
      own.close();
    });

    it('refuses a concurrency that is none', async () => {
      for (const concurrency of [0, -1, 1.5])
        await assert.rejects(
          consumer.run(() => undefined, { concurrency }),
          RangeError,
        );
    });
  });

  describe('the end of a stream', () => {
    it('comes to every receive that waits', async () => {
      const waiting = [consumer.receive(), consumer.receive()];
      await turns(3);
      await producer.end();
      assert.deepEqual(await within(SOON, 'the ends', Promise.all(waiting)), [undefined, undefined]);
    });

    it('comes to every consumer', async () => {
      const other = queue.consumer();
      const waiting = [consumer.receive(), other.receive()];
      await turns(3);
      send(1);
      await producer.end();
      const first = await within(SOON, 'the message', Promise.race(waiting));
      first?.ack();
      const ends = await within(SOON, 'the ends', Promise.all(waiting));
      assert.equal(ends.filter((delivery) => delivery === undefined).length, 1);
    });

    it('comes when the last message is acknowledged by another consumer', async () => {
      send(1);
      const held = await consumer.receive();
      await producer.end();
      const other = queue.consumer();
      const end = new Outcome(other.receive());
      await turns(5);
      assert.equal(end.settled, false);
      held?.ack();
      await within(SOON, 'the end', end.done);
      assert.equal(end.value, undefined);
    });

    it('does not come while another producer is at work', async () => {
      const other = queue.producer();
      await producer.end();
      const end = new Outcome(consumer.receive());
      await turns(5);
      assert.equal(end.settled, false);
      await other.end();
      await within(SOON, 'the end', end.done);
    });

    it('does not come when producers close without one', async () => {
      producer.close();
      const end = new Outcome(consumer.receive());
      await turns(5);
      assert.equal(end.settled, false);
    });

    it('is told to who comes later, if something is left to do', async () => {
      consumer.close();
      send(1);
      await producer.end();
      const late = queue.consumer();
      (await late.receive())?.ack();
      assert.equal(await within(SOON, 'the end', late.receive()), undefined);
    });

    it('is followed by another stream', async () => {
      await producer.end();
      assert.equal(await within(SOON, 'the end', consumer.receive()), undefined);
      const next = queue.producer();
      const receiving = consumer.receive();
      next.trySend(9);
      assert.equal((await within(SOON, 'a message', receiving))?.value, 9);
    });
  });

  describe('poll', () => {
    it('hands messages over in place and acknowledges them', () => {
      send(1, 2, 3);
      const seen: string[] = [];
      const count = consumer.poll((bytes, offset, length, redelivered) => {
        seen.push(`${Buffer.from(bytes.slice(offset, offset + length)).toString()} ${redelivered}`);
      });
      assert.equal(count, 3);
      assert.deepEqual(seen, ['1 false', '2 false', '3 false']);
      assert.equal(
        consumer.poll(() => undefined),
        0,
      );
      consumer.close();
      assert.deepEqual(left(), []);
    });

    it('hands over as many as asked for', () => {
      send(1, 2, 3);
      assert.equal(
        consumer.poll(() => undefined, 2),
        2,
      );
      assert.equal(
        consumer.poll(() => undefined, 0),
        0,
      );
      assert.equal(
        consumer.poll(() => undefined, 2),
        1,
      );
    });

    it('takes from one lane after the other', () => {
      const other = queue.producer();
      for (let number = 0; number < 5; number++) other.trySend(100 + number);
      send(1, 2, 3);
      const counts: number[] = [];
      for (let count = consumer.poll(() => undefined); count > 0; count = consumer.poll(() => undefined))
        counts.push(count);
      assert.deepEqual(counts.sort(), [3, 5]);
    });

    it('whose handler throws has not acknowledged that message: it is the next one again', () => {
      send(1, 2, 3);
      const wrong = new Error('wrong');
      const seen: number[] = [];
      const handler =
        (failing: number) =>
        (bytes: Uint8Array, offset: number): void => {
          const value = bytes[offset] - 48;
          seen.push(value);
          if (value === failing) throw wrong;
        };
      assert.throws(() => consumer.poll(handler(2)), wrong);
      assert.equal(queue.stats().lanes[0].acknowledgedMessages, 1);
      assert.equal(consumer.poll(handler(0)), 2);
      assert.deepEqual(seen, [1, 2, 2, 3]);
    });

    it('whose handler returns a promise is refused, and its rejection goes nowhere', () => {
      send(1);
      const rejecting: unknown = () => Promise.reject(new Error('nobody hears this'));
      throwsCode(() => consumer.poll(rejecting as PollHandler), 'ERR_RINGWAY_ASYNC_HANDLER');
      assert.equal(consumer.tryReceive()?.value, 1);
    });

    it('whose handler returns a promise for a message with metadata is refused as well', () => {
      assert.ok(queue.producer({ timestamps: true }).trySend(1));
      const promising: unknown = () => Promise.resolve();
      throwsCode(() => consumer.poll(promising as PollHandler), 'ERR_RINGWAY_ASYNC_HANDLER');
      assert.equal(consumer.tryReceive()?.value, 1);
    });

    it('whose handler receives is refused', () => {
      send(1, 2);
      throwsCode(() => consumer.poll(() => void consumer.tryReceive()), 'ERR_RINGWAY_BUSY');
      throwsCode(() => consumer.poll(() => void consumer.poll(() => undefined)), 'ERR_RINGWAY_BUSY');
      assert.equal(
        consumer.poll(() => undefined),
        2,
      );
    });

    it('whose handler sends is fine', () => {
      send(1, 2);
      const values: number[] = [];
      consumer.poll((bytes, offset) => {
        values.push(bytes[offset] - 48);
        if (values.length < 3) send(3);
      }, 3);
      while (consumer.poll((bytes, offset) => values.push(bytes[offset] - 48)) > 0);
      assert.deepEqual(values, [1, 2, 3, 3]);
    });

    it('whose handler closes the consumer stops, and leaves that message and the rest to others', () => {
      send(1, 2, 3);
      let calls = 0;
      consumer.poll(() => {
        if (++calls === 2) consumer.close();
      });
      assert.equal(calls, 2);
      assert.deepEqual(left(), [
        { value: 2, redelivered: true },
        { value: 3, redelivered: true },
      ]);
    });

    it('whose handler closes the consumer does not acknowledge what was received before and not acknowledged', () => {
      send(1, 2, 3);
      assert.equal(consumer.tryReceive()?.value, 1);
      consumer.poll(() => consumer.close());
      assert.deepEqual(
        left().map(({ value }) => value),
        [1, 2, 3],
      );
    });

    it('whose handler closes the queue stops without a crash', () => {
      send(1, 2, 3);
      let calls = 0;
      consumer.poll(() => {
        calls++;
        queue.close();
      });
      assert.equal(calls, 1);
    });

    it('does not acknowledge for a receive that waits and is served by an acknowledgement in the handler', async () => {
      consumer.close();
      consumer = queue.consumer({ idle: 'park' });
      send(1);
      const held = await consumer.receive();
      const waiting = new Outcome(consumer.receive());
      await turns(5);
      const other = queue.producer();
      for (const number of [2, 3, 4]) other.trySend(number);
      const polled: number[] = [];
      consumer.poll((bytes, offset) => {
        polled.push(bytes[offset] - 48);
        held?.ack();
      });
      await turns(5);
      consumer.close();
      const rest = left().map(({ value }) => value);
      await waiting.done;
      const received = waiting.value?.value;
      for (const number of [2, 3, 4]) {
        const times = [polled.includes(number), received === number && rest.includes(number)].filter(Boolean).length;
        assert.ok(polled.includes(number) || rest.includes(number), `${number} is neither handled nor left`);
        assert.ok(times <= 1);
      }
    });
  });

  describe('the blocking forms', () => {
    it('give what is there', () => {
      send(1, 2);
      assert.equal(consumer.receiveSync()?.value, 1);
      assert.equal(
        consumer.pollSync(() => undefined),
        1,
      );
    });

    it('say when they lasted too long', () => {
      const spinning = queue.consumer({ idle: 'spin' });
      throwsCode(() => spinning.receiveSync({ timeout: 2 }), 'ERR_RINGWAY_TIMEOUT');
      throwsCode(() => spinning.pollSync(() => undefined, { timeout: 2 }), 'ERR_RINGWAY_TIMEOUT');
      assert.throws(() => spinning.receiveSync({ timeout: -1 }), RangeError);
    });

    it('do not overtake a receive that waits', async () => {
      const waiting = consumer.receive();
      throwsCode(() => consumer.receiveSync(), 'ERR_RINGWAY_BUSY');
      send(1);
      await within(SOON, 'receive', waiting);
    });

    it('see the end', async () => {
      await producer.end();
      assert.equal(consumer.receiveSync(), undefined);
    });

    it('leave the consumer in order when their handler throws', () => {
      send(1);
      const wrong = new Error('wrong');
      assert.throws(
        () =>
          consumer.pollSync(() => {
            throw wrong;
          }),
        wrong,
      );
      assert.equal(consumer.receiveSync()?.value, 1);
    });
  });

  describe('what cannot be decoded', () => {
    it('is reported with its bytes, can be acknowledged, and the consumer goes on', async () => {
      const own = local(picky());
      const sender = own.producer();
      for (const value of ['bad', 'a']) sender.trySend(value, { headers: { from: 'x' } });
      const receiver = own.consumer();
      const error = await rejectsDecoding(receiver.receive(), 'ERR_RINGWAY_DECODE');
      assert.equal(error.name, 'DecodeError');
      assert.equal(Buffer.from(error.delivery.value).toString(), 'bad');
      assert.deepEqual({ ...error.delivery.headers }, { from: 'x' });
      assert.equal((await receiver.receive())?.value, 'a');
      error.delivery.ack();
      own.close();
    });

    it('comes again to another consumer if it was not acknowledged', async () => {
      const own = local(picky());
      own.producer().trySend('bad');
      const first = own.consumer();
      throwsCode(() => first.tryReceive(), 'ERR_RINGWAY_DECODE');
      first.close();
      const second = own.consumer();
      const error = await rejectsDecoding(second.receive({ timeout: SOON }), 'ERR_RINGWAY_DECODE');
      assert.equal(error.delivery.redelivered, true);
      own.close();
    });

    it('by a codec that closes the consumer is ERR_CLOSED', async () => {
      const closing: Codec<string> = {
        ...text(),
        decode: (copy) => {
          receiver.close();
          return text().decode(copy);
        },
      };
      const own = local(closing);
      own.producer().trySend('a');
      const receiver = own.consumer();
      await rejectsCode(receiver.receive(), 'ERR_RINGWAY_CLOSED');
      own.close();
    });

    it('by a codec that closes the queue is ERR_CLOSED', async () => {
      const closing: Codec<string> = {
        ...text(),
        decode: () => {
          own.close();
          throw new Error('broken');
        },
      };
      const own: Queue<string> = local(closing);
      own.producer().trySend('a');
      await assert.rejects(own.consumer().receive(), /closed|broken/);
    });
  });

  describe('stop', () => {
    it('ends waits as at the end of a stream', async () => {
      const waiting = [consumer.receive(), consumer.receive()];
      await within(SOON, 'stop', consumer.stop());
      assert.deepEqual(await Promise.all(waiting), [undefined, undefined]);
      assert.equal(consumer.closed, true);
    });

    it('waits for the handler that is at work, and hands the rest over', async () => {
      send(1, 2, 3, 4);
      const { open, opened } = gate();
      const started = gate();
      const handled: number[] = [];
      const run = consumer.run(async (value) => {
        started.open();
        await opened;
        handled.push(value);
      });
      await started.opened;
      const stopping = new Outcome(consumer.stop());
      await turns(5);
      assert.equal(stopping.settled, false);
      open();
      await within(SOON, 'stop', stopping.done);
      await within(SOON, 'run', run);
      assert.deepEqual(handled, [1]);
      assert.deepEqual(
        left().map(({ value }) => value),
        [2, 3, 4],
      );
    });

    it('after a loop that was aborted does not wait for it', async () => {
      const abort = new AbortController();
      const looping = (async () => {
        for await (const value of consumer.values({ signal: abort.signal })) assert.fail(`${value} came`);
      })();
      await turns(3);
      abort.abort();
      await assert.rejects(looping, { code: 'ABORT_ERR' });
      await within(1000, 'stop', consumer.stop());
    });

    it('after a loop that failed to decode does not wait for it', async () => {
      const own = local(picky());
      own.producer().trySend('bad');
      const receiver = own.consumer();
      await assert.rejects(async () => {
        for await (const value of receiver) assert.fail(`${value} came`);
      });
      await within(1000, 'stop', receiver.stop());
      own.close();
    });

    it('after an iterator that nobody goes on with does not wait for it', async () => {
      send(1);
      const iterator = consumer.deliveries();
      await iterator.next();
      await within(1000, 'stop', consumer.stop());
    });

    it('that lasts too long says so', async () => {
      send(1);
      const { open, opened } = gate();
      const run = consumer.run(() => opened);
      await turns(2);
      await rejectsCode(consumer.stop({ timeout: 5 }), 'ERR_RINGWAY_TIMEOUT');
      open();
      await within(SOON, 'run', run);
    });

    it('ends a loop after the message that it is at', async () => {
      send(1, 2, 3);
      const seen: number[] = [];
      let stopping: Promise<void> | undefined;
      for await (const value of consumer) {
        seen.push(value);
        stopping ??= consumer.stop();
      }
      await within(SOON, 'stop', stopping ?? Promise.resolve());
      assert.equal(seen[0], 1);
      assert.deepEqual([...seen, ...left().map(({ value }) => value)], [1, 2, 3], 'nothing twice, nothing lost');
    });
  });

  describe('close', () => {
    it('is immediate, idempotent and rejects what waits', async () => {
      const waiting = [consumer.receive(), consumer.receive()];
      await turns(3);
      consumer.close();
      consumer.close();
      for (const each of waiting) await rejectsCode(each, 'ERR_RINGWAY_CLOSED');
    });

    it('is what every method says afterwards', async () => {
      consumer.close();
      await rejectsCode(consumer.receive(), 'ERR_RINGWAY_CLOSED');
      await rejectsCode(
        consumer.run(() => undefined),
        'ERR_RINGWAY_CLOSED',
      );
      throwsCode(() => consumer.tryReceive(), 'ERR_RINGWAY_CLOSED');
      throwsCode(() => consumer.receiveSync(), 'ERR_RINGWAY_CLOSED');
      throwsCode(() => consumer.poll(() => undefined), 'ERR_RINGWAY_CLOSED');
      throwsCode(() => consumer.pollSync(() => undefined), 'ERR_RINGWAY_CLOSED');
      throwsCode(() => consumer.values(), 'ERR_RINGWAY_CLOSED');
      throwsCode(() => consumer.deliveries(), 'ERR_RINGWAY_CLOSED');
      throwsCode(() => consumer.batches(), 'ERR_RINGWAY_CLOSED');
      await consumer.stop();
      consumer.ref().unref();
    });

    it('of an idle consumer leaves nothing to others', () => {
      consumer.close();
      send(1);
      assert.deepEqual(left(), [{ value: 1, redelivered: false }]);
    });

    it('hands over to a consumer of the same handle at once', async () => {
      send(1, 2);
      await consumer.receive();
      const other = queue.consumer();
      const receiving = other.receive();
      await turns(3);
      consumer.close();
      const delivery = await within(SOON, 'the handover', receiving);
      assert.deepEqual([delivery?.value, delivery?.redelivered], [1, true]);
    });

    it('in the middle of working a dead one’s claim hands that over as well', async () => {
      send(1, 2, 3);
      const first = queue.consumer();
      first.tryReceive();
      first.close();
      assert.equal((await consumer.receive({ timeout: SOON }))?.value, 1);
      consumer.close();
      const again = left();
      assert.deepEqual(
        again.map(({ value }) => value),
        [1, 2, 3],
      );
      assert.ok(again.every(({ redelivered }) => redelivered));
    });
  });

  it('beyond as many as there may be is refused, until one leaves', () => {
    const others = [queue.consumer(), queue.consumer()];
    throwsCode(() => queue.consumer(), 'ERR_RINGWAY_TOO_MANY_CONSUMERS');
    others[0].close();
    queue.consumer();
  });

  it('refuses options that are none', () => {
    assert.throws(() => queue.consumer({ prefetch: 0 }), RangeError);
    assert.throws(() => queue.consumer({ prefetch: 65_537 }), RangeError);
    assert.throws(() => queue.consumer({ prefetch: 1.5 }), RangeError);
    assert.throws(() => queue.consumer({ idle: 'sleep' as 'park' }), RangeError);
    assert.throws(() => queue.consumer({ label: 'x'.repeat(49) }), RangeError);
    queue.consumer({ prefetch: 65_536 }).close();
  });

  it('takes from all lanes in turn: none starves', () => {
    const other = queue.producer();
    const narrow = queue.consumer({ prefetch: 2 });
    consumer.close();
    for (let number = 0; number < 20; number++) {
      send(number);
      other.trySend(100 + number);
    }
    const first = Array.from({ length: 12 }, () => {
      const delivery = narrow.tryReceive();
      delivery?.ack();
      return delivery?.value ?? -1;
    });
    assert.ok(first.filter((value) => value >= 100).length >= 4);
    assert.ok(first.filter((value) => value < 100).length >= 4);
  });

  it('holds at most what it may, and others get the rest', () => {
    const narrow = queue.consumer({ prefetch: 1 });
    send(1, 2, 3);
    assert.equal(narrow.tryReceive()?.value, 1);
    assert.equal(consumer.tryReceive()?.value, 2);
  });

  describe('that is always busy', () => {
    it('adopts what a dead one left all the same', async () => {
      const peer = HeapPeer.create({ ...SMALL, laneBytes: 65_536 });
      const dying = peer.reopen();
      const first = peer.producer();
      first.trySend(numbered(77));
      assert.equal(numberOf(dying.consumer().tryReceive()?.value ?? numbered(0)), 77);
      const busy = peer.reopen();
      const receiver = busy.consumer();
      const sender = peer.producer();
      const end = performance.now() + 2000;
      let killed = false;
      let found = false;
      while (!found && performance.now() < end) {
        for (let count = 0; count < 50; count++) sender.trySend(numbered(1));
        for (let count = 0; count < 40; count++) {
          const delivery = await receiver.receive();
          if (delivery !== undefined && numberOf(delivery.value) === 77) {
            assert.equal(delivery.redelivered, true);
            found = true;
          }
          delivery?.ack();
        }
        if (!killed) dying.kill();
        killed = true;
      }
      assert.ok(found, 'never found in 2 s');
      peer.kill();
      busy.kill();
    });
  });

  it('that sleeps beside a lane out of use stays asleep', async () => {
    const peer = HeapPeer.create();
    const sender = peer.producer();
    sender.trySend(numbered(1));
    peer.channel.lane(0).quarantine();
    const sleeper = peer.consumer();
    const waiting = new Outcome(sleeper.receive());
    await turns(5);
    const doorbell = peer.channel.slots.doorbell(sleeper.slot);
    const before = peer.words[doorbell];
    await turns(50);
    assert.equal(peer.words[doorbell], before);
    sleeper.close();
    await waiting.done;
    peer.kill();
  });
});

/** Decodes everything but "bad". */
function picky(): Codec<string> {
  return {
    ...text(),
    decode: (copy) => {
      const value = text().decode(copy);
      if (value === 'bad') throw new Error('this is bad');
      return value;
    },
  };
}
