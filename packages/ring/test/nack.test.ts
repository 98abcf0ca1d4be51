import assert from 'node:assert/strict';
import {
  DEAD_LETTER_HEADERS,
  Queue,
  json,
  text,
  type Consumer,
  type DeadLetter,
  type Delivery,
  type Producer,
  type Reservation,
} from '@ringway/ring';
import { rejectsCode, rejectsDecoding, throwsCode } from './support/codes.js';
import { HeapPeer } from './support/heap.js';
import { Outcome, turns, until, within } from './support/turns.js';

const SOON = 5000;
/** Long enough that nothing but the wait can have brought it, short enough for a test. */
const DELAY_MS = 40;
const SHORTEST_MS = 1;

/** What was sent with the shortest time to live is late now. */
async function isLate(): Promise<void> {
  const end = performance.now() + SHORTEST_MS + 1;
  await until(() => performance.now() >= end);
}

const SMALL = { laneBytes: 4096, maxProducers: 4, maxConsumers: 3 } as const;

describe('a message that is sent back', () => {
  let queue: Queue<number>;
  let producer: Producer<number>;
  let consumer: Consumer<number>;

  beforeEach(() => {
    queue = Queue.local<number>({ codec: json<number>(), ...SMALL });
    producer = queue.producer();
    consumer = queue.consumer();
  });

  afterEach(() => {
    queue.close();
  });

  function send(...numbers: number[]): void {
    for (const number of numbers) assert.ok(producer.trySend(number));
  }

  async function next(from = consumer): Promise<Delivery<number>> {
    return (await within(SOON, 'a message', from.receive())) ?? assert.fail('the end');
  }

  it('comes again, behind what was sent meanwhile, as the same message', async () => {
    send(1, 2);
    const first = await next();
    first.nack();
    (await next()).ack();
    const again = await next();
    assert.deepEqual([again.value, again.attempts, again.redelivered, again.id], [1, 2, true, first.id]);
    again.ack();
    assert.equal(consumer.tryReceive(), undefined);
  });

  it('goes to whoever asks', async () => {
    send(1);
    const other = queue.consumer();
    (await next()).nack();
    const again = await next(other);
    assert.deepEqual([again.value, again.attempts], [1, 2]);
  });

  it('does not hold its producer’s lane', async () => {
    send(1);
    (await next()).nack({ delayMs: 60_000 });
    const { lanes } = queue.stats();
    assert.equal(lanes[0].acknowledgedMessages, 1);
    assert.equal(consumer.tryReceive(), undefined);
  });

  it('keeps its headers, its time and its place in the count', async () => {
    const stamped = queue.producer({ timestamps: true });
    stamped.trySend(1, { headers: { kind: 'a' } });
    const first = await next();
    first.nack();
    const second = await next();
    second.nack();
    const third = await next();
    assert.deepEqual({ ...third.headers }, { kind: 'a' });
    assert.deepEqual([third.time, third.attempts, third.id], [first.time, 3, first.id]);
  });

  it('may be as large as any other', async () => {
    const words = Queue.local<string>({ codec: text(), ...SMALL });
    const large = 'x'.repeat(10_000);
    try {
      words.producer().trySend(large);
      const reader = words.consumer();
      (await reader.receive())?.nack();
      const again = await reader.receive();
      assert.deepEqual([again?.value, again?.attempts], [large, 2]);
    } finally {
      words.close();
    }
  });

  it('with a delay comes when it is over, to who waits, and not before', async () => {
    send(1);
    const begun = performance.now();
    (await next()).nack({ delayMs: DELAY_MS });
    const waiting = new Outcome(consumer.receive());
    await turns(5);
    assert.equal(waiting.settled, false);
    await within(SOON, 'the message', waiting.done);
    assert.ok(performance.now() - begun >= DELAY_MS);
    assert.deepEqual([waiting.value?.value, waiting.value?.attempts], [1, 2]);
  });

  it('with a delay lets others through, and those that are due first come first', async () => {
    send(1, 2, 3);
    (await next()).nack({ delayMs: 2 * DELAY_MS });
    (await next()).nack({ delayMs: DELAY_MS });
    const got: number[] = [];
    while (got.length < 3) {
      const delivery = await next();
      got.push(delivery.value);
      delivery.ack();
    }
    assert.deepEqual(got, [3, 2, 1]);
  });

  it('with a delay is worked by another consumer when this one closes', async () => {
    send(1);
    (await next()).nack({ delayMs: DELAY_MS });
    assert.equal(consumer.tryReceive(), undefined);
    const other = queue.consumer();
    consumer.close();
    const again = await next(other);
    assert.deepEqual([again.value, again.attempts], [1, 2]);
  });

  it('with a delay comes to poll, which tells that it was handed out before', async () => {
    send(1, 2, 3);
    (await next()).nack({ delayMs: DELAY_MS });
    const seen: string[] = [];
    const handler = (bytes: Uint8Array, offset: number, length: number, redelivered: boolean): void => {
      seen.push(`${Buffer.from(bytes.slice(offset, offset + length)).toString()} ${redelivered}`);
    };
    while (seen.length < 3) {
      consumer.poll(handler);
      await turns(1);
    }
    assert.deepEqual(seen, ['2 false', '3 false', '1 true']);
    await queue.drained({ timeout: SOON });
  });

  it('is no end, and no open lane: a stream ends when it is handled', async () => {
    send(1, 2);
    await producer.end();
    const got: string[] = [];
    for await (const delivery of consumer.deliveries()) {
      got.push(`${delivery.value} ${delivery.attempts}`);
      if (delivery.value === 1 && delivery.attempts === 1) delivery.nack({ delayMs: DELAY_MS });
      else delivery.ack();
    }
    assert.deepEqual(got, ['1 1', '2 1', '1 2']);
    await queue.drained({ timeout: SOON });
  });

  it('stays where it is when there is no lane for a copy, and comes again here', async () => {
    for (const label of ['a', 'b', 'c']) queue.producer({ label });
    send(1, 2);
    (await next()).nack({ delayMs: DELAY_MS });
    (await next()).ack();
    const again = await next();
    assert.deepEqual([again.value, again.attempts, again.redelivered], [1, 2, true]);
    again.nack();
    const third = await next();
    assert.equal(third.attempts, 3);
    third.ack();
    await queue.drained({ timeout: SOON });
  });

  it('stays where it is when there is no room for a copy', async () => {
    const big = Queue.local<string>({ codec: text(), ...SMALL });
    try {
      const sender = big.producer();
      const reader = big.consumer({ prefetch: 64 });
      const values = Array.from({ length: 6 }, (_, number) => `${number}`.repeat(900));
      const found: Delivery<string>[] = [];
      for (const value of values) {
        // Each is sent back for long: the lane of copies has room for four.
        assert.ok(sender.trySend(value) || found.length > 4);
        const delivery = reader.tryReceive();
        if (delivery === undefined) break;
        found.push(delivery);
        delivery.nack({ delayMs: DELAY_MS });
      }
      assert.equal(found.length, 6);
      const again: string[] = [];
      while (again.length < 6) {
        const delivery = await within(SOON, 'a message', reader.receive());
        if (delivery === undefined) assert.fail('the end');
        assert.equal(delivery.attempts, 2);
        again.push(delivery.value);
        delivery.ack();
      }
      assert.deepEqual(again.sort(), values);
    } finally {
      big.close();
    }
  });

  it('is not the delivery’s any more: a late acknowledgement does nothing', async () => {
    for (const label of ['a', 'b', 'c']) queue.producer({ label });
    send(1);
    const first = await next();
    first.nack();
    first.ack();
    first.nack();
    first.reject();
    const again = await next();
    assert.deepEqual([again.value, again.attempts], [1, 2]);
  });

  it('is none after an acknowledgement, or when the consumer was closed', async () => {
    send(1, 2);
    const [first, second] = [await next(), await next()];
    first.ack();
    first.nack();
    consumer.close();
    second.nack();
    second.reject();
    const other = queue.consumer();
    assert.equal((await next(other)).value, 2);
    assert.equal(other.tryReceive(), undefined);
  });

  it('holds up nobody behind it, however few its consumer claims at a time', async () => {
    const narrow = queue.consumer({ prefetch: 1 });
    consumer.close();
    send(1, 2, 3, 4);
    (await next(narrow)).nack({ delayMs: 60_000 });
    for (let count = 0; count < 3; count++) (await next(narrow)).nack();
    const got: number[] = [];
    while (got.length < 3) {
      const delivery = await next(narrow);
      got.push(delivery.value);
      delivery.ack();
    }
    assert.deepEqual(got, [2, 3, 4]);
  });

  it('holds up nobody behind it where each consumer keeps one', async () => {
    const [one, other] = [queue.consumer({ prefetch: 1 }), queue.consumer({ prefetch: 1 })];
    consumer.close();
    send(1, 2);
    for (const each of [one, other]) (await next(each)).nack({ delayMs: 60_000 });
    const waiting = [one, other].map((each) => new Outcome(each.receive()));
    await turns(5);
    for (const value of [3, 4]) {
      send(value);
      await until(() => waiting.some(({ value: got }) => got?.value === value));
      const first = waiting.findIndex(({ settled }) => settled);
      waiting[first].value?.nack();
      waiting[first] = new Outcome([one, other][first].receive());
      await until(() => waiting.some(({ value: got }) => got?.value === value));
      const again = waiting.findIndex(({ settled }) => settled);
      waiting[again].value?.ack();
      waiting[again] = new Outcome([one, other][again].receive());
    }
    one.close();
    other.close();
    await Promise.all(waiting.map(({ done }) => done));
  });

  it('is not counted while it waits, and what was handled behind it does not come again', async () => {
    send(1);
    (await next()).nack({ delayMs: DELAY_MS });
    for (let life = 0; life < 4; life++) {
      send(10 + life);
      const delivery = await next();
      assert.deepEqual([delivery.value, delivery.attempts], [10 + life, 1]);
      delivery.ack();
      consumer.close();
      consumer = queue.consumer();
    }
    const again = await next();
    assert.deepEqual([again.value, again.attempts], [1, 2]);
    again.ack();
    await queue.drained({ timeout: SOON });
  });

  it('without a lane for copies lets the others have their turn', async () => {
    for (const label of ['a', 'b', 'c']) queue.producer({ label });
    send(1, 2);
    const got = new Set<number>();
    while (got.size < 2) {
      const delivery = await next();
      got.add(delivery.value);
      delivery.nack();
    }
  });

  it('with many of its kind is not copied again and again while all of them wait', async () => {
    const narrow = queue.consumer({ prefetch: 1 });
    consumer.close();
    send(...Array.from({ length: 20 }, (_, number) => number));
    for (let count = 0; count < 20; count++) (await next(narrow)).nack({ delayMs: 60_000 });
    await rejectsCode(narrow.receive({ timeout: 250 }), 'ERR_RINGWAY_TIMEOUT');
    const copies = queue.stats().lanes.reduce((sum, { publishedMessages }) => sum + publishedMessages, 0) - 20;
    assert.ok(copies <= 4 * 20, `${copies} copies`);
  });

  it('expires while it waits', async () => {
    producer.trySend(1, { ttlMs: DELAY_MS });
    (await next()).nack({ delayMs: 2 * DELAY_MS });
    const waiting = new Outcome(consumer.receive());
    await queue.drained({ timeout: SOON });
    assert.equal(waiting.settled, false);
    consumer.close();
    await waiting.done;
  });

  it('is sent by nobody over a place that is reserved, or before what waits', async () => {
    let reserved: Reservation | undefined;
    const headers = {
      get late(): string {
        reserved ??= producer.tryReserve(2);
        return 'x';
      },
    };
    assert.equal(producer.trySend(1, { headers }), false);
    assert.ok(reserved);
    reserved.bytes.set(Buffer.from('42'));
    reserved.publish();
    assert.equal((await next()).value, 42);
    assert.equal(consumer.tryReceive(), undefined);
  });

  it('needs a delay that is a time', async () => {
    send(1);
    const delivery = await next();
    for (const delayMs of [-1, NaN, Infinity, 2 ** 31, '5' as unknown as number]) {
      assert.throws(() => {
        delivery.nack({ delayMs });
      }, RangeError);
    }
    delivery.ack();
  });

  it('sent back many times at once comes back, each as often', async () => {
    const count = 200;
    const sent = new Map<number, number>();
    const sending = producer.sendMany(Array.from({ length: count }, (_, number) => number));
    for (let handled = 0; handled < count * 2; handled++) {
      const delivery = await next();
      const times = (sent.get(delivery.value) ?? 0) + 1;
      sent.set(delivery.value, times);
      assert.equal(delivery.attempts, times);
      if (times === 1) delivery.nack({ delayMs: delivery.value % 3 });
      else delivery.ack();
    }
    await sending;
    assert.deepEqual(
      [...sent.values()].filter((times) => times !== 2),
      [],
    );
    await queue.drained({ timeout: SOON });
  });
});

