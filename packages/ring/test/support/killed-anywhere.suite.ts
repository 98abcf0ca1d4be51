import assert from 'node:assert/strict';

import { CORRUPT, type Claim } from '../../dist/claim.js';
import type { Delivery } from '../../dist/delivery.js';
import type { Producer } from '../../dist/producer.js';
import { HeapPeer, SMALL, numbered, numberOf } from './heap.js';
import { atEveryAccess, stoppedAfter } from './crash.js';

const SPILLED = 2000;
/** Fewest accesses of a scenario: if it were less, it would not have been run. */
const SOME = 20;

interface Got {
  readonly number: number;
  readonly redelivered: boolean;
}

/** Every scenario is run once for each atomic access that the victim makes, and the victim is killed before that access. */
describe('a process that is killed before any of its accesses to shared memory', () => {
  let peers: HeapPeer[] = [];

  function create(options = SMALL): HeapPeer {
    const peer = HeapPeer.create(options);
    peers.push(peer);
    return peer;
  }

  function reopen(peer: HeapPeer): HeapPeer {
    const other = peer.reopen();
    peers.push(other);
    return other;
  }

  function over(): void {
    for (const peer of peers) peer.kill();
    peers = [];
  }

  afterEach(over);

  function sendAll(peer: HeapPeer, numbers: number[], label = ''): void {
    const producer = peer.producer({ label });
    for (const number of numbers) assert.ok(producer.trySend(message(number)));
    producer.close();
  }

  /** Every fifth one is spilled. */
  function message(number: number): Uint8Array {
    return numbered(number, number % 5 === 4 ? SPILLED : 8);
  }

  /** A newcomer receives everything that is there. */
  function drain(peer: HeapPeer): Got[] {
    const consumer = reopen(peer).consumer();
    const got: Got[] = [];
    for (let delivery = consumer.tryReceive(); delivery !== undefined; delivery = consumer.tryReceive()) {
      got.push(gotOf(delivery));
      delivery.ack();
    }
    consumer.close();
    return got;
  }

  function gotOf(delivery: Delivery<Uint8Array>): Got {
    const number = numberOf(delivery.value);
    assert.deepEqual(delivery.value, message(number), 'whole');
    return { number, redelivered: delivery.redelivered };
  }

  /** After everybody has left, nothing may be held, and somebody new must find a working queue. */
  function assertClean(peer: HeapPeer): void {
    const fresh = reopen(peer);
    sendAll(fresh, [100]);
    assert.deepEqual(drain(fresh), [{ number: 100, redelivered: false }]);
    const last = reopen(peer);
    last.consumer().close();
    last.producer().close();
    assert.equal(last.channel.isDrained(), true);
    assert.deepEqual(peer.segment.attachments.list(''), [], 'spilled messages are gone');
    for (let slot = 0; slot < last.channel.layout.slotCount; slot++) {
      assert.equal(last.channel.slots.state(slot), 0, `slot ${slot} is free`);
    }
  }

  it('a producer: what it was told is sent arrives whole, once, in order; nothing else does', () => {
    const accesses = atEveryAccess((limit) => {
      const peer = create();
      const victim = reopen(peer);
      let told = 0;
      const stopped = stoppedAfter(limit, () => {
        const producer: Producer<Uint8Array> = victim.producer({ label: 'victim' });
        for (let number = 0; number < 7; number++) {
          if (producer.trySend(message(number))) told = number + 1;
        }
        void producer.end().catch((error: unknown) => {
          if (!stopped) throw error;
        });
      });
      victim.kill();
      const got = drain(peer);
      const expected = Array.from({ length: got.length }, (_, number) => ({ number, redelivered: false }));
      assert.deepEqual(got, expected);
      assert.ok(got.length === told || got.length === told + 1, `${told} were told, ${got.length} came`);
      assertClean(peer);
      over();
      return stopped;
    });
    assert.ok(accesses > SOME);
  });

  it('a producer that goes on in the lane of a dead one', () => {
    atEveryAccess((limit) => {
      const peer = create();
      const first = reopen(peer);
      const before = first.producer({ label: 'shop' });
      for (const number of [0, 1, 2, 3, 4]) before.trySend(message(number));
      first.kill();
      const victim = reopen(peer);
      let told = 5;
      const stopped = stoppedAfter(limit, () => {
        const producer = victim.producer({ label: 'shop' });
        for (let number = 5; number < 10; number++) if (producer.trySend(message(number))) told = number + 1;
      });
      victim.kill();
      const third = reopen(peer);
      third.producer({ label: 'shop' }).trySend(message(90));
      const got = drain(peer).map(({ number }) => number);
      assert.equal(got.pop(), 90, 'the third goes on after both');
      assert.deepEqual(
        got,
        Array.from({ length: got.length }, (_, number) => number),
      );
      assert.ok(got.length === told || got.length === told + 1, `${told} were told, ${got.length} came`);
      third.kill();
      over();
      return stopped;
    });
  });

  /** Runs a consumer that is stopped; what it handled and what a newcomer got must be everything, and twice only as redelivered. */
  function consumerScenario(
    use: (peer: HeapPeer, handled: (got: Got) => void, acked: (number: number) => void) => void,
    before: (peer: HeapPeer) => void = () => undefined,
    options = SMALL,
  ): number {
    const count = 12;
    return atEveryAccess((limit) => {
      const peer = create(options);
      const half = count / 2;
      sendAll(
        reopen(peer),
        Array.from({ length: half }, (_, at) => at),
      );
      sendAll(
        reopen(peer),
        Array.from({ length: half }, (_, at) => at + half),
      );
      before(peer);
      const victim = reopen(peer);
      const handled: Got[] = [];
      const acked = new Set<number>();
      const stopped = stoppedAfter(limit, () => {
        use(
          victim,
          (got) => handled.push(got),
          (number) => acked.add(number),
        );
      });
      victim.kill();
      const got = drain(peer);
      const all = new Set([...handled, ...got].map(({ number }) => number));
      assert.equal(
        all.size,
        count,
        `missing: ${Array.from({ length: count }, (_, at) => at)
          .filter((at) => !all.has(at))
          .join()}`,
      );
      const seen = new Set(handled.map(({ number }) => number));
      for (const { number, redelivered } of got) {
        assert.ok(!seen.has(number) || redelivered, `${number} twice, and not said so`);
        assert.ok(!acked.has(number), `${number} was acknowledged, and came again`);
        seen.add(number);
      }
      for (const fresh of [true, false]) {
        const numbers = got.filter(({ redelivered }) => redelivered !== fresh).map(({ number }) => number);
        for (const low of [true, false]) {
          const lane = numbers.filter((number) => number < half === low);
          assert.deepEqual(
            lane,
            [...lane].sort((a, b) => a - b),
            'in order per producer',
          );
        }
      }
      assertClean(peer);
      over();
      return stopped;
    });
  }

  it('a consumer that receives and acknowledges one by one', () => {
    const accesses = consumerScenario((peer, handled, acked) => {
      const consumer = peer.consumer({ prefetch: 2 });
      for (let delivery = consumer.tryReceive(); delivery !== undefined; delivery = consumer.tryReceive()) {
        handled(gotOf(delivery));
        delivery.ack();
        acked(numberOf(delivery.value));
      }
      consumer.close();
    });
    assert.ok(accesses > SOME);
  });

  it('a consumer that acknowledges out of order, and extends its claims', () => {
    const accesses = consumerScenario((peer, handled) => {
      const consumer = peer.consumer({ prefetch: 3 });
      const waiting: Delivery<Uint8Array>[] = [];
      for (let delivery = consumer.tryReceive(); delivery !== undefined; delivery = consumer.tryReceive()) {
        handled(gotOf(delivery));
        waiting.push(delivery);
        if (waiting.length > 2) waiting.splice(1, 1)[0].ack();
      }
      for (const delivery of waiting.reverse()) delivery.ack();
      consumer.close();
    });
    assert.ok(accesses > SOME);
  });

  it('a consumer that polls in place', () => {
    const accesses = consumerScenario((peer, handled) => {
      const consumer = peer.consumer({ prefetch: 4 });
      while (
        consumer.poll((bytes, offset, length, redelivered) => {
          assert.ok(length >= 8);
          handled({ number: numberOf(bytes, offset), redelivered });
        }, 2) > 0
      );
      consumer.close();
    });
    assert.ok(accesses > SOME);
  });

  it('a consumer that leaves with messages unacknowledged', () => {
    const accesses = consumerScenario((peer, handled) => {
      const consumer = peer.consumer({ prefetch: 4 });
      for (let count = 0; count < 3; count++) {
        const delivery = consumer.tryReceive();
        if (delivery === undefined) break;
        handled(gotOf(delivery));
      }
      consumer.close();
    });
    assert.ok(accesses > SOME);
  });

  /** A consumer dies with claims on both lanes, in both of which something is acknowledged. */
  function leaveClaims(peer: HeapPeer): void {
    const dying = reopen(peer);
    const consumer = dying.consumer({ prefetch: 3 });
    for (let count = 0; count < 6; count++) consumer.tryReceive();
    dying.kill();
  }

  /** What {@link leaveClaims} claimed may come as new or again to the victim: it never was handled. */
  it('a consumer that works the claims of a dead one', () => {
    const accesses = consumerScenario((peer, handled, acked) => {
      const consumer = peer.consumer({ prefetch: 2 });
      for (let delivery = consumer.tryReceive(); delivery !== undefined; delivery = consumer.tryReceive()) {
        handled(gotOf(delivery));
        delivery.ack();
        acked(numberOf(delivery.value));
      }
      consumer.close();
    }, leaveClaims);
    assert.ok(accesses > SOME);
  });

  it('a consumer that joins in the place of a dead one, because there is no other', () => {
    const accesses = consumerScenario(
      (peer, handled, acked) => {
        const consumer = peer.consumer({ prefetch: 2 });
        for (let delivery = consumer.tryReceive(); delivery !== undefined; delivery = consumer.tryReceive()) {
          handled(gotOf(delivery));
          delivery.ack();
          acked(numberOf(delivery.value));
        }
        consumer.close();
      },
      leaveClaims,
      { ...SMALL, maxConsumers: 1 },
    );
    assert.ok(accesses > SOME);
  });

  it('a producer that finds a dead consumer, and repairs but does not work what he left', () => {
    atEveryAccess((limit) => {
      const peer = create();
      sendAll(reopen(peer), [0, 1, 2, 3, 4, 5, 6, 7]);
      leaveClaims(peer);
      const victim = reopen(peer);
      const stopped = stoppedAfter(limit, () => victim.producer().close());
      victim.kill();
      const got = drain(peer).map(({ number }) => number);
      assert.deepEqual([...new Set(got)].sort(), [0, 1, 2, 3, 4, 5, 6, 7]);
      assert.equal(got.length, 8);
      assertClean(peer);
      over();
      return stopped;
    });
  });

  it('a consumer that gives the memory of drained lanes back', () => {
    atEveryAccess((limit) => {
      const peer = create();
      sendAll(reopen(peer), [0, 1, 4]);
      const worker = reopen(peer);
      const consumer = worker.consumer();
      for (let delivery = consumer.tryReceive(); delivery !== undefined; delivery = consumer.tryReceive())
        delivery.ack();
      const victim = reopen(peer);
      const stopped = stoppedAfter(limit, () => victim.consumer().close());
      victim.kill();
      worker.kill();
      assert.deepEqual(drain(peer), []);
      assertClean(peer);
      over();
      return stopped;
    });
  });

  describe('and one that is only interrupted, and goes on', () => {
    /** Takes and delivers until there is nothing left. */
    function takeAll(claim: Claim, me: number): number[] {
      const found: number[] = [];
      for (let idle = 0; idle < 3;) {
        if (claim.unnoted) assert.equal(claim.note(), true);
        else if (claim.waiting === 0) {
          const taken = claim.take(me, 8, 0);
          assert.notEqual(taken, CORRUPT);
          idle = taken > 0 ? 0 : idle + 1;
        }
        while (claim.waiting > 0) {
          const number = claim.deliver();
          found.push(
            numberOf(claim.lane.bytes, (claim.positions[number & claim.mask] & (claim.lane.capacity - 1)) + 8),
          );
        }
        claim.acknowledgeAll();
      }
      return found;
    }

    for (const extending of [false, true]) {
      it(`a consumer in the middle of ${extending ? 'extending a' : 'a new'} claim has each frame once`, () => {
        const accesses = atEveryAccess((limit) => {
          const peer = create();
          const { writer } = peer.writer();
          const publish = (first: number, count: number): void => {
            for (let number = first; number < first + count; number++) writer.write(1, undefined, numbered(number));
            writer.publish();
          };
          const { claim, me } = peer.claim(0);
          const other = peer.claim(0);
          // So that the claim begins somewhere else than where the last one ended.
          publish(0, 2);
          claim.take(me, 1, 0);
          claim.deliver();
          claim.acknowledgeAll();
          other.claim.take(other.me, 1, 0);
          other.claim.deliver();
          other.claim.acknowledgeAll();
          publish(2, 4);
          const found: number[] = [];
          if (extending) {
            claim.take(me, 1, 0);
            found.push(2);
            claim.deliver();
          }
          const stopped = stoppedAfter(limit, () => claim.take(me, 2, 0));
          found.push(...takeAll(claim, me));
          assert.deepEqual(found, [2, 3, 4, 5]);
          assert.equal(peer.channel.isDrained(), true);
          over();
          return stopped;
        });
        assert.ok(accesses > 2);
      });
    }
  });
});
