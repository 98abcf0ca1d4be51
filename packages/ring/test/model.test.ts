import assert from 'node:assert/strict';
import fc from 'fast-check';

import type { Consumer, Delivery, Producer } from '@ringway/ring';

import { HeapPeer, numbered, numberOf } from './support/heap.js';

const RUNS = 1000;

const OPERATIONS = [
  'join producer',
  'join consumer',
  'send',
  'receive',
  'poll',
  'acknowledge',
  'close producer',
  'close consumer',
  'kill producer',
  'kill consumer',
] as const;

interface Sender {
  readonly peer: HeapPeer;
  readonly producer: Producer<Uint8Array>;
}

interface Receiver {
  readonly peer: HeapPeer;
  readonly consumer: Consumer<Uint8Array>;
  readonly held: Delivery<Uint8Array>[];
}

/** A queue as a plain list: each message is waiting, with somebody, or done. */
class Model {
  readonly sent: number[] = [];
  readonly done = new Set<number>();
  /** Given to somebody at some time: a second time must say so. */
  readonly given = new Set<number>();

  give(delivery: { number: number; redelivered: boolean }): void {
    const { number, redelivered } = delivery;
    assert.ok(this.sent.includes(number), `${number} was never sent`);
    assert.ok(!this.done.has(number), `${number} was acknowledged, and came again`);
    assert.ok(!this.given.has(number) || redelivered, `${number} came twice, and did not say so`);
    this.given.add(number);
  }
}

describe('a queue behaves as a plain list', () => {
  afterEach(() => HeapPeer.killAll());

  it('whatever producers and consumers do, in whatever order they come, leave and die', () => {
    const step = fc.record({
      do: fc.constantFrom(...OPERATIONS),
      who: fc.nat(7),
      size: fc.integer({ min: 4, max: 1500 }),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 150 }), (steps) => {
        const observer = HeapPeer.create({ laneBytes: 4096, maxProducers: 3, maxConsumers: 3 });
        const model = new Model();
        const senders: Sender[] = [];
        const receivers: Receiver[] = [];
        const peers: HeapPeer[] = [observer];
        const pick = <E>(list: E[], who: number): E | undefined =>
          list.length === 0 ? undefined : list[who % list.length];
        const drop = <E>(list: E[], item: E): void => void list.splice(list.indexOf(item), 1);
        const attempt = (join: () => void, code: string): void => {
          try {
            join();
          } catch (error) {
            assert.equal((error as { code?: string }).code, code, String((error as Error).stack));
          }
        };
        for (const { do: what, who, size } of steps) {
          const sender = pick(senders, who);
          const receiver = pick(receivers, who);
          if (what === 'join producer') {
            const peer = observer.reopen();
            peers.push(peer);
            attempt(() => {
              senders.push({ peer, producer: peer.producer({ label: who < 4 ? 'shop' : '' }) });
            }, 'ERR_RINGWAY_TOO_MANY_PRODUCERS');
          } else if (what === 'join consumer') {
            const peer = observer.reopen();
            peers.push(peer);
            attempt(() => {
              receivers.push({ peer, consumer: peer.consumer({ prefetch: 1 + who }), held: [] });
            }, 'ERR_RINGWAY_TOO_MANY_CONSUMERS');
          } else if (what === 'send' && sender !== undefined) {
            const number = model.sent.length;
            if (sender.producer.trySend(numbered(number, size))) model.sent.push(number);
          } else if (what === 'receive' && receiver !== undefined) {
            const delivery = receiver.consumer.tryReceive();
            if (delivery === undefined) continue;
            model.give({ number: numberOf(delivery.value), redelivered: delivery.redelivered });
            receiver.held.push(delivery);
          } else if (what === 'poll' && receiver !== undefined) {
            receiver.consumer.poll((bytes, offset, _, redelivered) => {
              const number = numberOf(bytes, offset);
              model.give({ number, redelivered });
              // Behind one that is held it is acknowledged with a gap, and may come again.
              if (receiver.held.length === 0) model.done.add(number);
            }, 1 + who);
          } else if (what === 'acknowledge' && receiver !== undefined && receiver.held.length > 0) {
            const [delivery] = receiver.held.splice(who % receiver.held.length, 1);
            delivery.ack();
            // Only what is acknowledged without a gap is known to be over should it die.
            if (receiver.held.every((other) => other.id.split('-')[1] !== delivery.id.split('-')[1])) {
              model.done.add(numberOf(delivery.value));
            }
          } else if ((what === 'close producer' || what === 'kill producer') && sender !== undefined) {
            if (what === 'close producer') sender.producer.close();
            sender.peer.kill();
            drop(senders, sender);
          } else if ((what === 'close consumer' || what === 'kill consumer') && receiver !== undefined) {
            if (what === 'close consumer') receiver.consumer.close();
            receiver.peer.kill();
            drop(receivers, receiver);
          }
        }
        for (const { peer } of receivers) peer.kill();
        const last = observer.reopen();
        peers.push(last);
        const consumer = last.consumer();
        for (let delivery = consumer.tryReceive(); delivery !== undefined; delivery = consumer.tryReceive()) {
          const number = numberOf(delivery.value);
          model.give({ number, redelivered: delivery.redelivered });
          delivery.ack();
          model.done.add(number);
        }
        assert.deepEqual(
          model.sent.filter((number) => !model.given.has(number)),
          [],
          'lost',
        );
        assert.equal(last.channel.isDrained(), true);
        for (const peer of peers.reverse()) peer.kill();
      }),
      { numRuns: RUNS },
    );
  });
});