describe('dead letters', () => {
  const queues: Queue[] = [];
  let letters: Queue<string>;
  let queue: Queue<string>;
  let told: DeadLetter[];

  beforeEach(() => {
    letters = local({ codec: text() });
    queue = local({ codec: text(), deadLetter: letters, maxDeliveries: 2 });
    told = [];
    queue.on('dead-letter', (letter) => told.push(letter));
  });

  afterEach(() => {
    for (const open of queues.splice(0)) open.close();
  });

  function local(options: Parameters<typeof Queue.local<string>>[0]): Queue<string> {
    const made = Queue.local<string>({ ...SMALL, ...options });
    queues.push(made as Queue);
    return made;
  }

  it('are what was delivered so often and never acknowledged', async () => {
    queue.producer().trySend('poison', { headers: { kind: 'a' } });
    const consumer = queue.consumer();
    const first = await consumer.receive();
    first?.nack();
    (await consumer.receive())?.nack();
    assert.equal(consumer.tryReceive(), undefined);
    const letter = await letters.consumer().receive({ timeout: SOON });
    assert.equal(letter?.value, 'poison');
    assert.deepEqual(
      { ...letter.headers },
      {
        kind: 'a',
        [DEAD_LETTER_HEADERS.queue]: 'local',
        [DEAD_LETTER_HEADERS.reason]: 'max-deliveries',
        [DEAD_LETTER_HEADERS.attempts]: '2',
        [DEAD_LETTER_HEADERS.id]: first?.id,
      },
    );
    assert.deepEqual([letter.attempts, letter.redelivered], [1, false]);
    assert.deepEqual(told, [{ id: first?.id, reason: 'max-deliveries', attempts: 2, queue: 'local' }]);
    await queue.drained({ timeout: SOON });
  });

  it('are what was left unacknowledged so often by consumers that closed, and nothing beside it', async () => {
    const producer = queue.producer();
    for (const value of ['poison', 'good', 'better']) producer.trySend(value);
    for (let life = 0; life < 2; life++) {
      const consumer = queue.consumer();
      assert.equal((await consumer.receive())?.value, 'poison');
      consumer.close();
    }
    const consumer = queue.consumer();
    const left = [await consumer.receive(), await consumer.receive()];
    assert.deepEqual(
      left.map((delivery) => [delivery?.value, delivery?.attempts]),
      [
        ['good', 1],
        ['better', 1],
      ],
    );
    assert.equal((await letters.consumer().receive({ timeout: SOON }))?.value, 'poison');
  });

  it('are what is rejected, at once', async () => {
    queue.producer().trySend('bad');
    (await queue.consumer().receive())?.reject();
    const letter = await letters.consumer().receive({ timeout: SOON });
    assert.deepEqual([letter?.value, letter?.headers[DEAD_LETTER_HEADERS.reason]], ['bad', 'rejected']);
    await queue.drained({ timeout: SOON });
  });

  it('are what nobody received in time', async () => {
    const producer = queue.producer();
    producer.trySend('late', { ttlMs: SHORTEST_MS });
    producer.trySend('in time', { ttlMs: 60_000 });
    await isLate();
    const consumer = queue.consumer();
    assert.equal((await consumer.receive())?.value, 'in time');
    const letter = await letters.consumer().receive({ timeout: SOON });
    assert.deepEqual([letter?.value, letter?.headers[DEAD_LETTER_HEADERS.reason]], ['late', 'expired']);
  });

  it('are found by poll, too, among what it hands out', async () => {
    const producer = queue.producer();
    producer.trySend('a');
    producer.trySend('late', { ttlMs: SHORTEST_MS });
    producer.trySend('b');
    await isLate();
    const seen: string[] = [];
    const consumer = queue.consumer();
    while (
      consumer.poll((bytes, offset, length) =>
        seen.push(Buffer.from(bytes.slice(offset, offset + length)).toString()),
      ) > 0
    );
    assert.deepEqual(seen, ['a', 'b']);
    assert.equal((await letters.consumer().receive({ timeout: SOON }))?.value, 'late');
    await queue.drained({ timeout: SOON });
  });

  it('that find no room stay where they are until there is some', async () => {
    const producer = queue.producer();
    const consumer = queue.consumer();
    // More than a lane has room for.
    const values = Array.from({ length: 12 }, (_, number) => String.fromCharCode(97 + number).repeat(400));
    for (const value of values) {
      await producer.send(value);
      (await consumer.receive())?.reject();
    }
    assert.ok(queue.stats().lanes[0].acknowledgedMessages < values.length);
    const waiting = new Outcome(consumer.receive());
    const undertaker = letters.consumer();
    for (const value of values) {
      const letter = await within(SOON, 'a letter', undertaker.receive());
      assert.equal(letter?.value, value);
      letter.ack();
    }
    await queue.drained({ timeout: SOON });
    consumer.close();
    await waiting.done;
  });

  it('that cannot be sent are told to who is there, and are sent later', async () => {
    const taken = ['a', 'b', 'c', 'd'].map((label) => letters.producer({ label }));
    const producer = queue.producer();
    producer.trySend('late', { ttlMs: SHORTEST_MS });
    producer.trySend('bad');
    await isLate();
    const consumer = queue.consumer();
    (await consumer.receive())?.reject();
    // Once: what is wrong lasts.
    await rejectsCode(consumer.receive(), 'ERR_RINGWAY_TOO_MANY_PRODUCERS');
    assert.equal(consumer.tryReceive(), undefined);
    assert.equal(queue.stats().lanes[0].acknowledgedMessages, 0);
    taken[0].close();
    const waiting = new Outcome(consumer.receive());
    const undertaker = letters.consumer();
    const found: string[] = [];
    while (found.length < 2) found.push((await within(SOON, 'a letter', undertaker.receive()))?.value ?? '');
    assert.deepEqual(found.sort(), ['bad', 'late']);
    consumer.close();
    await waiting.done;
  });

  it('of a queue that has none are gone, and told', async () => {
    const plain = local({ codec: text() });
    plain.on('dead-letter', (letter) => told.push(letter));
    plain.producer().trySend('bad');
    plain.producer().trySend('late', { ttlMs: SHORTEST_MS });
    await isLate();
    const consumer = plain.consumer();
    (await consumer.receive())?.reject();
    assert.equal(consumer.tryReceive(), undefined);
    await plain.drained({ timeout: SOON });
    await turns(1);
    assert.deepEqual(told.map(({ reason, queue: where }) => [reason, where]).sort(), [
      ['expired', undefined],
      ['rejected', undefined],
    ]);
  });

  it('that are longer than the other queue takes stay, and somebody is told', async () => {
    const short = local({ codec: text(), maxMessageBytes: 100 });
    const long = local({ codec: text(), deadLetter: short });
    const failures: unknown[] = [];
    long.on('dead-letter-failed', (error) => failures.push((error as { code?: unknown }).code));
    long.producer().trySend('x'.repeat(5000));
    const consumer = long.consumer();
    (await consumer.receive())?.reject();
    await turns(1);
    assert.deepEqual(failures, ['ERR_RINGWAY_MESSAGE_TOO_LARGE']);
    assert.equal(consumer.tryReceive(), undefined);
    assert.equal(long.stats().lanes[0].acknowledgedMessages, 0);
    assert.equal(short.consumer().tryReceive(), undefined);
    consumer.close();
    assert.equal(long.consumer().tryReceive()?.value.length, 5000);
  });

  it('that nobody can read are gone when they are rejected', async () => {
    const peer = HeapPeer.create();
    try {
      await peer.producer().send(new Uint8Array(3000));
      await peer.producer().send(new Uint8Array(1));
      for (const suffix of peer.segment.attachments.list('')) peer.segment.attachments.remove(suffix);
      const consumer = peer.consumer();
      const error = await rejectsDecoding(consumer.receive(), 'ERR_RINGWAY_DECODE');
      error.delivery.reject();
      (await consumer.receive())?.ack();
      assert.equal(peer.channel.isDrained(), true);
    } finally {
      peer.kill();
    }
  });

  it('that cannot be sent hold up neither poll nor a run', async () => {
    for (const label of ['a', 'b', 'c', 'd']) letters.producer({ label });
    queue.on('dead-letter-failed', () => undefined);
    const producer = queue.producer();
    producer.trySend('late', { ttlMs: SHORTEST_MS });
    producer.trySend('good');
    await isLate();
    const seen: string[] = [];
    const consumer = queue.consumer();
    const handler = (bytes: Uint8Array, offset: number, length: number): number =>
      seen.push(Buffer.from(bytes.slice(offset, offset + length)).toString());
    assert.equal(consumer.poll(handler), 1);
    assert.equal(consumer.poll(handler), 0);
    assert.deepEqual(seen, ['good']);
  });

  it('by the thousand leave the event loop its turns', async () => {
    const many = local({ codec: text(), laneBytes: 2 ** 20 });
    const producer = many.producer();
    for (let count = 0; count < 5000; count++) producer.trySend('late', { ttlMs: SHORTEST_MS });
    producer.trySend('good');
    await isLate();
    const consumer = many.consumer();
    assert.equal(consumer.tryReceive(), undefined);
    assert.ok(many.stats().lanes[0].acknowledgedMessages < 5000);
    assert.equal((await within(SOON, 'the one', consumer.receive()))?.value, 'good');
  });

  it('by the thousand that cannot be sent leave the event loop its turns, too', async () => {
    for (const label of ['a', 'b', 'c', 'd']) letters.producer({ label });
    const many = local({ codec: text(), laneBytes: 2 ** 20, deadLetter: letters });
    many.on('dead-letter-failed', () => undefined);
    const producer = many.producer();
    for (let count = 0; count < 5000; count++) producer.trySend('late', { ttlMs: SHORTEST_MS });
    await isLate();
    await rejectsCode(many.consumer().receive({ timeout: 500 }), 'ERR_RINGWAY_TIMEOUT');
  });

  it('do not go to the queue itself', () => {
    const name = `letters-${process.pid}-${Date.now()}`;
    const own = Queue.open<string>(name, { codec: text(), deadLetter: name });
    try {
      throwsCode(() => own.consumer(), 'ERR_RINGWAY_OPTIONS_MISMATCH');
    } finally {
      own.close();
      Queue.unlink(name);
    }
  });

  it('need the codec of the queue, and a queue to go to', () => {
    const other = Queue.local({ codec: json() });
    queues.push(other);
    const wrong = local({ codec: text(), deadLetter: other });
    throwsCode(() => wrong.consumer(), 'ERR_RINGWAY_CODEC_MISMATCH');
    assert.throws(() => local({ maxDeliveries: 3 }), { name: 'RangeError', message: /deadLetter/ });
    assert.throws(() => local({ maxDeliveries: 0, deadLetter: letters }), RangeError);
    for (const deadLetter of [5, null, {}, true]) {
      assert.throws(() => local({ deadLetter: deadLetter as unknown as string }), TypeError);
    }
  });

  it('are no matter of time-to-live that is none', () => {
    const producer = queue.producer();
    for (const ttlMs of [0, -1, NaN, '1' as unknown as number]) {
      assert.throws(() => producer.trySend('x', { ttlMs }), RangeError);
    }
  });
});
