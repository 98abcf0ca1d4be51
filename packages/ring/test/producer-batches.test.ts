import assert from 'node:assert/strict';

import type { Codec } from '../dist/codec.js';
import { LANE_QUARANTINE } from '../dist/layout.js';
import type { Producer } from '../dist/producer.js';
import { HeapPeer, numbered, numberOf } from './support/heap.js';
import { rejectsCode, throwsCode } from './support/codes.js';

describe('trySendMany', () => {
  let peer: HeapPeer;

  beforeEach(() => {
    peer = HeapPeer.create();
  });

  afterEach(() => HeapPeer.killAll());

  const messages = (count: number, length = 16): Uint8Array[] =>
    Array.from({ length: count }, (_, number) => numbered(number, length));

  /** Receives and acknowledges whatever is there. */
  function take(): number[] {
    const consumer = peer.consumer();
    const numbers: number[] = [];
    for (let delivery = consumer.tryReceive(); delivery !== undefined; delivery = consumer.tryReceive()) {
      numbers.push(numberOf(delivery.value));
      delivery.ack();
    }
    consumer.close();
    return numbers;
  }

  it('sends all, in order', () => {
    assert.equal(peer.producer().trySendMany(messages(50)), 50);
    assert.deepEqual(take(), [...Array(50).keys()]);
  });

  it('sends nothing of nothing', () => {
    assert.equal(peer.producer().trySendMany([]), 0);
    assert.equal(peer.producer().trySendMany(messages(3), 3), 0);
    assert.deepEqual(take(), []);
  });

  it('sends what there is room for, and the rest later from where it stopped', async () => {
    const producer = peer.producer();
    const all = messages(20, 500);
    const first = producer.trySendMany(all);
    assert.ok(first > 0 && first < all.length, `${first} of 20 fit`);
    assert.equal(producer.trySendMany(all, first), 0);
    const ready = producer.ready();
    const received = take();
    await ready;
    for (let sent = first; sent < all.length;) {
      const more = producer.trySendMany(all, sent);
      assert.ok(more > 0);
      sent += more;
      received.push(...take());
    }
    assert.deepEqual(received, [...Array(20).keys()]);
  });

  it('sends what stands among others and needs an object of its own', () => {
    const all = messages(5).map((message, number) => (number === 2 ? numbered(2, 3000) : message));
    assert.equal(peer.producer().trySendMany(all), 5);
    assert.deepEqual(take(), [0, 1, 2, 3, 4]);
  });

  it('stamps each message where the producer does', () => {
    const consumer = peer.consumer();
    assert.equal(peer.producer({ timestamps: true }).trySendMany(messages(3)), 3);
    for (let number = 0; number < 3; number++) assert.equal(typeof consumer.tryReceive()?.time, 'number');
  });

  it('shows nothing before the end of a cork', () => {
    const producer = peer.producer();
    producer.cork();
    assert.equal(producer.trySendMany(messages(3)), 3);
    assert.deepEqual(take(), []);
    producer.uncork();
    assert.deepEqual(take(), [0, 1, 2]);
  });

  it('sends none while a send waits, and none while a place is reserved', async () => {
    const producer = peer.producer();
    while (producer.trySend(numbered(0, 1000)));
    const waiting = producer.send(numbered(1, 1000));
    assert.equal(producer.trySendMany(messages(2)), 0);
    take();
    await waiting;
    const reservation = producer.tryReserve(8);
    assert.ok(reservation !== undefined);
    assert.equal(producer.trySendMany(messages(2)), 0);
    reservation.cancel();
    assert.equal(producer.trySendMany(messages(2)), 2);
    assert.deepEqual(take(), [1, 0, 1]);
  });

  it('of a closed producer is refused', () => {
    const producer = peer.producer();
    producer.close();
    throwsCode(() => producer.trySendMany(messages(1)), 'ERR_RINGWAY_CLOSED');
    throwsCode(() => producer.trySendMany([]), 'ERR_RINGWAY_CLOSED');
  });

  describe('whose codec', () => {
    let act: (number: number) => void;

    /** Does what the test says before it encodes. */
    const acting: Codec<Uint8Array> = {
      name: 'bytes',
      encode(value) {
        act(numberOf(value));
        return value;
      },
      decode: (copy) => copy,
    };
    let producer: Producer<Uint8Array>;

    beforeEach(() => {
      act = () => undefined;
      producer = peer.producer({}, acting);
    });

    it('throws has sent what came before', () => {
      act = (number) => {
        if (number === 3) throw new Error('three is bad');
      };
      throwsCode(() => producer.trySendMany(messages(5)), 'ERR_RINGWAY_ENCODE');
      assert.deepEqual(take(), [0, 1, 2]);
    });

    it('closes the producer has sent what came before', () => {
      act = (number) => {
        if (number === 3) producer.close();
      };
      throwsCode(() => producer.trySendMany(messages(5)), 'ERR_RINGWAY_CLOSED');
      assert.deepEqual(take(), [0, 1, 2]);
    });

    it('sends a message of its own sends it first', () => {
      act = (number) => {
        if (number === 3) producer.trySend(numbered(100));
      };
      assert.equal(producer.trySendMany(messages(5)), 5);
      assert.deepEqual(take(), [0, 1, 2, 100, 3, 4]);
    });

    it('makes a send wait leaves the rest behind that', async () => {
      let waiting: Promise<void> | undefined;
      act = (number) => {
        if (number !== 2) return;
        while (producer.trySend(numbered(100, 1000)));
        waiting = producer.send(numbered(101, 1000));
      };
      assert.equal(producer.trySendMany(messages(5)), 2);
      const seen = take();
      await waiting;
      seen.push(...take());
      assert.deepEqual(seen.slice(0, 2), [0, 1]);
      assert.equal(seen.at(-1), 101);
      assert.ok(!seen.includes(3));
    });
  });

  it('is what sendMany does with a list: more than fits, with a turn of the event loop in between', async () => {
    const producer = peer.producer();
    const consumer = peer.consumer();
    const received = (async () => {
      const numbers: number[] = [];
      for await (const value of consumer) {
        numbers.push(numberOf(value));
        if (numbers.length === 3000) break;
      }
      return numbers;
    })();
    await producer.sendMany(messages(3000, 40));
    assert.deepEqual(await received, [...Array(3000).keys()]);
  });

  it('by sendMany: an abort leaves sent what came before it', async () => {
    const producer = peer.producer();
    const controller = new AbortController();
    const sending = producer.sendMany(messages(500, 40), { signal: controller.signal });
    controller.abort();
    await assert.rejects(sending, { code: 'ABORT_ERR' });
    const numbers = take();
    assert.ok(numbers.length > 0 && numbers.length < 500);
    assert.deepEqual(numbers, [...Array(numbers.length).keys()]);
    assert.equal(producer.trySend(numbered(1)), true);
  });
});

