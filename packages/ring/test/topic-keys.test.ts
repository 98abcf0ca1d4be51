import assert from 'node:assert/strict';

import { bytes, type Codec } from '../dist/codec.js';
import { numbered, numberOf } from './support/heap.js';
import { HeapTopic, numbersOf, range } from './support/heap-topic.js';

describe('a subscriber that wants keys', () => {
  let topic: HeapTopic;

  beforeEach(() => {
    topic = HeapTopic.create();
  });

  afterEach(() => HeapTopic.killAll());

  /** Counts what it decodes. */
  class Counting implements Codec<Uint8Array> {
    readonly name = 'bytes';
    readonly encode = (value: Uint8Array): Uint8Array => value;
    decoded = 0;
    readonly decode = (message: Uint8Array): Uint8Array => {
      this.decoded++;
      return bytes().decode(message);
    };
  }

  it('gets those with one of them, and nothing else is decoded', () => {
    const codec = new Counting();
    const subscriber = topic.subscriber({ keys: ['a', 'b'] }, codec);
    const publisher = topic.publisher();
    for (const [number, key] of ['a', 'c', undefined, 'b', 'ab', 'a'].entries()) {
      publisher.trySend(numbered(number), key === undefined ? undefined : { key });
    }
    publisher.trySend(numbered(6), { headers: { a: 'a' } });
    assert.deepEqual(numbersOf(subscriber), [0, 3, 5]);
    assert.equal(codec.decoded, 3);
    assert.equal(subscriber.missed, 0);
  });

  it('finds keys that are not ASCII, by their bytes', () => {
    const wanted = ['é', '日本', '\u{1f600}', 'x'.repeat(255)];
    const subscriber = topic.subscriber({ keys: wanted });
    const publisher = topic.publisher();
    // The second one looks like the first, and is another: a letter and an accent.
    for (const [number, key] of ['é', 'e\u0301', '日本', '日', '\u{1f600}', 'Ã©', wanted[3]].entries()) {
      publisher.trySend(numbered(number), { key });
    }
    assert.deepEqual(numbersOf(subscriber), [0, 2, 4, 6]);
  });

  it('finds them behind other things that a message carries, and in spilled ones', () => {
    const subscriber = topic.subscriber({ keys: ['a'] });
    const publisher = topic.publisher({ timestamps: true });
    const options = { headers: { 'x-long': 'y'.repeat(100) }, ttlMs: 60_000 };
    publisher.trySend(numbered(1), { ...options, key: 'a' });
    publisher.trySend(numbered(2, 10_000), { ...options, key: 'b' });
    publisher.trySend(numbered(3, 10_000), { ...options, key: 'a' });
    assert.deepEqual(numbersOf(subscriber), [1, 3]);
  });

  it('wants nothing where it names none', () => {
    const subscriber = topic.subscriber({ keys: [] });
    topic.publisher().trySend(numbered(1), { key: 'a' });
    assert.deepEqual(numbersOf(subscriber), []);
  });

  it('holds up nobody with what it does not want, once it has looked', () => {
    const subscriber = topic.subscriber({ keys: ['a'] });
    const publisher = topic.publisher();
    for (const number of range(0, 1000)) {
      if (publisher.trySend(numbered(number), { key: 'b' })) continue;
      assert.equal(subscriber.tryReceive(), undefined);
      assert.ok(publisher.trySend(numbered(number), { key: 'b' }));
    }
  });

  it('polls on where the lanes before it have nothing that it wants', () => {
    const subscriber = topic.subscriber({ keys: ['a'] });
    const [one, two, three] = [topic.publisher(), topic.publisher(), topic.publisher()];
    one.trySend(numbered(1), { key: 'b' });
    two.trySend(numbered(2), { key: 'b' });
    three.trySend(numbered(3), { key: 'a' });
    const numbers: number[] = [];
    assert.equal(
      subscriber.poll((message, offset) => numbers.push(numberOf(message, offset))),
      1,
    );
    assert.deepEqual(numbers, [3]);
  });

  it('comes back from a poll though what it does not want never ends', () => {
    const subscriber = topic.subscriber({ keys: ['a'], onSlow: 'drop' });
    const publisher = topic.publisher();
    let sent = 0;
    let looks = 0;
    // Another message comes whenever one was looked at.
    const inherited = Reflect.get(Object.getPrototypeOf(Uint8Array.prototype) as object, 'slice') as () => Uint8Array;
    const slice = function (this: Uint8Array, ...bounds: number[]): Uint8Array {
      if (++looks > 100_000) throw new Error('it never comes back');
      if (publisher.trySend(numbered(sent), { key: 'b' })) sent++;
      return Reflect.apply(inherited, this, bounds) as Uint8Array;
    };
    Object.defineProperty(Uint8Array.prototype, 'slice', { value: slice, configurable: true });
    try {
      publisher.trySend(numbered(sent++), { key: 'b' });
      assert.equal(
        subscriber.poll(() => assert.fail('nothing is wanted')),
        0,
      );
    } finally {
      Reflect.deleteProperty(Uint8Array.prototype, 'slice');
    }
    assert.ok(sent > 1000);
    publisher.trySend(numbered(sent), { key: 'a' });
    assert.deepEqual(numbersOf(subscriber), [sent]);
  });
});
