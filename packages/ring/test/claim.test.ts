import assert from 'node:assert/strict';
import fc from 'fast-check';

import { BLOCKED, CORRUPT, Claim, LEASED, NOTHING } from '../dist/claim.js';
import {
  FRAME_TYPE,
  IDLE,
  LANE_HALF_LAPS,
  LANE_LEASE,
  LANE_NEXT,
  LANE_POSITION,
  LEASE_FREE,
  ROW_FROM,
  ROW_HANDED,
  ROW_LIVES,
  ROW_TO,
} from '../dist/layout.js';
import { LaneWriter } from '../dist/lane-writer.js';
import { HeapPeer, numbered, numberOf } from './support/heap.js';

/** Frames of {@link numbered} with 8 bytes take 16. */
const FRAME = 16;

describe('a claim', () => {
  let peer: HeapPeer;
  let writer: LaneWriter;
  let sent: number;

  beforeEach(() => {
    peer = HeapPeer.create();
    writer = peer.writer().writer;
    sent = 0;
  });

  afterEach(() => HeapPeer.killAll());

  function publish(count: number): void {
    for (let frame = 0; frame < count; frame++)
      assert.ok(writer.write(FRAME_TYPE.message, undefined, numbered(sent++)));
    writer.publish();
  }

  /** The numbers of the messages that it delivers now. */
  function deliver(claim: Claim, count = claim.waiting): number[] {
    return Array.from({ length: count }, () => contents(claim, claim.deliver()));
  }

  function contents(claim: Claim, number: number): number {
    const start = claim.positions[number & claim.mask] & (claim.lane.capacity - 1);
    return numberOf(claim.lane.bytes, start + 8);
  }

  function lease(): number {
    return peer.words[writer.lane.base + LANE_LEASE];
  }

  function next(): number {
    return peer.words[writer.lane.base + LANE_NEXT];
  }

  it('of an empty lane finds nothing and leaves the lease alone', () => {
    const { claim, me } = peer.claim(0);
    assert.equal(claim.take(me, 8, 0), NOTHING);
    assert.equal(lease(), LEASE_FREE);
  });

  it('takes as many frames as it may, moves next over them and lets the lease go', () => {
    publish(5);
    const { claim, me, row } = peer.claim(0);
    assert.equal(claim.take(me, 3, 0), 3);
    assert.equal(next(), 3 * FRAME);
    assert.deepEqual([peer.words[row + ROW_FROM], peer.words[row + ROW_TO]], [0, 3 * FRAME]);
    assert.equal(lease(), LEASE_FREE);
    assert.deepEqual(deliver(claim), [0, 1, 2]);
  });

  it('of two consumers never holds the same frame', () => {
    publish(6);
    const first = peer.claim(0);
    const second = peer.claim(0);
    first.claim.take(first.me, 2, 0);
    second.claim.take(second.me, 3, 0);
    assert.deepEqual(deliver(first.claim), [0, 1]);
    assert.deepEqual(deliver(second.claim), [2, 3, 4]);
  });

  it('keeps its frames from being overwritten until they are acknowledged', () => {
    publish(2);
    const { claim, me } = peer.claim(0);
    claim.take(me, 8, 0);
    deliver(claim);
    assert.equal(writer.lane.heldBytes(writer.position), 2 * FRAME);
    claim.acknowledge(0);
    assert.equal(writer.lane.heldBytes(writer.position), FRAME);
    claim.acknowledge(1);
    assert.equal(writer.lane.heldBytes(writer.position), 0);
  });

  it('becomes idle when it is used up', () => {
    publish(2);
    const { claim, me, row } = peer.claim(0);
    claim.take(me, 8, 0);
    deliver(claim);
    claim.acknowledgeAll();
    assert.equal(peer.words[row + ROW_FROM], IDLE);
    assert.equal(claim.active, false);
  });

  it('is extended while nobody claimed after it', () => {
    publish(2);
    const { claim, me, row } = peer.claim(0);
    claim.take(me, 8, 0);
    deliver(claim, 1);
    publish(2);
    assert.equal(claim.take(me, 8, 0), 2);
    assert.deepEqual([peer.words[row + ROW_FROM], peer.words[row + ROW_TO]], [0, 4 * FRAME]);
    assert.deepEqual(deliver(claim), [1, 2, 3]);
  });

  it('is not extended over what somebody else claimed', () => {
    publish(3);
    const first = peer.claim(0);
    const second = peer.claim(0);
    first.claim.take(first.me, 1, 0);
    second.claim.take(second.me, 1, 0);
    assert.equal(first.claim.take(first.me, 8, 0), BLOCKED);
    deliver(first.claim);
    first.claim.acknowledgeAll();
    assert.equal(first.claim.take(first.me, 8, 0), 1);
    assert.deepEqual(deliver(first.claim), [2]);
  });

  it('takes no more than it can note, and goes on when some are acknowledged', () => {
    publish(20);
    const { claim, me } = peer.claim(0, 8);
    assert.equal(claim.take(me, 100, 0), 8);
    assert.deepEqual(deliver(claim), [0, 1, 2, 3, 4, 5, 6, 7]);
    assert.equal(claim.take(me, 100, 0), BLOCKED);
    claim.acknowledge(0);
    claim.acknowledge(1);
    assert.equal(claim.take(me, 100, 0), 2);
    assert.deepEqual(deliver(claim), [8, 9]);
  });

  it('that is enlarged keeps what it holds', () => {
    publish(20);
    const { claim, me } = peer.claim(0, 8);
    claim.take(me, 8, 0);
    deliver(claim, 5);
    claim.acknowledge(0);
    claim.acknowledge(3);
    claim.makeRoom(16);
    assert.equal(claim.isOutstanding(3), false);
    assert.equal(claim.isOutstanding(2), true);
    assert.equal(claim.take(me, 100, 0), 9);
    assert.deepEqual(
      deliver(claim),
      Array.from({ length: 12 }, (_, at) => at + 5),
    );
    claim.acknowledge(1);
    claim.acknowledge(2);
    assert.equal(writer.lane.heldBytes(writer.position), 16 * FRAME);
  });

  describe('acknowledged out of order', () => {
    it('moves over what is contiguous', () => {
      publish(4);
      const { claim, me, row } = peer.claim(0);
      claim.take(me, 8, 0);
      deliver(claim);
      const from = (): number => peer.words[row + ROW_FROM];
      assert.equal(claim.acknowledge(2), true);
      assert.equal(claim.acknowledge(1), true);
      assert.equal(from(), 0);
      assert.equal(claim.acknowledge(0), true);
      assert.equal(from(), 3 * FRAME);
      assert.equal(claim.acknowledge(3), true);
      assert.equal(from(), IDLE);
    });

    it('counts each frame once', () => {
      publish(3);
      const { claim, me } = peer.claim(0);
      claim.take(me, 8, 0);
      deliver(claim, 2);
      assert.equal(claim.acknowledge(2), false, 'not delivered yet');
      assert.equal(claim.acknowledge(1), true);
      assert.equal(claim.acknowledge(1), false);
      assert.equal(claim.acknowledge(0), true);
      assert.equal(claim.acknowledge(0), false);
      assert.equal(claim.acknowledge(-1), false);
    });

    it('and then altogether, leaves nothing behind for the next round', () => {
      const { claim, me } = peer.claim(0, 4);
      for (let round = 0; round < 5; round++) {
        publish(4);
        assert.equal(claim.take(me, 8, 0), 4);
        const first = claim.cursor;
        deliver(claim);
        claim.acknowledge(first + 2);
        claim.acknowledgeAll();
        assert.equal(claim.active, false);
        assert.equal(writer.lane.heldBytes(writer.position), 0);
      }
    });
  });

  it('gives frames back to those that wait', () => {
    publish(3);
    const { claim, me } = peer.claim(0);
    claim.take(me, 8, 0);
    deliver(claim, 2);
    claim.undeliver(1);
    claim.acknowledgeAll();
    assert.deepEqual(deliver(claim), [1, 2]);
  });

  it('passes over control frames and frames of unknown types, which count for nothing', () => {
    writer.write(FRAME_TYPE.control, undefined, new Uint8Array(0));
    writer.write(200, undefined, new Uint8Array(24));
    publish(1);
    const { claim, me } = peer.claim(0);
    assert.equal(claim.take(me, 8, 0), 3);
    assert.equal(claim.passOver(claim.deliver()), true);
    assert.equal(claim.passOver(claim.deliver()), true);
    const number = claim.deliver();
    assert.equal(claim.passOver(number), false);
    assert.equal(contents(claim, number), 0);
    claim.acknowledgeAll();
    assert.equal(claim.active, false);
  });

  it('goes on over the end of the numbers', () => {
    for (const start of [2 ** 31 - 40 * FRAME, -40 * FRAME]) {
      const { lane } = peer.writer();
      for (const word of [LANE_POSITION, LANE_NEXT]) peer.words[lane.base + word] = start;
      peer.words[lane.base + LANE_HALF_LAPS] = start < 0 ? 1 : 0;
      writer = new LaneWriter(lane, peer.words, peer.channel.doorbells);
      sent = 0;
      const { claim, me } = peer.claim(lane.index);
      for (let round = 0; round < 20; round++) {
        publish(5);
        assert.equal(claim.take(me, 8, 0), 5);
        assert.deepEqual(
          deliver(claim),
          [0, 1, 2, 3, 4].map((at) => at + 5 * round),
        );
        claim.acknowledgeAll();
        assert.equal(lane.heldBytes(lane.position), 0);
      }
    }
  });

  describe('meets a lease', () => {
    it('of somebody who lives, and leaves it to him', () => {
      publish(1);
      const first = peer.claim(0);
      const second = peer.claim(0);
      peer.words[writer.lane.base + LANE_LEASE] = first.me;
      assert.equal(second.claim.take(second.me, 8, 0), LEASED);
      assert.equal(lease(), first.me);
    });

    it('of somebody who is past, and takes it', () => {
      publish(1);
      const first = peer.claim(0);
      const second = peer.claim(0);
      peer.words[writer.lane.base + LANE_LEASE] = first.me;
      peer.channel.slots.free(first.slot);
      assert.equal(second.claim.take(second.me, 8, 0), 1);
    });

    it('that names nobody who could be, and takes it', () => {
      const { claim, me } = peer.claim(0);
      for (const garbage of [-1, 0xfff, 0x7ffffff0, me ^ (1 << 12)]) {
        publish(1);
        peer.words[writer.lane.base + LANE_LEASE] = garbage;
        assert.equal(claim.take(me, 8, 0), 1, `lease ${garbage}`);
      }
    });
  });

  describe('of a lane that was written by a stranger', () => {
    function corrupt(name: string, change: (lane: number, frames: Int32Array) => void): void {
      it(`finds it corrupt: ${name}`, () => {
        publish(2);
        const { claim, me, row } = peer.claim(0);
        change(writer.lane.base, writer.lane.frames);
        assert.equal(claim.take(me, 8, 0), CORRUPT);
        assert.equal(lease(), LEASE_FREE);
        assert.equal(claim.waiting, 0);
        assert.equal(peer.words[row + ROW_FROM], IDLE);
      });
    }

    corrupt('a length beyond what is published', (_, frames) => (frames[0] = 4096));
    corrupt('a negative length', (_, frames) => (frames[0] = -1));
    corrupt('an unknown type', (_, frames) => (frames[1] = 77));
    corrupt('flags that nobody sets', (_, frames) => (frames[1] = 1 | (2 << 8)));
    corrupt('metadata longer than the frame', (_, frames) => (frames[1] = 1 | (1 << 8) | (800 << 16)));
    corrupt('a position behind what is claimed', (base) => (peer.words[base + LANE_POSITION] = -8));
    corrupt('a position more than a lane ahead', (base) => (peer.words[base + LANE_POSITION] = 4096 + 8));
    corrupt('a position that is not aligned', (base) => (peer.words[base + LANE_POSITION] = 33));
    corrupt('a next that is not aligned', (base) => (peer.words[base + LANE_NEXT] = 3));
    corrupt('a next ahead of the position', (base) => (peer.words[base + LANE_NEXT] = 64));

    it('takes what is whole before the first bad frame', () => {
      publish(3);
      writer.lane.frames[(2 * FRAME) >> 2] = -1;
      const { claim, me } = peer.claim(0);
      assert.equal(claim.take(me, 8, 0), 2);
      assert.deepEqual(deliver(claim), [0, 1]);
      claim.acknowledgeAll();
      assert.equal(claim.take(me, 8, 0), CORRUPT);
    });
  });

  it('rings somebody when it leaves frames behind, and nobody when it took all', () => {
    const sleeper = peer.claim(0);
    const worker = peer.claim(0);
    publish(3);
    peer.channel.doorbells.announce(sleeper.slot);
    const before = peer.rung(sleeper.slot);
    worker.claim.take(worker.me, 2, 0);
    assert.equal(peer.rung(sleeper.slot), before + 1);
    peer.channel.doorbells.announce(sleeper.slot);
    worker.claim.take(worker.me, 2, 0);
    assert.equal(peer.rung(sleeper.slot), before + 1);
  });

  it('rings nobody for a lane that is out of use, or its sleepers would wake each other for ever', () => {
    const sleeper = peer.claim(0);
    const worker = peer.claim(0);
    publish(3);
    writer.lane.quarantine();
    peer.channel.doorbells.announce(sleeper.slot);
    const before = peer.rung(sleeper.slot);
    assert.equal(worker.claim.take(worker.me, 8, 0), NOTHING);
    assert.equal(peer.rung(sleeper.slot), before);
  });

  describe('of a dead consumer', () => {
    /** One who claims some messages, acknowledges some of them, hands out some more, and is killed. */
    function dies(claimed: number, acknowledged: number, handed = 0): number {
      const dying = peer.reopen();
      const { claim, me, slot } = dying.claim(0);
      claim.take(me, claimed, 0);
      for (let count = 0; count < acknowledged; count++) claim.hand(claim.deliver());
      claim.acknowledgeAll();
      for (let count = 0; count < handed; count++) claim.hand(claim.deliver());
      dying.kill();
      return slot;
    }

    /** One who adopts it, hands out the first so many messages, acknowledges some of those, and is killed. */
    function diesAdopting(slot: number, handed: number, acknowledged = 0): void {
      const dying = peer.reopen();
      const claim = dying.claimOf(0, slot);
      assert.ok(claim.adopt() && claim.note());
      for (let count = 0; count < handed; count++) claim.hand(claim.deliver());
      for (let number = 0; number < acknowledged; number++) claim.acknowledge(number);
      dying.kill();
    }

    /** How often the messages of its claim may have been handed out before, as its next adopter sees it. */
    function earlier(slot: number): number[] {
      const claim = peer.claimOf(0, slot);
      assert.ok(claim.adopt() && claim.note());
      return Array.from({ length: claim.waiting }, () => claim.earlierDeliveries(claim.deliver()));
    }

    it('is adopted from where it was acknowledged without a gap', () => {
      publish(5);
      const adopted = peer.claimOf(0, dies(4, 1));
      assert.equal(adopted.adopt(), true);
      assert.equal(adopted.note(), true);
      assert.deepEqual(deliver(adopted), [1, 2, 3]);
      adopted.acknowledgeAll();
      assert.equal(adopted.active, false);
      assert.deepEqual(peer.froms(0), [IDLE, 0, 0]);
    });

    it('suspects the messages that were handed out, and none that was only claimed', () => {
      publish(5);
      assert.deepEqual(earlier(dies(4, 1, 2)), [1, 1, 0]);
    });

    it('suspects none when none was handed out', () => {
      publish(5);
      assert.deepEqual(earlier(dies(4, 0)), [0, 0, 0, 0]);
      assert.deepEqual(earlier(dies(1, 0)), [0]);
    });

    it('suspects none of what follows a claim that was used up', () => {
      publish(4);
      const dying = peer.reopen();
      const { claim, me, slot } = dying.claim(0);
      claim.take(me, 2, 0);
      claim.hand(claim.deliver());
      claim.hand(claim.deliver());
      claim.acknowledgeAll();
      claim.take(me, 2, 0);
      dying.kill();
      assert.deepEqual(earlier(slot), [0, 0]);
    });

    it('counts each life in which messages were handed out, and none in which they were not', () => {
      publish(3);
      const slot = dies(3, 0, 1);
      assert.deepEqual(earlier(slot), [1, 0, 0]);
      diesAdopting(slot, 1);
      diesAdopting(slot, 0);
      diesAdopting(slot, 1);
      assert.deepEqual(earlier(slot), [3, 0, 0]);
    });

    it('begins anew with the messages behind those that were suspected', () => {
      publish(4);
      const slot = dies(4, 0, 1);
      diesAdopting(slot, 1);
      assert.deepEqual(earlier(slot), [2, 0, 0, 0]);
      diesAdopting(slot, 2, 1);
      assert.deepEqual(earlier(slot), [1, 0, 0]);
    });

    it('counts what stands in the row only where it can be: in the claim, and once at least', () => {
      publish(3);
      const slot = dies(3, 0, 1);
      const row = peer.channel.lane(0).row(slot);
      peer.words[row + ROW_LIVES] = -5;
      assert.deepEqual(earlier(slot), [1, 0, 0]);
      for (const garbage of [3, -8, peer.words[row + ROW_TO], peer.words[row + ROW_TO] + 8]) {
        peer.words[row + ROW_HANDED] = garbage;
        assert.deepEqual(earlier(slot), [0, 0, 0]);
      }
    });

    it('is noted piece by piece when it is longer than the adopter can note', () => {
      publish(10);
      const dying = peer.reopen();
      const large = dying.claim(0, 16);
      large.claim.take(large.me, 10, 0);
      dying.kill();
      const adopted = peer.claimOf(0, large.slot, 4);
      assert.equal(adopted.adopt(), true);
      const found: number[] = [];
      for (let round = 0; round < 10 && adopted.active; round++) {
        assert.equal(adopted.note(), true);
        found.push(...deliver(adopted));
        adopted.acknowledgeAll();
      }
      assert.deepEqual(found, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      assert.equal(writer.lane.heldBytes(writer.position), 0);
    });

    it('that holds nothing is cleared instead', () => {
      publish(1);
      const adopted = peer.claimOf(0, dies(1, 1));
      assert.equal(adopted.adopt(), false);
    });

    it('whose row is garbage is cleared instead', () => {
      publish(2);
      const slot = dies(2, 0);
      const row = writer.lane.row(slot);
      for (const [from, to] of [
        [3, 19],
        [0, 0x7ffffff8],
        [16, 0],
        [0, 12],
      ]) {
        peer.words[row + ROW_FROM] = from;
        peer.words[row + ROW_TO] = to;
        assert.equal(peer.claimOf(0, slot).adopt(), false, `${from} to ${to}`);
        assert.equal(peer.words[row + ROW_FROM], IDLE);
      }
    });

    it('whose frames are none is told by note', () => {
      publish(2);
      const slot = dies(2, 0);
      writer.lane.frames[0] = -1;
      const adopted = peer.claimOf(0, slot);
      adopted.adopt();
      assert.equal(adopted.note(), false);
    });
  });

  describe('whose holder stopped inside the lease', () => {
    /** As far as Q1 went before it stopped, in the order of its stores. */
    const STEPS = ['leased', 'to', 'from', 'next', 'released'] as const;

    /** Stores what Q1 stores, up to and with `step`, for the first two frames. */
    function stopAt(step: (typeof STEPS)[number], me: number, row: number): void {
      const done = STEPS.indexOf(step);
      const base = writer.lane.base;
      peer.words[base + LANE_LEASE] = me;
      if (done >= 1) peer.words[row + ROW_TO] = 2 * FRAME;
      if (done >= 2) peer.words[row + ROW_FROM] = 0;
      if (done >= 3) peer.words[base + LANE_NEXT] = 2 * FRAME;
      if (done >= 4) peer.words[base + LANE_LEASE] = LEASE_FREE;
    }

    for (const step of STEPS) {
      it(`after "${step}" is repaired so that each frame has exactly one consumer`, () => {
        publish(3);
        const dying = peer.claim(0);
        stopAt(step, dying.me, dying.row);
        for (let times = 0; times < 2; times++) {
          Claim.repairLease(peer.words, writer.lane, dying.slot, dying.me, peer.channel.doorbells);
          assert.equal(lease(), LEASE_FREE);
        }
        const adopted = peer.claimOf(0, dying.slot);
        const found: number[] = [];
        if (adopted.adopt()) {
          adopted.note();
          found.push(...deliver(adopted));
        }
        const other = peer.claim(0);
        other.claim.take(other.me, 8, 0);
        found.push(...deliver(other.claim));
        assert.deepEqual(found.sort(), [0, 1, 2]);
      });
    }

    it('to extend a claim is repaired so that each frame has exactly one consumer', () => {
      for (const moved of [false, true]) {
        peer.kill();
        peer = HeapPeer.create();
        writer = peer.writer().writer;
        sent = 0;
        publish(3);
        const dying = peer.claim(0);
        dying.claim.take(dying.me, 1, 0);
        peer.words[writer.lane.base + LANE_LEASE] = dying.me;
        peer.words[dying.row + ROW_TO] = 2 * FRAME;
        if (moved) peer.words[writer.lane.base + LANE_NEXT] = 2 * FRAME;
        Claim.repairLease(peer.words, writer.lane, dying.slot, dying.me, peer.channel.doorbells);
        assert.equal(next(), 2 * FRAME);
        const adopted = peer.claimOf(0, dying.slot);
        adopted.adopt();
        adopted.note();
        const other = peer.claim(0);
        other.claim.take(other.me, 8, 0);
        assert.deepEqual([deliver(adopted), deliver(other.claim)], [[0, 1], [2]]);
      }
    });

    it('is left alone where the lease is somebody else’s', () => {
      publish(3);
      const first = peer.claim(0);
      const second = peer.claim(0);
      peer.words[writer.lane.base + LANE_LEASE] = second.me;
      Claim.repairLease(peer.words, writer.lane, first.slot, first.me, peer.channel.doorbells);
      assert.equal(lease(), second.me);
    });

    it('rings somebody for the frames that it leaves', () => {
      publish(3);
      const sleeper = peer.claim(0);
      const dying = peer.claim(0);
      peer.words[writer.lane.base + LANE_LEASE] = dying.me;
      peer.channel.doorbells.announce(sleeper.slot);
      const before = peer.rung(sleeper.slot);
      Claim.repairLease(peer.words, writer.lane, dying.slot, dying.me, peer.channel.doorbells);
      assert.equal(peer.rung(sleeper.slot), before + 1);
    });
  });

  it('of several consumers, in any order of taking and acknowledging, gives each message to one, in order', () => {
    const step = fc.record({
      do: fc.constantFrom('publish' as const, 'take' as const, 'deliver' as const, 'acknowledge' as const),
      who: fc.nat(2),
      count: fc.integer({ min: 1, max: 5 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), fc.constantFrom(0, 2 ** 31 - 512, -512), (steps, start) => {
        const own = HeapPeer.create();
        const { lane } = own.writer();
        for (const word of [LANE_POSITION, LANE_NEXT]) own.words[lane.base + word] = start;
        own.words[lane.base + LANE_HALF_LAPS] = start < 0 ? 1 : 0;
        const out = new LaneWriter(lane, own.words, own.channel.doorbells);
        const consumers = [own.claim(0), own.claim(0), own.claim(0)].map((each) => ({
          ...each,
          held: [] as number[],
          last: -1,
        }));
        const unclaimed: number[] = [];
        const acknowledged = new Set<number>();
        let number = 0;
        for (const { do: what, who, count } of steps) {
          const consumer = consumers[who];
          const { claim } = consumer;
          if (what === 'publish') {
            for (let sending = 0; sending < count; sending++) {
              if (!out.write(FRAME_TYPE.message, undefined, numbered(number))) break;
              unclaimed.push(number++);
            }
            out.publish();
          } else if (what === 'take') {
            const taken = claim.take(consumer.me, count, 0);
            assert.ok(taken === NOTHING || taken === BLOCKED || taken > 0);
            assert.ok(taken <= count);
            consumer.held.push(...unclaimed.splice(0, taken));
          } else if (what === 'deliver' && claim.waiting > 0) {
            const place = claim.deliver();
            const at = claim.positions[place & claim.mask] & (lane.capacity - 1);
            const message = numberOf(lane.bytes, at + 8);
            assert.ok(consumer.held.includes(message), 'a message that it claimed');
            assert.ok(message > consumer.last, 'in order');
            consumer.last = message;
          } else if (what === 'acknowledge' && claim.outstanding > 0) {
            const place = claim.cursor - 1 - ((count - 1) % claim.outstanding);
            const at = claim.positions[place & claim.mask] & (lane.capacity - 1);
            const message = numberOf(lane.bytes, at + 8);
            if (claim.acknowledge(place)) {
              assert.ok(!acknowledged.has(message));
              acknowledged.add(message);
            } else assert.ok(acknowledged.has(message));
          }
          const open = Array.from({ length: number }, (_, at) => at).filter((at) => !acknowledged.has(at));
          const floor = open.length === 0 ? number : open[0];
          assert.ok(lane.heldBytes(lane.position) <= (number - floor) * FRAME);
          for (const message of open) {
            const at = (start + message * FRAME) & (lane.capacity - 1);
            assert.equal(numberOf(lane.bytes, at + 8), message, 'still there');
          }
        }
        own.kill();
      }),
      { numRuns: 150 },
    );
  });
});
