import assert from 'node:assert/strict';

import { Queue, bytes, json, text, type Codec, type Producer } from '@ringway/ring';
import { monotonicMs } from '../dist/clock.js';
import { LANE_STATE, LANE_WANTED } from '../dist/layout.js';
import { HeapPeer, SMALL, numbered, numberOf } from './support/heap.js';
import { rejectsCode, throwsCode } from './support/codes.js';
import { Outcome, PATIENCE_MS, TEST_MS, turns, within } from './support/turns.js';

describe('a producer', function () {
  this.timeout(TEST_MS);
  let peer: HeapPeer;
  let producer: Producer<Uint8Array>;

  beforeEach(() => {
    peer = HeapPeer.create();
    producer = peer.producer();
  });

  afterEach(() => {
    producer.close();
    HeapPeer.killAll();
  });

  /** Fills the lane to its last byte. Returns how many messages that took. */
  function fill(of: Producer<Uint8Array> = producer): number {
    let count = 0;
    while (of.trySend(numbered(count, 248))) count++;
    while (of.trySend(numbered(count, 4))) count++;
    return count;
  }

  /** Receives and acknowledges so many, and returns their numbers. */
  function take(count: number, consumer = peer.consumer()): number[] {
    const numbers: number[] = [];
    for (let taken = 0; taken < count; taken++) {
      const delivery = consumer.tryReceive();
      if (delivery === undefined) break;
      numbers.push(numberOf(delivery.value));
      delivery.ack();
    }
    consumer.close();
    return numbers;
  }

  describe('send', () => {
    it('is done at once where there is room', async () => {
      await producer.send(numbered(7));
      assert.deepEqual(take(2), [7]);
    });

    it('waits for room, and is woken by the acknowledgement that makes it', async () => {
      const count = fill();
      const sending = new Outcome(producer.send(numbered(count, 248)));
      await turns(3);
      assert.equal(sending.settled, false);
      const consumer = peer.consumer();
      const delivery = consumer.tryReceive();
      await turns(3);
      assert.equal(sending.settled, false, 'a message that is not acknowledged keeps its space');
      delivery?.ack();
      await within(PATIENCE_MS, 'send', sending.done);
      assert.equal(sending.error, undefined);
    });

    it('asleep, is to be woken when a quarter of the lane is free, and after a while when what it needs fits', async () => {
      const count = fill();
      const sending = new Outcome(producer.send(numbered(count, 248)));
      const { lanes, words } = { lanes: peer.channel.lanes(), words: peer.words };
      const { base, position, capacity } = lanes[0];
      const wish = (free: number): number => (position + free - capacity) | 0 | 1;
      assert.equal(words[base + LANE_WANTED], wish(capacity / 4));
      while (words[base + LANE_WANTED] !== wish(256)) await turns(1);
      assert.equal(sending.settled, false);
      assert.deepEqual(take(1), [0]);
      await within(PATIENCE_MS, 'send', sending.done);
      assert.equal(sending.error, undefined);
    });

    it('keeps the order of calls', async () => {
      const count = fill();
      const sends = [0, 1, 2, 3, 4].map((at) => producer.send(numbered(count + at, at === 0 ? 900 : 8)));
      const consumer = peer.consumer();
      const numbers: number[] = [];
      for (let number = 0; number < count + 5; number++) {
        const delivery = await consumer.receive({ timeout: PATIENCE_MS });
        numbers.push(numberOf(delivery?.value ?? new Uint8Array(4)));
        delivery?.ack();
      }
      await Promise.all(sends);
      assert.deepEqual(
        numbers,
        Array.from({ length: count + 5 }, (_, number) => number),
      );
    });

    it('that is aborted has published nothing, and those behind it go on', async () => {
      const count = fill();
      const abort = new AbortController();
      const first = producer.send(numbered(1000), { signal: abort.signal });
      const second = producer.send(numbered(count));
      const reason = new Error('enough');
      abort.abort(reason);
      await assert.rejects(first, { name: 'AbortError', code: 'ABORT_ERR', cause: reason });
      assert.equal(take(count + 5).length, count);
      await within(PATIENCE_MS, 'the send behind', second);
      assert.deepEqual(take(5), [count]);
    });

    it('that lasts too long has published nothing', async () => {
      const count = fill();
      await rejectsCode(producer.send(numbered(1000), { timeout: 1 }), 'ERR_RINGWAY_TIMEOUT');
      assert.equal(take(count + 5).length, count);
      assert.equal(producer.trySend(numbered(1)), true);
    });

    it('with a signal that has fired is not begun', async () => {
      await assert.rejects(producer.send(numbered(1), { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
      assert.deepEqual(take(1), []);
    });

    it('refuses a timeout that is no time', async () => {
      await assert.rejects(producer.send(numbered(1), { timeout: -1 }), RangeError);
      await assert.rejects(producer.send(numbered(1), { timeout: NaN }), RangeError);
    });

    it('does not keep the bytes that the codec may use again', async () => {
      const scratch = new Uint8Array(8);
      const reusing: Codec<number> = {
        name: 'bytes',
        encode(value) {
          new DataView(scratch.buffer).setUint32(0, value, true);
          return scratch;
        },
        decode: (copy) => numberOf(copy),
      };
      const own = peer.producer<number>({}, reusing);
      let count = 0;
      while (own.trySend(count)) count++;
      const sends = [own.send(count), own.send(count + 1)];
      const consumer = peer.consumer<number>({}, reusing);
      for (let number = 0; number < count + 2; number++) {
        const delivery = await consumer.receive({ timeout: PATIENCE_MS });
        assert.equal(delivery?.value, number);
        delivery.ack();
      }
      await Promise.all(sends);
      own.close();
    });

    it('gives the event loop a turn when it never has to wait', async () => {
      let ticks = 0;
      const consumer = peer.consumer();
      const timer = setInterval(() => ticks++, 1);
      const end = performance.now() + PATIENCE_MS;
      while (ticks < 20 && performance.now() < end) {
        await producer.send(numbered(1));
        consumer.poll(() => undefined);
      }
      clearInterval(timer);
      assert.equal(ticks, 20);
    });
  });

  describe('trySend', () => {
    it('is false while the lane is full, and loses nothing', () => {
      const count = fill();
      assert.equal(producer.trySend(numbered(1000)), false);
      assert.equal(take(count + 5).length, count);
    });

    it('is false while a send waits, even if it would fit', async () => {
      let count = 0;
      while (producer.trySend(numbered(count, 900))) count++;
      const sending = producer.send(numbered(count, 900));
      assert.equal(producer.trySend(numbered(1000, 4)), false);
      assert.deepEqual(take(count), [0, 1, 2, 3]);
      await within(PATIENCE_MS, 'send', sending);
      assert.equal(producer.trySend(numbered(1000, 4)), true);
    });
  });

  describe('ready', () => {
    it('is there at once where there is room', async () => {
      const ready = new Outcome(producer.ready());
      await turns(1);
      assert.deepEqual([ready.settled, ready.error], [true, undefined]);
    });

    it('waits until what was refused last fits, and not only something', async () => {
      const count = fill();
      assert.equal(producer.trySend(numbered(1000, 900)), false);
      const ready = new Outcome(producer.ready());
      take(1);
      await turns(5);
      assert.equal(ready.settled, false);
      take(count);
      await within(PATIENCE_MS, 'ready', ready.done);
      assert.equal(producer.trySend(numbered(1000, 900)), true);
    });

    it('waits for those who sent before', async () => {
      const count = fill();
      const order: string[] = [];
      const sending = producer.send(numbered(count, 900)).then(() => order.push('send'));
      const ready = producer.ready().then(() => order.push('ready'));
      take(count);
      await within(PATIENCE_MS, 'both', Promise.all([sending, ready]));
      assert.deepEqual(order, ['send', 'ready']);
    });

    it('in a lane that a dead producer left full, means that the next trySend succeeds', async () => {
      for (const free of [8, 16, 24, 32]) {
        const other = HeapPeer.create();
        const dying = other.reopen();
        const before = dying.producer({ label: 'shop' });
        let sent = 0;
        const length = 4096 / 8 - 8;
        // The lane's first frame carries the epoch, and takes 16 bytes.
        for (let part = 0; part < 7; part++) if (before.trySend(numbered(sent, length))) sent++;
        if (before.trySend(numbered(sent, 512 - 16 - 8 - free))) sent++;
        dying.kill();
        const successor = other.producer({ label: 'shop' });
        const refused = numbered(1000, free - 4);
        assert.equal(successor.trySend(refused), false, `${free} bytes are too few for the epoch as well`);
        const ready = new Outcome(successor.ready());
        await turns(5);
        assert.equal(ready.settled, false, `ready though nothing was acknowledged, with ${free} bytes free`);
        const consumer = other.consumer();
        for (let count = 0; count < sent; count++) consumer.tryReceive()?.ack();
        await within(PATIENCE_MS, 'ready', ready.done);
        assert.equal(successor.trySend(refused), true);
        consumer.close();
        successor.close();
        other.kill();
      }
    });
  });

  describe('batches', () => {
    it('cork hides messages until as many uncorks', () => {
      producer.cork();
      producer.cork();
      producer.trySend(numbered(1));
      producer.uncork();
      assert.deepEqual(take(1), []);
      producer.uncork();
      assert.deepEqual(take(1), [1]);
      producer.uncork();
      producer.trySend(numbered(2));
      assert.deepEqual(take(1), [2], 'one uncork too many does nothing');
    });

    it('a corked lane that is full is published all the same', () => {
      producer.cork();
      const count = fill();
      assert.equal(take(count + 1).length, count);
      producer.uncork();
    });

    it('a cork publishes at the latest every 16 KiB', () => {
      const large = HeapPeer.create({ ...SMALL, laneBytes: 2 ** 20 });
      const corked = large.producer();
      corked.cork();
      for (let count = 0; count < 20; count++) corked.trySend(numbered(count, 1024));
      assert.ok(large.consumer().tryReceive() !== undefined);
      large.kill();
    });

    it('sendMany sends everything in order, also more than fits', async () => {
      const consumer = peer.consumer();
      const received = (async () => {
        const numbers: number[] = [];
        while (numbers.length < 1000) {
          const delivery = await consumer.receive({ timeout: PATIENCE_MS });
          numbers.push(numberOf(delivery?.value ?? new Uint8Array(4)));
          delivery?.ack();
        }
        return numbers;
      })();
      const all = Array.from({ length: 1000 }, (_, number) => number);
      await producer.sendMany(all.slice(0, 500).map((number) => numbered(number, 100)));
      await producer.sendMany(
        (async function* () {
          for (const number of all.slice(500)) yield await Promise.resolve(numbered(number, 100));
        })(),
      );
      assert.deepEqual(await received, all);
    });

    it('sendMany shows what it sent before an error, and is open for more', async () => {
      const wrong = new Error('no more');
      await assert.rejects(
        producer.sendMany(
          (function* () {
            yield numbered(1);
            throw wrong;
          })(),
        ),
        wrong,
      );
      assert.deepEqual(take(2), [1]);
      await producer.send(numbered(2));
      assert.deepEqual(take(2), [2]);
    });

    it("publish 'tick' shows messages together, at the end of the turn", async () => {
      const ticking = peer.producer({ publish: 'tick' });
      await ticking.send(numbered(1));
      await ticking.send(numbered(2));
      assert.deepEqual(take(2), []);
      await turns(2);
      assert.deepEqual(take(3), [1, 2]);
      ticking.close();
    });

    it("publish 'tick' publishes what is there when it closes", async () => {
      const ticking = peer.producer({ publish: 'tick' });
      ticking.trySend(numbered(1));
      ticking.close();
      assert.deepEqual(take(2), [1]);
      await turns(2);
    });
  });

  describe('a reservation', () => {
    it('is written in place and seen when it is published', () => {
      const place = producer.tryReserve(12);
      assert.equal(place?.bytes.length, 12);
      assert.equal(place.bytes.byteOffset % 8, 0);
      place.bytes.set(numbered(5, 12));
      assert.deepEqual(take(1), []);
      place.publish();
      assert.deepEqual(take(1), [5]);
    });

    it('can be cancelled, and published or cancelled once', () => {
      const place = producer.tryReserve(12);
      place?.cancel();
      place?.publish();
      assert.deepEqual(take(1), []);
      producer.trySend(numbered(1));
      assert.deepEqual(take(1), [1]);
    });

    it('keeps others out until it is settled', async () => {
      const place = producer.tryReserve(8);
      assert.equal(producer.trySend(numbered(9)), false);
      assert.equal(producer.tryReserve(8), undefined);
      const sending = producer.send(numbered(2));
      place?.bytes.set(numbered(1));
      place?.publish();
      await within(PATIENCE_MS, 'send', sending);
      assert.deepEqual(take(3), [1, 2]);
    });

    it('of the longest frame fits, one byte more does not', () => {
      const most = peer.channel.layout.laneBytes / 4 - 8;
      assert.equal(producer.tryReserve(most)?.bytes.length, most);
      const other = peer.producer();
      throwsCode(() => other.tryReserve(most + 1), 'ERR_RINGWAY_MESSAGE_TOO_LARGE');
      for (const length of [-1, 1.5, NaN]) assert.throws(() => other.tryReserve(length), RangeError);
      other.close();
    });

    it('waits for room', async () => {
      const count = fill();
      assert.equal(producer.tryReserve(64), undefined);
      const reserving = producer.reserve(64);
      await turns(3);
      take(count);
      const place = await within(PATIENCE_MS, 'reserve', reserving);
      place.bytes.set(numbered(3));
      place.publish();
      assert.deepEqual(take(2), [3]);
    });

    it('is over when its producer closes: publishing it says so', () => {
      const place = producer.tryReserve(8);
      producer.close();
      throwsCode(() => place?.publish(), 'ERR_RINGWAY_CLOSED');
    });

    it('in a lane that was taken out of use does not go by unsaid', () => {
      const place = producer.tryReserve(8);
      peer.channel.lane(0).quarantine();
      throwsCode(() => place?.publish(), 'ERR_RINGWAY_CORRUPT_LANE');
    });

    it('does not let sendSync say that it has sent what it has not', () => {
      const place = producer.tryReserve(8);
      assert.throws(() => producer.sendSync(numbered(2), { timeout: 1 }));
      place?.cancel();
      assert.deepEqual(take(1), []);
    });
  });

  describe('sendSync', () => {
    it('sends at once where there is room', () => {
      producer.sendSync(numbered(4));
      assert.deepEqual(take(1), [4]);
    });

    it('does not overtake a send that waits', async () => {
      const count = fill();
      const sending = producer.send(numbered(count));
      throwsCode(() => producer.sendSync(numbered(9)), 'ERR_RINGWAY_BUSY');
      take(count);
      await within(PATIENCE_MS, 'send', sending);
    });

    it('that lasts too long has sent nothing', () => {
      const count = fill();
      const spinning = peer.producer({ idle: 'spin' });
      fill(spinning);
      throwsCode(() => spinning.sendSync(numbered(1), { timeout: 3 }), 'ERR_RINGWAY_TIMEOUT');
      spinning.close();
      assert.ok(count > 0);
      assert.equal(spinning.closed, true);
    });
  });

  describe('end', () => {
    it('is told to consumers when everything is acknowledged', async () => {
      await producer.send(numbered(1));
      await producer.end();
      const consumer = peer.consumer();
      const delivery = await consumer.receive();
      const end = new Outcome(consumer.receive());
      await turns(3);
      assert.equal(end.settled, false);
      delivery?.ack();
      await within(PATIENCE_MS, 'the end', end.done);
      assert.equal(end.value, undefined);
      assert.equal(end.error, undefined);
    });

    it('waits for sends that wait', async () => {
      const count = fill();
      const sending = producer.send(numbered(count));
      const ending = producer.end();
      assert.equal(take(count).length, count);
      await within(PATIENCE_MS, 'both', Promise.all([sending, ending]));
      assert.deepEqual(take(1), [count]);
      await rejectsCode(producer.send(numbered(1)), 'ERR_RINGWAY_ENDED');
    });

    it('asked for twice while a send waits, ends once', async () => {
      const count = fill();
      const sending = producer.send(numbered(count));
      const ends = [new Outcome(producer.end()), new Outcome(producer.end())];
      take(count);
      await within(PATIENCE_MS, 'send', sending);
      await within(PATIENCE_MS, 'both', Promise.all(ends.map(({ done }) => done)));
      assert.equal(ends[0].error, undefined);
      assert.ok(ends[1].error === undefined || 'code' in (ends[1].error as Error), String(ends[1].error));
      assert.equal(peer.channel.endings, 1);
      assert.equal(peer.channel.slots.generation(producer.slot), 1);
    });

    it('rejects what is sent after it', async () => {
      await producer.end();
      await rejectsCode(producer.send(numbered(1)), 'ERR_RINGWAY_ENDED');
      throwsCode(() => producer.trySend(numbered(1)), 'ERR_RINGWAY_ENDED');
      await rejectsCode(producer.end(), 'ERR_RINGWAY_ENDED');
    });

    it('gives the lane back at once when nothing is in it', async () => {
      await producer.end();
      assert.equal(peer.channel.lane(0).state, LANE_STATE.free);
    });
  });

  describe('close', () => {
    it('is immediate, idempotent and rejects what waits', async () => {
      const count = fill();
      const waiting = [
        producer.send(numbered(count)),
        producer.ready(),
        producer.end(),
        producer.reserve(8).then(() => undefined),
      ];
      producer.close();
      producer.close();
      for (const each of waiting) await rejectsCode(each, 'ERR_RINGWAY_CLOSED');
      assert.equal(producer.closed, true);
    });

    it('keeps what was sent', () => {
      producer.trySend(numbered(3));
      producer.close();
      assert.deepEqual(take(2), [3]);
    });

    it('is what every method says afterwards', async () => {
      producer.close();
      await rejectsCode(producer.send(numbered(1)), 'ERR_RINGWAY_CLOSED');
      await rejectsCode(producer.ready(), 'ERR_RINGWAY_CLOSED');
      await rejectsCode(producer.sendMany([]), 'ERR_RINGWAY_CLOSED');
      await rejectsCode(producer.reserve(8), 'ERR_RINGWAY_CLOSED');
      throwsCode(() => producer.trySend(numbered(1)), 'ERR_RINGWAY_CLOSED');
      throwsCode(() => producer.sendSync(numbered(1)), 'ERR_RINGWAY_CLOSED');
      throwsCode(() => producer.tryReserve(1), 'ERR_RINGWAY_CLOSED');
      throwsCode(() => producer.cork(), 'ERR_RINGWAY_CLOSED');
      producer.uncork();
      producer.ref().unref();
    });

    it('happens at the end of a `using` block', () => {
      const scoped = peer.producer();
      {
        using inside = scoped;
        inside.trySend(numbered(1));
      }
      assert.equal(scoped.closed, true);
    });
  });

  describe('a codec that misbehaves', () => {
    function withCodec(encode: (value: Uint8Array, own: Producer<Uint8Array>) => Uint8Array): Producer<Uint8Array> {
      const codec: Codec<Uint8Array> = { name: 'bytes', encode: (value) => encode(value, own), decode: (copy) => copy };
      const own = peer.producer({}, codec);
      return own;
    }

    it('by throwing, costs the one message', async () => {
      const wrong = new Error('cannot');
      const own = withCodec((value) => {
        if (value.length === 0) throw wrong;
        return value;
      });
      assert.equal((await rejectsCode(own.send(new Uint8Array(0)), 'ERR_RINGWAY_ENCODE')).cause, wrong);
      throwsCode(() => own.trySend(new Uint8Array(0)), 'ERR_RINGWAY_ENCODE');
      throwsCode(() => own.sendSync(new Uint8Array(0)), 'ERR_RINGWAY_ENCODE');
      assert.equal(own.trySend(numbered(1)), true);
      assert.deepEqual(take(3), [1]);
      own.close();
    });

    it('by returning something else than bytes, is told so', async () => {
      const own = withCodec(() => 'text' as unknown as Uint8Array);
      await rejectsCode(own.send(numbered(1)), 'ERR_RINGWAY_ENCODE');
      own.close();
    });

    it('by closing its producer, sends nothing', async () => {
      const own = withCodec((value, self) => {
        self.close();
        return value;
      });
      await rejectsCode(own.send(numbered(1)), 'ERR_RINGWAY_CLOSED');
      assert.deepEqual(take(1), []);
    });

    it('by sending, sends that first', async () => {
      let nested = false;
      const own = withCodec((value, self) => {
        if (!nested) {
          nested = true;
          self.trySend(numbered(1));
        }
        return value;
      });
      await own.send(numbered(2));
      assert.deepEqual(take(3), [1, 2]);
      own.close();
    });
  });

  describe('headers and times', () => {
    it('come with the message', async () => {
      using queue = Queue.local<string>({ codec: text() });
      const before = monotonicMs();
      await queue.producer({ timestamps: true }).send('x', { headers: { trace: 'é' } });
      const after = monotonicMs();
      const delivery = await queue.consumer().receive();
      assert.deepEqual({ ...delivery?.headers }, { trace: 'é' });
      const time = delivery?.time ?? 0;
      assert.ok(time >= before && time <= after, `${time} is not from ${before} to ${after}`);
    });

    it('are absent where nobody asked for them', async () => {
      using queue = Queue.local<string>({ codec: text() });
      await queue.producer().send('x');
      const delivery = await queue.consumer().receive();
      assert.deepEqual(delivery?.headers, {});
      assert.equal(delivery.time, undefined);
    });

    it('that cannot be carried cost the one message', async () => {
      await assert.rejects(producer.send(numbered(1), { headers: { a: 'x'.repeat(70_000) } }), RangeError);
      await assert.rejects(producer.send(numbered(1), { headers: { a: 'x'.repeat(3000) } }), RangeError);
      await assert.rejects(producer.send(numbered(1), { headers: { a: 1 as unknown as string } }), TypeError);
      await producer.send(numbered(2));
      assert.deepEqual(take(2), [2]);
      assert.deepEqual(peer.segment.attachments.list(''), []);
    });
  });

  describe('whose lane was taken out of use', () => {
    it('is told at the next send, and uses another lane after that', async () => {
      await producer.send(numbered(1));
      peer.channel.lane(0).quarantine();
      await rejectsCode(producer.send(numbered(2)), 'ERR_RINGWAY_CORRUPT_LANE');
      await producer.send(numbered(3));
      assert.deepEqual(take(3), [3]);
    });

    it('has its waiting sends told as well', async () => {
      const count = fill();
      const sends = [producer.send(numbered(count)), producer.send(numbered(count + 1))];
      peer.channel.lane(0).quarantine();
      peer.channel.doorbells.ring(producer.slot);
      for (const each of sends) await within(PATIENCE_MS, 'send', rejectsCode(each, 'ERR_RINGWAY_CORRUPT_LANE'));
    });

    it('never writes into a lane that another producer has taken meanwhile', async () => {
      const two = HeapPeer.create({ ...SMALL, maxProducers: 2 });
      const first = two.producer({ label: 'first' });
      const other = two.reopen();
      const second = other.producer({ label: 'second' });
      await first.send(numbered(1));
      const holder = two.reopen();
      const claimed = holder.consumer();
      const held = claimed.tryReceive();
      two.channel.lane(0).quarantine();
      await assert.rejects(first.send(numbered(2)), { name: 'RingwayError' });
      held?.ack();
      claimed.close();
      two.channel.lane(1).quarantine();
      await assert.rejects(second.send(numbered(100)), { name: 'RingwayError' });
      await second.send(numbered(101));
      const owned = two.channel.lane(0).owner;
      await first.send(numbered(3)).catch(() => undefined);
      await first.send(numbered(4)).catch(() => undefined);
      if (two.channel.lane(0).owner === owned && owned === two.channel.slots.owner(second.slot)) {
        const consumer = holder.consumer();
        const numbers: number[] = [];
        for (let each = consumer.tryReceive(); each !== undefined; each = consumer.tryReceive()) {
          if (each.id.split('-')[1] === '0') numbers.push(numberOf(each.value));
          each.ack();
        }
        assert.deepEqual(numbers, [101], 'lane 0 belongs to the second producer alone');
        assert.equal(two.channel.lane(0).state, LANE_STATE.open);
      }
      two.kill();
    });
  });

  it('beyond as many as there may be is refused, until one leaves', () => {
    const others = [peer.producer(), peer.producer()];
    throwsCode(() => peer.producer(), 'ERR_RINGWAY_TOO_MANY_PRODUCERS');
    others[0].close();
    others.push(peer.producer());
    for (const each of others) each.close();
  });

  it('beyond as many lanes as are still unread is refused, and leaves no slot behind', () => {
    for (let count = 0; count < 2; count++) {
      const other = peer.producer();
      other.trySend(numbered(1));
      other.close();
    }
    throwsCode(() => peer.producer(), 'ERR_RINGWAY_TOO_MANY_PRODUCERS');
    take(2);
    peer.producer().close();
  });

  it('refuses options that are none', () => {
    assert.throws(() => peer.producer({ publish: 'never' as 'tick' }), RangeError);
    assert.throws(() => peer.producer({ idle: 'sleep' as 'park' }), RangeError);
    assert.throws(() => peer.producer({ label: 'é'.repeat(25) }), RangeError);
    assert.throws(() => peer.producer({ label: 'a\0b' }), RangeError);
    assert.throws(() => peer.producer({ label: 1 as unknown as string }), TypeError);
    assert.throws(() => peer.producer({ pollMicroseconds: -1 }), RangeError);
    peer.producer({ label: 'é'.repeat(24) }).close();
  });

  it('of a dead one’s label goes on in its lane, in order, and says that it is another one', async () => {
    const dying = peer.reopen();
    const before = dying.producer({ label: 'shop' });
    for (const number of [0, 1, 2]) before.trySend(numbered(number));
    dying.kill();
    const successor = peer.producer({ label: 'shop' });
    for (const number of [3, 4]) await successor.send(numbered(number));
    assert.deepEqual(take(9), [0, 1, 2, 3, 4]);
    successor.close();
  });

  it('of a dead one’s label takes another lane when that one holds a reference to nothing', async () => {
    const dying = peer.reopen();
    const before = dying.producer({ label: 'shop' });
    before.trySend(new Uint8Array(3000));
    dying.kill();
    const lane = peer.channel.lane(1);
    assert.equal(lane.label, 'shop');
    lane.bytes.fill(0xff, 16 + 8, 16 + 8 + 24);
    let made: Producer<Uint8Array> | undefined;
    for (let tries = 0; tries < 3 && made === undefined; tries++) {
      try {
        made = peer.producer({ label: 'shop' });
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'ERR_RINGWAY_CORRUPT_LANE');
      }
    }
    assert.ok(made !== undefined, 'the label is not lost for ever');
    await made.send(numbered(1));
    made.close();
  });

  it('sends what its codec makes of a value', async () => {
    using queue = Queue.local<{ id: number }>({ codec: json<{ id: number }>() });
    await queue.producer().send({ id: 4 });
    assert.deepEqual(queue.consumer().tryReceive()?.value, { id: 4 });
    assert.equal(bytes().name, 'bytes');
  });
});
