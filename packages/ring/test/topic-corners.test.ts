import assert from 'node:assert/strict';
import { Topic, bytes } from '@ringway/ring';

import { CURSOR_EVICTED, LANE_HALF_LAPS, LANE_INTENT, LANE_INTENT_HALF_LAPS, LANE_POSITION } from '../dist/layout.js';
import { Gap } from '../dist/message.js';
import { encodeSpillReference } from '../dist/spill.js';
import { rejectsCode, throwsCode } from './support/codes.js';
import { numbered } from './support/heap.js';
import { HeapTopic, numbersOf } from './support/heap-topic.js';
import { turns } from './support/turns.js';

const SPILLED = 2000;
const LAP = 2 ** 32;

describe('in the corners of a topic', () => {
  let topic: HeapTopic;

  beforeEach(() => {
    topic = HeapTopic.create({ maxProducers: 1 });
  });

  afterEach(() => HeapTopic.killAll());

  it('the name of a spilled message is not used again for who has yet to read its frame', () => {
    // One that was spilled, and about a lane of others; then another publisher, that spills one of the same length.
    for (let others = 150; others < 260; others++) {
      const local = Topic.local({ codec: bytes(), laneBytes: 4096, maxPublishers: 1 });
      const subscriber = local.subscriber({ onSlow: 'drop' });
      const first = local.publisher();
      first.trySend(new Uint8Array(SPILLED).fill(1));
      for (let sent = 0; sent < others; sent++) first.trySend(new Uint8Array(8));
      first.close();
      local.publisher().trySend(new Uint8Array(SPILLED).fill(2));
      const large: number[] = [];
      let received = 0;
      for (let next = subscriber.tryReceive(); next !== undefined; next = subscriber.tryReceive()) {
        received++;
        if (next.value.length === SPILLED) large.push(next.value[0]);
      }
      assert.deepEqual(large.filter((fill) => fill === 2).length, 1, `${others} others: ${large.join()}`);
      assert.equal(received + subscriber.missed, others + 2);
      local.close();
    }
  });

  it('who only tries to send goes on when the subscriber that held it up has died', async () => {
    const other = topic.reopen();
    other.subscriber();
    const publisher = topic.publisher();
    while (publisher.trySend(numbered(1, 100)));
    other.kill();
    while (!publisher.trySend(numbered(2, 100))) await turns(1);
    assert.equal(topic.lost.length, 1);
  });

  it('who waits until everything is read waits no more for one that was evicted', async () => {
    const local = Topic.local({ codec: bytes(), laneBytes: 4096 });
    const subscriber = local.subscriber({ onSlow: 'disconnect' });
    const publisher = local.publisher();
    publisher.trySend(new Uint8Array(900));
    const drained = local.drained();
    for (let sent = 0; sent < 4; sent++) assert.ok(publisher.trySend(new Uint8Array(900)));
    await drained;
    throwsCode(() => subscriber.tryReceive(), 'ERR_RINGWAY_SLOW_SUBSCRIBER');
    local.close();
  });

  it('a subscriber that was evicted while it was paused learns of it', async () => {
    const subscriber = topic.subscriber({ onSlow: 'disconnect' });
    subscriber.pause();
    const receiving = rejectsCode(subscriber.receive(), 'ERR_RINGWAY_SLOW_SUBSCRIBER');
    const publisher = topic.publisher();
    for (let sent = 0; sent < 50; sent++) assert.ok(publisher.trySend(numbered(sent, 100)));
    subscriber.housekeep();
    await receiving;
    assert.ok(subscriber.closed);
  });

  it('nobody is evicted where another subscriber is waited for all the same', () => {
    const [blocks, disconnects] = [topic.subscriber(), topic.subscriber({ onSlow: 'disconnect' })];
    const publisher = topic.publisher();
    while (publisher.trySend(numbered(0, 100)));
    assert.deepEqual(topic.evicted, []);
    assert.ok(numbersOf(blocks).length > 30);
    assert.ok(publisher.trySend(numbered(0, 100)));
    assert.deepEqual(topic.evicted, [disconnects.slot]);
  });

  it('an eviction of long ago does not meet who has the same owner word again', () => {
    const first = topic.subscriber({ onSlow: 'disconnect' });
    const { slot } = first;
    const row = topic.channel.lane(0).row(slot);
    first.close();
    topic.words[row + CURSOR_EVICTED] = topic.channel.slots.owner(slot);
    const subscriber = topic.subscriber();
    assert.equal(subscriber.slot, slot);
    const publisher = topic.publisher();
    let sent = 0;
    while (publisher.trySend(numbered(sent, 100))) sent++;
    assert.deepEqual(
      numbersOf(subscriber),
      Array.from({ length: sent }, (_, number) => number),
    );
  });

  it('a message knows its publisher, also when that has gone, and when the topic is closed', () => {
    const subscriber = topic.subscriber();
    const first = topic.publisher({ label: 'first' });
    first.trySend(numbered(1));
    const before = subscriber.tryReceive();
    first.close();
    topic.publisher({ label: 'second' }).trySend(numbered(2));
    const after = subscriber.tryReceive();
    topic.kill();
    assert.deepEqual([before?.publisher, after?.publisher], ['first', 'second']);
  });

  it('a subscriber that was lapped by exactly 2^32 bytes is told what it missed', () => {
    const subscriber = topic.subscriber({ onSlow: 'drop', gaps: true });
    const publisher = topic.publisher();
    publisher.trySend(numbered(1));
    assert.deepEqual(numbersOf(subscriber), [1]);
    const lane = topic.channel.lane(0);
    const position = lane.longPosition();
    const halves = Math.floor((position + LAP) / 2 ** 31);
    topic.words[lane.base + LANE_HALF_LAPS] = topic.words[lane.base + LANE_INTENT_HALF_LAPS] = halves;
    topic.words[lane.base + LANE_INTENT] = position | 0;
    topic.rows.anchors(lane).store({ position: position + LAP, number: 1001 });
    const gap = subscriber.tryReceive();
    assert.ok(gap instanceof Gap);
    assert.equal(gap.missed, 1000);
    assert.equal(subscriber.tryReceive(), undefined);
  });

  it('whoever takes a lane whose words a stranger wrote walks over it once at most', () => {
    topic.publisher().close();
    const lane = topic.channel.lane(0);
    const reference = { length: SPILLED, creationId: topic.segment.header.creationId, lane: 0, sequence: 7 };
    for (let at = 0; at < lane.capacity; at += 32) {
      lane.frames[at >> 2] = 24;
      lane.frames[(at >> 2) + 1] = 2;
      lane.bytes.set(encodeSpillReference(reference), at + 8);
    }
    let read = 0;
    const { frames } = lane;
    Object.defineProperty(lane, 'frames', {
      value: new Proxy(frames, {
        get: (target, name) => {
          read++;
          const value: unknown = Reflect.get(target, name);
          return value;
        },
      }),
    });
    topic.words[lane.base + LANE_POSITION] = 2000 * lane.capacity;
    topic.words[lane.base + LANE_INTENT] = 0;
    const publisher = topic.publisher();
    assert.ok(read <= (8 * lane.capacity) / 32, `${read} words were read`);
    assert.ok(publisher.trySend(numbered(3)));
  });
});
