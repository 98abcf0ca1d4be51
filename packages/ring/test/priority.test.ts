import assert from 'node:assert/strict';
import { Queue, text, type Consumer, type Producer } from '@ringway/ring';

describe('the priority of a producer', () => {
  let queue: Queue<string>;
  let consumer: Consumer<string>;

  beforeEach(() => {
    queue = Queue.local({ codec: text(), laneBytes: 4096, maxProducers: 4 });
    consumer = queue.consumer({ prefetch: 4 });
  });

  afterEach(() => {
    queue.close();
  });

  function sending(priority: number | undefined, ...values: string[]): Producer<string> {
    const producer = queue.producer({ priority });
    for (const value of values) assert.ok(producer.trySend(value));
    return producer;
  }

  function received(most = Infinity): string[] {
    const found: string[] = [];
    while (found.length < most) {
      const delivery = consumer.tryReceive();
      if (delivery === undefined) break;
      found.push(delivery.value);
      delivery.ack();
    }
    return found;
  }

  it('decides which messages come first, whoever came first', () => {
    sending(-1, 'low 1', 'low 2');
    sending(undefined, 'usual 1', 'usual 2');
    sending(7, 'high 1', 'high 2');
    assert.deepEqual(received(), ['high 1', 'high 2', 'usual 1', 'usual 2', 'low 1', 'low 2']);
  });

  it('goes before what a consumer has claimed, and not handed out', () => {
    const usual = sending(0, '1', '2', '3', '4');
    assert.deepEqual(received(1), ['1']);
    sending(1, 'urgent');
    assert.deepEqual(received(), ['urgent', '2', '3', '4']);
    usual.trySend('5');
    assert.deepEqual(received(), ['5']);
  });

  it('leaves those of the same priority in turn', () => {
    sending(3, 'a1', 'a2', 'a3');
    sending(3, 'b1', 'b2', 'b3');
    sending(0, 'c');
    const one = queue.consumer({ prefetch: 1 });
    consumer.close();
    consumer = one;
    assert.deepEqual(received(), ['a1', 'b1', 'a2', 'b2', 'a3', 'b3', 'c']);
  });

  it('starves nobody', () => {
    sending(0, 'patient');
    const high = sending(1, 'high');
    let others = 0;
    for (let value = received(1)[0]; value !== 'patient'; value = received(1)[0]) {
      others++;
      assert.ok(others < 64, 'it does not come');
      high.trySend('high');
    }
    assert.ok(others > 0);
  });

  it('holds for poll, too, and for a lane that another one takes', () => {
    sending(5, 'first').close();
    sending(1, 'second');
    const seen: string[] = [];
    const poll = (): number =>
      consumer.poll((bytes, offset, length) => seen.push(Buffer.from(bytes.slice(offset, offset + length)).toString()));
    while (poll() > 0);
    sending(0, 'last');
    sending(2, 'now');
    while (poll() > 0);
    assert.deepEqual(seen, ['first', 'second', 'now', 'last']);
  });

  it('is a whole number from -1000 to 1000', () => {
    for (const priority of [1.5, NaN, 1001, -1001, '1' as unknown as number]) {
      assert.throws(() => queue.producer({ priority }), RangeError);
    }
  });
});
