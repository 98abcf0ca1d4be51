import assert from 'node:assert/strict';

import { Gap } from '../dist/message.js';
import { throwsCode } from './support/codes.js';
import { numbered, numberOf } from './support/heap.js';
import { HeapTopic, numbersOf, range } from './support/heap-topic.js';

const LONG = 10_000;
/** So many of them stay behind a publisher: eight lanes' bytes. */
const KEPT = 3;

describe('messages of a topic that are larger than a frame', () => {
  let topic: HeapTopic;

  beforeEach(() => {
    topic = HeapTopic.create();
  });

  afterEach(() => HeapTopic.killAll());

  const objects = (): string[] => topic.segment.attachments.list('');

  it('come to all who are waited for, and their objects go but for the last few', () => {
    const subscribers = [topic.subscriber(), topic.subscriber({ onSlow: 'disconnect' })];
    const publisher = topic.publisher();
    let sent = 0;
    for (let round = 0; round < 10; round++) {
      const before = sent;
      while (sent < before + 30 && publisher.trySend(numbered(sent, LONG))) sent++;
      for (const subscriber of subscribers) assert.deepEqual(numbersOf(subscriber), range(before, sent));
    }
    assert.deepEqual(topic.evicted, []);
    publisher.housekeep();
    assert.equal(objects().length, KEPT);
    for (let count = 0; count < 500; count++) {
      publisher.trySend(numbered(0));
      for (const subscriber of subscribers) numbersOf(subscriber);
    }
    publisher.housekeep();
    assert.deepEqual(objects(), []);
  });

  it('are counted where they went before they were read', () => {
    const subscriber = topic.subscriber({ onSlow: 'drop', gaps: true });
    const publisher = topic.publisher();
    const publish = (from: number, to: number): void => {
      for (const number of range(from, to)) publisher.trySend(numbered(number, number % 2 === 0 ? LONG : 40));
    };
    publish(0, 30);
    assert.ok(objects().length <= KEPT + 1);
    let expected = 0;
    let delivered = 0;
    for (let next = subscriber.tryReceive(); next !== undefined; next = subscriber.tryReceive()) {
      if (next instanceof Gap) expected += next.missed;
      else {
        assert.equal(numberOf(next.value), expected++);
        delivered++;
      }
    }
    assert.equal(expected, 30);
    assert.equal(delivered + subscriber.missed, 30);
    assert.ok(delivered >= 15 + KEPT);
    publish(30, 1000);
    const rest = numbersOf(subscriber).length;
    assert.equal(delivered + rest + subscriber.missed, 1000);
  });

  it('come with the history as far as their objects are there, also of dead publishers, and are not missed where not', () => {
    const process = topic.reopen();
    const publisher = process.publisher({ label: 'shop' });
    for (const number of range(0, 8)) publisher.trySend(numbered(number, LONG));
    process.kill();
    for (const onSlow of ['block', 'disconnect'] as const) {
      const subscriber = topic.subscriber({ history: 8, onSlow });
      const numbers = numbersOf(subscriber);
      assert.deepEqual(numbers, range(8 - numbers.length, 8));
      assert.ok(numbers.length >= KEPT);
      assert.equal(subscriber.missed, 0);
      subscriber.close();
    }
    assert.deepEqual(topic.gaps, []);
    const drops = topic.subscriber({ history: 8, onSlow: 'drop' });
    assert.equal(numbersOf(drops).length + drops.missed, 8);
    // Who goes on in the lane keeps them, and gives no other message their names.
    const next = topic.publisher({ label: 'shop' });
    next.trySend(numbered(8, LONG));
    const late = numbersOf(topic.subscriber({ history: 3 }));
    assert.deepEqual(late, range(9 - late.length, 9));
    assert.ok(late.length >= KEPT);
  });

  it('stay while a subscriber that is waited for has yet to read them', () => {
    const subscriber = topic.subscriber();
    const publisher = topic.publisher();
    for (const number of range(0, 20)) assert.ok(publisher.trySend(numbered(number, LONG)));
    assert.equal(objects().length, 20);
    assert.deepEqual(numbersOf(subscriber), range(0, 20));
  });

  it('whose objects somebody has removed are an error for who is waited for, once', () => {
    const subscriber = topic.subscriber();
    const publisher = topic.publisher();
    publisher.trySend(numbered(1, LONG));
    for (const object of objects()) topic.segment.attachments.remove(object);
    publisher.trySend(numbered(2));
    throwsCode(() => subscriber.tryReceive(), 'ERR_RINGWAY_CORRUPT_LANE');
    assert.deepEqual(numbersOf(subscriber), [2]);
  });

  for (const how of ['receive', 'poll'] as const) {
    it(`whose objects somebody has cut are an error, once, by ${how}`, () => {
      const subscriber = topic.subscriber();
      const publisher = topic.publisher();
      publisher.trySend(numbered(1, LONG));
      for (const object of objects()) {
        topic.segment.attachments.remove(object);
        topic.segment.attachments.create(object, [numbered(1, LONG / 2)]);
      }
      publisher.trySend(numbered(2));
      throwsCode(
        () => (how === 'receive' ? subscriber.tryReceive() : subscriber.poll(() => undefined)),
        'ERR_RINGWAY_CORRUPT_SEGMENT',
      );
      assert.deepEqual(numbersOf(subscriber), [2]);
    });
  }

  it('are not taken for others that have got their names since', () => {
    const reader = topic.reopen();
    const subscriber = reader.subscriber({ onSlow: 'drop', gaps: true });
    let process = topic.reopen();
    const first = process.publisher({ label: 'shop' });
    assert.ok(first.trySend(numbered(0, LONG)));
    const { attachments } = reader.segment;
    const read = attachments.read.bind(attachments);
    let sent = 1;
    // The reader has copied the frame, and is stopped here. Meanwhile the lane is overwritten, and then another publisher spills.
    attachments.read = (suffix, length) => {
      attachments.read = read;
      for (; sent < 1000; sent++) assert.ok(first.trySend(numbered(sent)));
      process.kill();
      process = topic.reopen();
      assert.ok(process.publisher({ label: 'shop' }).trySend(numbered(sent++, LONG)));
      return read(suffix, length);
    };
    let expected = 0;
    for (let next = subscriber.tryReceive(); next !== undefined; next = subscriber.tryReceive()) {
      if (next instanceof Gap) expected += next.missed;
      else assert.equal(numberOf(next.value), expected++);
    }
    assert.equal(expected, sent);
  });
});
