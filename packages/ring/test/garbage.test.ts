import assert from 'node:assert/strict';

import { Segment } from '@ringway/memory';
import { Queue, bytes, type Consumer, type Producer } from '@ringway/ring';

import { Channel } from '../dist/channel.js';
import {
  KIND_QUEUE,
  LANE_INTENT,
  LANE_LEASE,
  LANE_NEXT,
  LANE_OWNER,
  LANE_POSITION,
  LANE_STATE_WORD,
  LANE_WANTED,
  CHANNEL_BYTE,
  CHANNEL_BYTES,
  CHANNEL_LANES_HIGH,
  ROW_FROM,
  ROW_TO,
} from '../dist/layout.js';
import { messageOf, readMessage } from './fixtures/message.js';
import { Child, cleanUp, keep, queueName } from './support/process.js';
import { Outcome, within } from './support/turns.js';

const LONG_MS = 5000;
const SMALL = { laneBytes: 16_384, maxProducers: 4, maxConsumers: 4 };

/** What a caller may be told of a lane that a stranger wrote. Everything else is a fault of ours. */
const TYPED = /^ERR_RINGWAY_(CORRUPT_LANE|DECODE|TOO_MANY_PRODUCERS|FORMAT)$/;

describe('a stranger who overwrites', function () {
  this.timeout(30_000);
  let name: string;
  let queue: Queue<Uint8Array>;
  let there: Channel;
  let stranger: Child;

  beforeEach(async () => {
    name = queueName();
    queue = keep(Queue.open<Uint8Array>(name, { codec: bytes(), ...SMALL }));
    there = new Channel(keep(Segment.open(name, { kind: KIND_QUEUE })));
    stranger = await Child.peer(name);
  });

  afterEach(cleanUp);

  /** The words of one lane that can be overwritten. */
  function wordsOf(lane: number): Record<string, number[]> {
    const { base } = there.lane(lane);
    const rows = [0, 1, 2, 3].flatMap((slot) => {
      const row = there.lane(lane).row(slot);
      return [row + ROW_FROM, row + ROW_TO];
    });
    return {
      position: [base + LANE_POSITION],
      next: [base + LANE_NEXT],
      'position and next': [base + LANE_POSITION, base + LANE_NEXT],
      lease: [base + LANE_LEASE],
      owner: [base + LANE_OWNER],
      state: [base + LANE_STATE_WORD],
      wanted: [base + LANE_WANTED],
      intent: [base + LANE_INTENT],
      rows,
      everything: [...Array.from({ length: 64 }, (_, at) => base + at), ...rows],
    };
  }

  /** Sends and receives for a while; whatever is thrown must be typed, whatever is delivered inside of the lane. */
  async function use(producer: Producer<Uint8Array>, consumer: Consumer<Uint8Array>, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      for (let count = 0; count < 20; count++) {
        try {
          producer.trySend(messageOf(round, 40));
        } catch (error) {
          assert.match((error as { code: string }).code, TYPED, String((error as Error).stack));
        }
        try {
          const delivery = consumer.tryReceive();
          if (delivery !== undefined) {
            assert.ok(delivery.value.length <= SMALL.laneBytes);
            delivery.ack();
          }
          consumer.poll((lane, offset, length) => {
            assert.ok(offset >= 0 && length >= 0 && offset + length <= lane.length);
          }, 4);
        } catch (error) {
          assert.match((error as { code?: string }).code ?? '', TYPED, String((error as Error).stack));
        }
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  for (const what of [
    'position',
    'next',
    'position and next',
    'lease',
    'owner',
    'state',
    'wanted',
    'intent',
    'rows',
    'everything',
  ]) {
    it(`the words of a lane (${what}) gets typed errors, stops nobody, and the other lanes go on`, async () => {
      const victim = queue.producer({ idle: 'park' });
      const consumer = queue.consumer({ idle: 'park' });
      const bystander = await Child.peer(name);
      await bystander.ask({ do: 'open' });
      await bystander.ask({ do: 'producer' });
      const scribbling = new Outcome(stranger.ask<number>({ do: 'scribble', words: wordsOf(0)[what] }));
      await use(victim, consumer, 60);
      await stranger.ask({ do: 'halt' });
      await within(LONG_MS, 'the stranger', scribbling.done);
      assert.ok((scribbling.value ?? 0) > 0, 'it was at work');
      // Whatever was lost in lane 0: lane 1 goes on, and no wait is without an end.
      await within(LONG_MS, 'a send in another lane', bystander.ask({ do: 'send', first: 4_000_000, count: 1 }));
      const end = performance.now() + LONG_MS;
      for (let found = false; !found;) {
        assert.ok(performance.now() < end, 'the message of the other lane never came');
        try {
          const delivery = await consumer.receive({ timeout: 1000 });
          if (delivery !== undefined && delivery.value.length >= 4)
            found = readMessage(delivery.value).number === 4_000_000;
          delivery?.ack();
        } catch (error) {
          assert.match((error as { code?: string }).code ?? '', TYPED, String((error as Error).stack));
        }
      }
      await assert.rejects(consumer.receive({ signal: AbortSignal.timeout(50) }), (error: { code: string }) => {
        return error.code === 'ABORT_ERR' || TYPED.test(error.code);
      });
      void queue.stats();
    });
  }

  it('the frames of a lane while they are read gets typed errors or bytes from inside', async () => {
    const victim = queue.producer({ idle: 'park' });
    const consumer = queue.consumer({ idle: 'park' });
    victim.trySend(messageOf(0));
    const scribbling = new Outcome(stranger.ask<number>({ do: 'scribble', words: [], lane: 0 }));
    await use(victim, consumer, 200);
    await stranger.ask({ do: 'halt' });
    await within(LONG_MS, 'the stranger', scribbling.done);
  });

  it('the words of the queue gets no crash and no wait without an end', async () => {
    const victim = queue.producer({ idle: 'park' });
    const consumer = queue.consumer({ idle: 'park' });
    const words = Array.from({ length: CHANNEL_BYTES / 4 }, (_, at) => CHANNEL_BYTE / 4 + at);
    const scribbling = new Outcome(stranger.ask<number>({ do: 'scribble', words }));
    await use(victim, consumer, 60);
    await stranger.ask({ do: 'halt' });
    await within(LONG_MS, 'the stranger', scribbling.done);
    // The lane may be full: it was hidden from the consumer for a while.
    const sent = victim.send(messageOf(1_000_000), { timeout: LONG_MS });
    for (let number = -1; number !== 1_000_000;) {
      const delivery = await consumer.receive({ timeout: LONG_MS });
      assert.ok(delivery !== undefined, 'the stream has not ended');
      number = readMessage(delivery.value).number;
      delivery.ack();
    }
    await sent;
  });

  it('the word that bounds the lanes hides none for long', async () => {
    const victim = queue.producer({ idle: 'park' });
    await stranger.ask({ do: 'poke', words: [[CHANNEL_BYTE / 4 + CHANNEL_LANES_HIGH, 0]] });
    const consumer = queue.consumer({ idle: 'park' });
    let sent = 0;
    while (victim.trySend(messageOf(sent, 40))) sent++;
    assert.equal(new Channel(there.segment).lanesHigh, 0, 'nobody who comes now would see the lane');
    const last = victim.send(messageOf(sent, 40), { timeout: LONG_MS });
    for (let number = 0; number <= sent; number++) {
      const delivery = await consumer.receive({ timeout: LONG_MS });
      assert.ok(delivery !== undefined, 'the stream has not ended');
      assert.equal(readMessage(delivery.value).number, number);
      delivery.ack();
    }
    await last;
  });

  it('the participant table gets no crash and no wait without an end', async () => {
    const victim = queue.producer({ idle: 'park' });
    const consumer = queue.consumer({ idle: 'park' });
    const first = there.slots.doorbell(0) - 16;
    const words = Array.from({ length: there.layout.slotCount * 64 }, (_, at) => first + at);
    const scribbling = new Outcome(stranger.ask<number>({ do: 'scribble', words }));
    await use(victim, consumer, 60);
    const waiting = consumer.receive({ signal: AbortSignal.timeout(300) });
    await assert.rejects(
      within(
        LONG_MS,
        'an abort',
        waiting.then(() => consumer.receive({ signal: AbortSignal.timeout(1) })),
      ),
    );
    await stranger.ask({ do: 'halt' });
    await within(LONG_MS, 'the stranger', scribbling.done);
  });

  it('a lane tells its producer, who loses what was in it and goes on in another one', async () => {
    const victim = queue.producer({ idle: 'park' });
    const consumer = queue.consumer({ idle: 'park' });
    const told = new Promise<{ code: string }>((resolve) => queue.once('corrupt-lane', resolve));
    await victim.send(messageOf(1));
    await stranger.ask({ do: 'poke', words: [[there.lane(0).base + LANE_POSITION, 0x1234]] });
    assert.equal(consumer.tryReceive(), undefined);
    assert.equal((await within(LONG_MS, 'corrupt-lane', told)).code, 'ERR_RINGWAY_CORRUPT_LANE');
    await assert.rejects(victim.send(messageOf(2)), { code: 'ERR_RINGWAY_CORRUPT_LANE' });
    await victim.send(messageOf(3));
    assert.equal(readMessage((await consumer.receive({ timeout: LONG_MS }))?.value ?? messageOf(0)).number, 3);
  });

  it('a lane fails a receive with ERR_CORRUPT_LANE where nobody listens, and the consumer goes on', async () => {
    const victim = queue.producer({ idle: 'park' });
    const other = queue.producer({ idle: 'park' });
    const consumer = queue.consumer({ idle: 'park' });
    await victim.send(messageOf(1));
    await stranger.ask({ do: 'poke', words: [[there.lane(0).base + LANE_POSITION, -8]] });
    await assert.rejects(consumer.receive({ timeout: LONG_MS }), { code: 'ERR_RINGWAY_CORRUPT_LANE' });
    await other.send(messageOf(2));
    assert.equal(readMessage((await consumer.receive({ timeout: LONG_MS }))?.value ?? messageOf(0)).number, 2);
  });
});
