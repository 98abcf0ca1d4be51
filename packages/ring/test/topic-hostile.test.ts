import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { runInNewContext } from 'node:vm';

import { RingwayError, Segment } from '@ringway/memory';
import { Topic, bytes } from '@ringway/ring';

import { FRAME_HEADER_BYTES, KIND_TOPIC, LANE_INTENT_HALF_LAPS } from '../dist/layout.js';
import { layoutOf } from '../dist/channel.js';
import { Random } from './chaos/random.js';
import { rejectsCode, throwsCode } from './support/codes.js';
import { numbered, numberOf } from './support/heap.js';
import { HeapTopic, numbersOf, range } from './support/heap-topic.js';
import { cleanUp, keep, queueName } from './support/process.js';

const LONG_MS = 10_000;
const LANE_BYTES = 4096;

describe('a topic in which a stranger writes', () => {
  let topic: HeapTopic;

  beforeEach(() => {
    topic = HeapTopic.create();
  });

  afterEach(async () => {
    HeapTopic.killAll();
    await cleanUp();
  });

  /** Overwrites the first header word of the frame at a position. */
  function spoil(lane: number, from: number): void {
    const { frames } = topic.channel.lane(lane);
    frames[(from & (LANE_BYTES - 1)) >> 2] = -1;
  }

  it('has a lane taken out of use whose frames are none: it is told, the publisher takes another, all others go on', () => {
    const subscribers = [topic.subscriber(), topic.subscriber({ onSlow: 'drop' })];
    const [publisher, other] = [topic.publisher({ label: 'shop' }), topic.publisher()];
    publisher.trySend(numbered(1));
    for (const subscriber of subscribers) assert.deepEqual(numbersOf(subscriber), [1]);
    const { position } = topic.channel.lane(0);
    publisher.trySend(numbered(2));
    spoil(0, position);
    other.trySend(numbered(11));
    for (const subscriber of subscribers) assert.deepEqual(numbersOf(subscriber), [11]);
    assert.deepEqual(
      topic.corrupt.map(({ code }) => code),
      ['ERR_RINGWAY_CORRUPT_LANE', 'ERR_RINGWAY_CORRUPT_LANE'],
    );
    throwsCode(() => publisher.trySend(numbered(3)), 'ERR_RINGWAY_CORRUPT_LANE');
    for (const number of range(4, 500)) {
      assert.ok(publisher.trySend(numbered(number)));
      for (const subscriber of subscribers) assert.deepEqual(numbersOf(subscriber), [number]);
    }
    // The lane is anybody's again, and nobody is told of what was there.
    const next = topic.publisher();
    next.trySend(numbered(600));
    assert.equal(topic.channel.lanesHigh, 3);
    for (const subscriber of subscribers) assert.deepEqual(numbersOf(subscriber), [600]);
    assert.ok(!topic.channel.lane(0).quarantined);
    assert.equal(topic.corrupt.length, 2);
    topic.subscriber().close();
  });

  it('wakes a publisher that waits for room in a lane that is out of use', async () => {
    const subscriber = topic.subscriber();
    const publisher = topic.publisher();
    let sent = 0;
    while (publisher.trySend(numbered(sent, 100))) sent++;
    const sending = rejectsCode(publisher.send(numbered(sent, 100)), 'ERR_RINGWAY_CORRUPT_LANE');
    spoil(0, 16);
    numbersOf(subscriber);
    await sending;
  });

  for (const onSlow of ['block', 'drop', 'disconnect'] as const) {
    it(`has its only lane used again, and onSlow '${onSlow}' gets what was published there before it looked`, () => {
      const fresh = HeapTopic.create({ maxProducers: 1 });
      topic.kill();
      topic = fresh;
      const subscriber = topic.subscriber({ onSlow });
      const publisher = topic.publisher();
      const { position } = topic.channel.lane(0);
      publisher.trySend(numbered(1));
      spoil(0, position + 16);
      assert.deepEqual(numbersOf(subscriber), []);
      assert.ok(topic.channel.lane(0).quarantined);
      throwsCode(() => publisher.trySend(numbered(2)), 'ERR_RINGWAY_CORRUPT_LANE');
      for (const number of range(3, 60)) assert.ok(publisher.trySend(numbered(number)));
      assert.deepEqual(numbersOf(subscriber), range(3, 60));
      for (const number of range(60, 500)) {
        assert.ok(publisher.trySend(numbered(number)));
        assert.deepEqual(numbersOf(subscriber), [number]);
      }
    });
  }

  it('passes a message whose metadata is garbage, by receive and by poll', async () => {
    const [receiver, poller] = [topic.subscriber(), topic.subscriber()];
    const publisher = topic.publisher();
    const { position } = topic.channel.lane(0);
    publisher.trySend(numbered(1), { key: 'a' });
    publisher.trySend(numbered(2), { key: 'a' });
    // The tag of the first entry, behind the frame of the publisher's epoch.
    topic.channel.lane(0).bytes[position + 16 + FRAME_HEADER_BYTES] = 0;
    await rejectsCode(receiver.receive(), 'ERR_RINGWAY_DECODE');
    assert.deepEqual(numbersOf(receiver), [2]);
    throwsCode(() => poller.poll(() => undefined), 'ERR_RINGWAY_DECODE');
    assert.deepEqual(numbersOf(poller), [2]);
  });

  it('holds up nobody for long who reads or publishes, whatever its control area says', () => {
    const random = new Random(20_261_123);
    const { layout } = topic.channel;
    const first = layout.lanesByte / 4;
    const count = layout.controlBytes / 4 - first;
    const values = [
      (): number => (random.next() * 2 ** 32) | 0,
      (): number => random.between(0, 1024) * 8,
      (): number => -1,
      (): number => 0,
      (): number => 0x7fffffff,
      (): number => 1,
    ];
    const round = (): void => {
      const publisher = topic.publisher();
      const subscribers = (['block', 'drop', 'disconnect'] as const).map((onSlow) =>
        topic.subscriber({ onSlow, history: random.between(0, 1) * 100 }),
      );
      for (let turn = 0; turn < 30; turn++) {
        for (let word = 0; word < 4; word++) {
          topic.words[first + random.between(0, count - 1)] = random.pick(values)();
        }
        for (let message = 0; message < 20; message++) {
          tolerate(() => publisher.trySend(numbered(message, random.between(4, 3000))));
        }
        for (const subscriber of subscribers) {
          for (let message = 0; message < 20; message++) tolerate(() => subscriber.tryReceive());
          tolerate(() => subscriber.poll(() => undefined));
        }
        tolerate(() => topic.rows.anchors(topic.channel.lane(0)).newest(Infinity));
      }
    };
    for (let scene = 0; scene < 40; scene++) {
      // A loop that does not end is ended from outside.
      runInNewContext('round()', { round }, { timeout: LONG_MS });
      topic.kill();
      topic = HeapTopic.create();
    }
  });

  it('with an intent far ahead loses nothing for who is waited for, and counts what others miss', () => {
    const [blocks, drops] = [topic.subscriber(), topic.subscriber({ onSlow: 'drop' })];
    const lane = topic.channel.lane(0);
    lane.overtakeReaders();
    topic.words[lane.base + LANE_INTENT_HALF_LAPS] = 1 << 20;
    const publisher = topic.publisher();
    for (const number of range(0, 1000)) {
      assert.ok(publisher.trySend(numbered(number)));
      assert.deepEqual(numbersOf(blocks), [number]);
    }
    const got = numbersOf(drops).length;
    assert.ok(got + drops.missed <= 1000);
  });

  it('throws a typed error where memory was cut away, and does not die', async () => {
    const name = queueName();
    const real = keep(Topic.open<Uint8Array>(name, { codec: bytes(), laneBytes: 16_384 }));
    const [blocks, drops] = [real.subscriber(), real.subscriber({ onSlow: 'drop', history: 3 })];
    const publisher = real.publisher();
    const waiting = blocks.receive();
    await publisher.send(numbered(1));
    assert.equal(numberOf((await waiting)?.value ?? numbered(0)), 1);
    const segment = keep(Segment.open(name, { kind: KIND_TOPIC }));
    truncateSync(segment.path, layoutOf(segment.header, name).controlBytes);
    const truncated = (body: () => unknown): void => {
      throwsCode(body, 'ERR_RINGWAY_SEGMENT_TRUNCATED');
    };
    truncated(() => {
      for (;;) publisher.trySend(numbered(2, 2000));
    });
    truncated(() => blocks.tryReceive());
    truncated(() => drops.poll(() => undefined));
    await rejectsCode(blocks.receive(), 'ERR_RINGWAY_SEGMENT_TRUNCATED');
  });
});

/** Any error of ours is an answer; another one, and no end, is not. */
function tolerate(body: () => unknown): void {
  try {
    body();
  } catch (error) {
    if (!(error instanceof RingwayError)) throw error;
  }
}
