import assert from 'node:assert/strict';

import { MessageDecodeError, Topic, bytes, type Subscriber, type Producer } from '@ringway/ring';

import type { Codec } from '../dist/codec.js';
import { rejectsCode, throwsCode } from './support/codes.js';
import { numbered, numberOf } from './support/heap.js';
import { range } from './support/heap-topic.js';

describe('a subscriber', () => {
  let topic: Topic<Uint8Array>;
  let subscriber: Subscriber<Uint8Array>;
  let publisher: Producer<Uint8Array>;
  let refused: number | undefined;

  let decoding: (message: Uint8Array) => void;

  /** Cannot decode the number that is refused. */
  const codec: Codec<Uint8Array> = {
    name: 'bytes',
    encode: (value) => value,
    decode: (message) => {
      decoding(message);
      return bytes().decode(message);
    },
  };

  beforeEach(() => {
    refused = undefined;
    decoding = (message) => {
      if (numberOf(message) === refused) throw new Error('refused');
    };
    topic = Topic.local<Uint8Array>({ laneBytes: 4096, maxPublishers: 3, maxSubscribers: 3, codec });
    subscriber = topic.subscriber({ idle: 'park' });
    publisher = topic.publisher();
  });

  afterEach(() => {
    topic.close();
  });

  function send(...numbers: number[]): void {
    for (const number of numbers) assert.ok(publisher.trySend(numbered(number)));
  }

  describe('that receives', () => {
    it('waits, any number of times at once, and gets messages in the order of its calls', async () => {
      const waits = range(0, 5).map(() => subscriber.receive());
      send(...range(0, 5));
      const messages = await Promise.all(waits);
      assert.deepEqual(
        messages.map((message) => message && numberOf(message.value)),
        range(0, 5),
      );
    });

    it('loses nothing to a wait that was aborted, timed out, or is none', async () => {
      const controller = new AbortController();
      const aborted = subscriber.receive({ signal: controller.signal });
      const late = rejectsCode(subscriber.receive({ timeout: 1 }), 'ERR_RINGWAY_TIMEOUT');
      controller.abort(new Error('why'));
      await assert.rejects(aborted, { name: 'AbortError', code: 'ABORT_ERR' });
      await late;
      assert.equal(subscriber.tryReceive(), undefined);
      send(1);
      assert.equal(numberOf((await subscriber.receive({ timeout: 1000 }))?.value ?? numbered(0)), 1);
    });

    it('passes what cannot be decoded, and hands it over with the error', async () => {
      refused = 2;
      send(1, 2, 3);
      assert.equal(numberOf(subscriber.tryReceive()?.value ?? numbered(0)), 1);
      const error = await rejectsCode(subscriber.receive(), 'ERR_RINGWAY_DECODE');
      assert.ok(error instanceof MessageDecodeError);
      assert.equal(numberOf(error.received.value), 2);
      assert.match(error.received.id, /-0-[0-9]+$/);
      assert.equal(numberOf(subscriber.tryReceive()?.value ?? numbered(0)), 3);
      assert.equal(subscriber.missed, 0);
    });

    it('rejects that wait, and no other, where a message cannot be decoded', async () => {
      refused = 1;
      const [first, second] = [subscriber.receive(), subscriber.receive()];
      send(1, 2);
      await rejectsCode(first, 'ERR_RINGWAY_DECODE');
      assert.equal(numberOf((await second)?.value ?? numbered(0)), 2);
    });

    it('may be closed by the codec', () => {
      const closing = topic.subscriber();
      send(1);
      decoding = () => {
        closing.close();
      };
      throwsCode(() => closing.tryReceive(), 'ERR_RINGWAY_CLOSED');
    });

    it('rejects what waits when it is closed, and frees its slot', async () => {
      const waits = [subscriber.receive(), subscriber.receive()];
      subscriber.close();
      subscriber.close();
      for (const wait of waits) await rejectsCode(wait, 'ERR_RINGWAY_CLOSED');
      assert.equal(topic.subscriber().slot, subscriber.slot);
    });

    it('blocks the thread no longer than its timeout', () => {
      throwsCode(() => subscriber.receiveSync({ timeout: 0 }), 'ERR_RINGWAY_TIMEOUT');
      throwsCode(() => subscriber.pollSync(() => undefined, { timeout: 0 }), 'ERR_RINGWAY_TIMEOUT');
      send(1);
      assert.equal(numberOf(subscriber.receiveSync()?.value ?? numbered(0)), 1);
    });

    it('hands out nothing while it is paused, and is still waited for', async () => {
      subscriber.pause();
      assert.ok(subscriber.paused);
      let sent = 0;
      while (publisher.trySend(numbered(sent))) sent++;
      assert.equal(subscriber.tryReceive(), undefined);
      assert.equal(
        subscriber.poll(() => undefined),
        0,
      );
      throwsCode(() => subscriber.receiveSync({ timeout: 0 }), 'ERR_RINGWAY_BUSY');
      const waits = range(0, 2).map(() => subscriber.receive());
      await new Promise(setImmediate);
      subscriber.resume();
      const messages = await Promise.all(waits);
      assert.deepEqual(
        messages.map((message) => message && numberOf(message.value)),
        [0, 1],
      );
      assert.ok(publisher.trySend(numbered(sent)));
    });
  });

  describe('that polls', () => {
    it('gets messages where they lie, up to the limit, of one publisher at a time', () => {
      const other = topic.publisher();
      send(1, 2, 3);
      other.trySend(numbered(11));
      const numbers: number[] = [];
      const buffers = new Set<ArrayBufferLike>();
      const handler = (message: Uint8Array, offset: number, length: number): void => {
        assert.equal(length, 8);
        buffers.add(message.buffer);
        numbers.push(numberOf(message, offset));
      };
      assert.equal(subscriber.poll(handler, 2), 2);
      while (subscriber.poll(handler) > 0);
      assert.deepEqual(
        numbers.filter((number) => number < 10),
        [1, 2, 3],
      );
      assert.equal(numbers.length, 4);
      // Two lanes, and nothing was copied.
      assert.equal(buffers.size, 2);
      assert.equal(subscriber.poll(handler, 0), 0);
      assert.throws(() => subscriber.poll(handler, 1.5), RangeError);
    });

    it('gets a copy where it is not waited for', () => {
      const drops = topic.subscriber({ onSlow: 'drop' });
      send(1, 2);
      const numbers: number[] = [];
      const lanes = topic.subscriber({ history: 1 });
      let lane: ArrayBufferLike | undefined;
      lanes.poll((message) => {
        lane = message.buffer;
      });
      assert.equal(
        drops.poll((message, offset) => {
          assert.notEqual(message.buffer, lane);
          numbers.push(numberOf(message, offset));
        }),
        2,
      );
      assert.deepEqual(numbers, [1, 2]);
    });

    it('has again what its handler has thrown at, and keeps what was handled before', () => {
      send(1, 2, 3);
      const numbers: number[] = [];
      const handler = (message: Uint8Array, offset: number): void => {
        const number = numberOf(message, offset);
        if (number === 2 && numbers.length === 1) {
          numbers.push(-2);
          throw new Error('thrown');
        }
        numbers.push(number);
      };
      assert.throws(() => subscriber.poll(handler), { message: 'thrown' });
      assert.equal(subscriber.poll(handler), 2);
      assert.deepEqual(numbers, [1, -2, 2, 3]);
    });

    it('refuses a handler that returns a promise, and does not pass its message', () => {
      send(1);
      const promising: () => unknown = () => Promise.resolve();
      throwsCode(() => subscriber.poll(promising), 'ERR_RINGWAY_ASYNC_HANDLER');
      assert.equal(numberOf(subscriber.tryReceive()?.value ?? numbered(0)), 1);
    });

    it('refuses a handler that receives from the same subscriber', () => {
      send(1, 2);
      subscriber.poll(() => {
        throwsCode(() => subscriber.tryReceive(), 'ERR_RINGWAY_BUSY');
        throwsCode(() => subscriber.poll(() => undefined), 'ERR_RINGWAY_BUSY');
      });
    });

    for (const what of ['subscriber', 'topic'] as const) {
      it(`may have its handler close the ${what}`, () => {
        send(1, 2, 3);
        let handled = 0;
        assert.equal(
          subscriber.poll(() => {
            handled++;
            if (what === 'topic') topic.close();
            else subscriber.close();
          }),
          1,
        );
        assert.equal(handled, 1);
        throwsCode(() => subscriber.poll(() => undefined), 'ERR_RINGWAY_CLOSED');
      });
    }

    it('may have its handler publish', () => {
      send(0);
      let handled = 0;
      while (handled < 500) {
        subscriber.poll((message, offset) => {
          assert.equal(numberOf(message, offset), handled++);
          send(handled);
        }, 10);
      }
    });
  });

  describe('in a loop', () => {
    it('gets values, whole messages, or batches of what is there', async () => {
      const [messages, batches] = [topic.subscriber(), topic.subscriber()];
      await publisher.send(numbered(1), { key: 'a' });
      send(2, 3);
      await publisher.end();
      const numbers: number[] = [];
      for await (const value of subscriber) numbers.push(numberOf(value));
      for await (const { key, value } of messages.messages()) numbers.push(key === 'a' ? 10 : numberOf(value));
      const sizes: number[] = [];
      for await (const batch of batches.batches({ max: 2 })) sizes.push(batch.length);
      assert.deepEqual(numbers, [1, 2, 3, 10, 2, 3]);
      assert.deepEqual(sizes, [2, 1]);
    });

    it('is closed when it leaves, by break or by a throw', async () => {
      for (const how of ['break', 'throw'] as const) {
        const leaving = topic.subscriber();
        send(1, 2);
        const loop = (async () => {
          for await (const value of leaving) {
            if (how === 'break') break;
            throw new Error(String(numberOf(value)));
          }
        })();
        if (how === 'throw') await assert.rejects(loop, { message: '1' });
        else await loop;
        assert.ok(leaving.closed);
      }
    });

    it('goes on where it left with closeOnReturn: false, and the message that it left at is read', async () => {
      const staying = topic.subscriber({ closeOnReturn: false });
      send(1, 2, 3);
      for await (const value of staying) if (numberOf(value) === 2) break;
      assert.ok(!staying.closed);
      assert.equal(numberOf(staying.tryReceive()?.value ?? numbered(0)), 3);
    });

    it('is left by an abort', async () => {
      const controller = new AbortController();
      const loop = (async () => {
        for await (const value of subscriber.values({ signal: controller.signal })) {
          assert.equal(numberOf(value), 1);
          controller.abort();
        }
      })();
      send(1);
      await assert.rejects(loop, { code: 'ABORT_ERR' });
    });

    it('gets gaps in their place where it asked for them', async () => {
      const drops = topic.subscriber({ onSlow: 'drop', gaps: true });
      subscriber.close();
      send(...range(0, 1000));
      await publisher.end();
      let expected = 0;
      const kinds = new Set<string>();
      for await (const value of drops) {
        if (value instanceof Uint8Array) assert.equal(numberOf(value), expected++);
        else expected += value.missed;
        kinds.add(value.constructor.name);
      }
      assert.equal(expected, 1000);
      assert.deepEqual([...kinds], ['Gap', 'Uint8Array']);
    });

    it('lets the event loop have its turns, though messages never end', async () => {
      const drops = topic.subscriber({ onSlow: 'drop' });
      subscriber.close();
      let ticks = 0;
      const timer = setInterval(() => ticks++, 1);
      try {
        send(0);
        for await (const value of drops) {
          send(numberOf(value) + 1);
          if (ticks === 5) break;
        }
      } finally {
        clearInterval(timer);
      }
    });
  });

  it('tells the topic what was missed, and a publisher whom it did not wait for', async () => {
    subscriber.close();
    const drops = topic.subscriber({ onSlow: 'drop' });
    const slow = topic.subscriber({ onSlow: 'disconnect', label: 'slow' });
    const missed: [number, unknown][] = [];
    const evicted: string[] = [];
    topic.on('missed', (gap, whose) => missed.push([gap.missed, whose]));
    topic.on('evicted', (peer) => evicted.push(peer.label));
    send(...range(0, 1000));
    let got = 0;
    while (drops.tryReceive() !== undefined) got++;
    throwsCode(() => slow.tryReceive(), 'ERR_RINGWAY_SLOW_SUBSCRIBER');
    await new Promise(setImmediate);
    assert.deepEqual(missed, [[1000 - got, drops]]);
    assert.deepEqual(evicted, ['slow']);
  });
});