describe('what waits for room', () => {
  let peer: HeapPeer;

  beforeEach(() => {
    peer = HeapPeer.create();
  });

  afterEach(() => HeapPeer.killAll());

  it('is woken when a larger message before it has given up, and it fits by then', async () => {
    const producer = peer.producer();
    const consumer = peer.consumer();
    while (producer.trySend(numbered(0, 8)));
    const large = producer.send(numbered(1, 1000), { timeout: 20 });
    const small = producer.send(numbered(2, 8));
    // Room for the small one, and not for the large one.
    for (let count = 0; count < 3; count++) consumer.tryReceive()?.ack();
    await rejectsCode(large, 'ERR_RINGWAY_TIMEOUT');
    await small;
  });

  it('is told when a consumer takes its lane out of use, without being rung by anybody else', async () => {
    const producer = peer.producer();
    while (producer.trySend(numbered(0, 1000)));
    const waiting = producer.send(numbered(1, 1000));
    const { lane } = peer.reopen().writer();
    assert.equal(lane.index, 1);
    peer.channel.lane(0).quarantine();
    await rejectsCode(waiting, 'ERR_RINGWAY_CORRUPT_LANE');
  });

  it('was prepared for its lane: another send that loses the lane rejects it as well', async () => {
    const producer = peer.producer();
    while (producer.trySend(numbered(0, 8)));
    const spilled = producer.send(numbered(1, 3000));
    peer.words[peer.channel.lane(0).base + LANE_QUARANTINE] = 1;
    const told = rejectsCode(spilled, 'ERR_RINGWAY_CORRUPT_LANE');
    await rejectsCode(producer.send(numbered(2)), 'ERR_RINGWAY_CORRUPT_LANE');
    await told;
    assert.deepEqual(peer.segment.attachments.list(''), []);
    await producer.send(numbered(3));
  });

  it('is encoded once by sendMany, whatever it has to wait for', async () => {
    const encoded: number[] = [];
    const producer = peer.producer(
      { timestamps: true },
      {
        name: 'bytes',
        encode: (value: Uint8Array) => {
          encoded.push(numberOf(value));
          return value;
        },
        decode: (copy: Uint8Array) => copy,
      },
    );
    const consumer = peer.consumer();
    const all = Array.from({ length: 40 }, (_, number) => numbered(number, number % 7 === 3 ? 2000 : 300));
    const sending = producer.sendMany(all);
    const got: number[] = [];
    while (got.length < all.length) {
      const delivery = await consumer.receive({ timeout: 5000 });
      assert.ok(delivery !== undefined);
      got.push(numberOf(delivery.value));
      delivery.ack();
    }
    await sending;
    assert.deepEqual(got, [...Array(40).keys()]);
    assert.deepEqual(encoded, got);
  });
});

describe('a codec that aborts a sendMany', () => {
  afterEach(() => HeapPeer.killAll());

  it('ends it where it would have to wait', async () => {
    const controller = new AbortController();
    const peer = HeapPeer.create();
    const producer = peer.producer(
      {},
      {
        name: 'bytes',
        encode: (value: Uint8Array) => {
          controller.abort();
          return value;
        },
        decode: (copy: Uint8Array) => copy,
      },
    );
    const all = Array.from({ length: 10 }, (_, number) => numbered(number, 1000));
    await assert.rejects(producer.sendMany(all, { signal: controller.signal }), { code: 'ABORT_ERR' });
  });
});

describe('limits that are no whole numbers', () => {
  afterEach(() => HeapPeer.killAll());

  it('are refused before they do harm', () => {
    const peer = HeapPeer.create();
    const producer = peer.producer();
    const consumer = peer.consumer();
    producer.trySend(numbered(1));
    for (const limit of [0.5, NaN, -0.5]) assert.throws(() => consumer.poll(() => undefined, limit), RangeError);
    for (const from of [-1, 0.5, NaN]) assert.throws(() => producer.trySendMany([numbered(2)], from), RangeError);
    assert.equal(
      consumer.poll(() => undefined, Infinity),
      1,
    );
    assert.equal(peer.channel.lane(0).quarantined, false);
  });
});
