import assert from 'node:assert/strict';

import { numbered } from './support/heap.js';
import { HeapTopic, numbersOf, range } from './support/heap-topic.js';

const LANE_BYTES = 4096;

describe('a subscriber with history', () => {
  let topic: HeapTopic;

  beforeEach(() => {
    topic = HeapTopic.create();
  });

  afterEach(() => HeapTopic.killAll());

  for (const onSlow of ['block', 'drop', 'disconnect'] as const) {
    it(`and onSlow '${onSlow}' begins with exactly the last so many of each publisher, and goes on`, () => {
      const publishers = [topic.publisher(), topic.publisher()];
      for (const number of range(0, 40)) publishers[0].trySend(numbered(number));
      for (const number of range(100, 103)) publishers[1].trySend(numbered(number));
      const subscriber = topic.subscriber({ history: 5, onSlow });
      publishers[0].trySend(numbered(40));
      assert.deepEqual(numbersOf(subscriber), [...range(35, 41), ...range(100, 103)]);
      assert.equal(subscriber.missed, 0);
    });
  }

  it('begins with fewer where they were overwritten, and these are the last ones', () => {
    const publisher = topic.publisher();
    for (const laps of [1, 2, 7, 50]) {
      const first = laps * 1000;
      const count = Math.round((laps * LANE_BYTES) / 64);
      for (const number of range(first, first + count)) assert.ok(publisher.trySend(numbered(number, 56)));
      const subscriber = topic.subscriber({ history: 1_000_000 });
      const numbers = numbersOf(subscriber);
      assert.deepEqual(numbers.slice(-20), range(first + count - 20, first + count));
      // A lane less what may be overwritten just now, and less where no anchor stands.
      assert.ok(numbers.length >= (LANE_BYTES / 64) * 0.8, `${numbers.length} of ${LANE_BYTES / 64}`);
      assert.ok(numbers.length <= LANE_BYTES / 64);
      assert.equal(subscriber.missed, 0);
      subscriber.close();
    }
  });

  it('begins with exactly as many as were asked for, for every number of them that is there', () => {
    const publisher = topic.publisher();
    for (const number of range(0, 1000)) publisher.trySend(numbered(number, (number * 37) % 90));
    for (const history of range(0, 40)) {
      const subscriber = topic.subscriber({ history });
      assert.deepEqual(numbersOf(subscriber), range(1000 - history, 1000));
      subscriber.close();
    }
  });

  it('gets what a publisher has left that has closed, ended, or is dead', () => {
    const other = topic.reopen();
    const dead = other.publisher();
    dead.trySend(numbered(1));
    const closed = topic.publisher();
    closed.trySend(numbered(2));
    closed.close();
    const third = topic.publisher();
    third.trySend(numbered(3));
    other.kill();
    assert.deepEqual(numbersOf(topic.subscriber({ history: 9 })).sort(), [1, 2, 3]);
  });

  it('counts through the lives of a lane', () => {
    for (const life of range(0, 5)) {
      const publisher = topic.publisher();
      for (const number of range(life * 3, life * 3 + 3)) publisher.trySend(numbered(number));
      publisher.close();
    }
    assert.deepEqual(numbersOf(topic.subscriber({ history: 7 })), range(8, 15));
  });

  it('that is waited for holds up publishers from the first one on', () => {
    const publisher = topic.publisher();
    for (const number of range(0, 20)) publisher.trySend(numbered(number));
    const subscriber = topic.subscriber({ history: 20 });
    let last = 20;
    while (publisher.trySend(numbered(last))) last++;
    assert.deepEqual(numbersOf(subscriber), range(0, last));
    assert.ok(publisher.trySend(numbered(last)));
  });

  it("and onSlow 'disconnect' is not disconnected for what was there before it came", () => {
    const publisher = topic.publisher();
    for (const number of range(0, 120)) publisher.trySend(numbered(number, 24));
    const subscriber = topic.subscriber({ history: 100, onSlow: 'disconnect' });
    let last = 120;
    while (last < 200) assert.ok(publisher.trySend(numbered(last++, 24)));
    assert.deepEqual(topic.evicted, []);
    const numbers = numbersOf(subscriber);
    assert.deepEqual(numbers, range(numbers[0], last));
    assert.ok(numbers[0] <= 120);
  });
});
