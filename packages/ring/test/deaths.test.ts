import assert from 'node:assert/strict';

import { Queue, bytes } from '@ringway/ring';
import { Segment } from '@ringway/memory';
import { type Peer, SLOT_STATE } from '@ringway/sync';

import { type Channel, layoutOf } from '../dist/channel.js';
import { IDLE, KIND_QUEUE, LANE_LEASE, ROW_FROM, ROW_TO } from '../dist/layout.js';
import type { Received } from './fixtures/protocol.js';
import { channelOf, Child, cleanUp, keep, objectsOf, queueName, SMALL } from './support/process.js';
import { Outcome, PATIENCE_MS, TEST_MS, turns, within } from './support/turns.js';
import { looksForTheDead, lostTo, witness } from './support/witness.js';

function numbers(received: Received[]): number[] {
  return received.map(({ number }) => number);
}

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}

describe('between processes', function () {
  this.timeout(TEST_MS);
  let name: string;

  beforeEach(() => {
    name = queueName();
  });

  afterEach(cleanUp);

  const peer = (...roles: ('producer' | 'consumer')[]): Promise<Child> => Child.member(name, ...roles);

  it('messages go from one to the other, whole and in order', async () => {
    const [sender, receiver] = await Promise.all([peer('producer'), peer('consumer')]);
    const draining = receiver.ask<Received[]>({ do: 'drain' });
    await sender.ask({ do: 'send', first: 0, count: 2000, bytes: 100 });
    await sender.ask({ do: 'send', first: 2000, count: 3, bytes: 100_000 });
    await sender.ask({ do: 'end' });
    const received = await draining;
    assert.deepEqual(numbers(received), range(0, 2003));
    assert.ok(received.every(({ whole, redelivered }) => whole && !redelivered));
    await sender.ask({ do: 'close' });
    await receiver.ask({ do: 'close' });
    Queue.unlink(name);
    assert.deepEqual(objectsOf(name), []);
  });

  describe('SIGKILL', () => {
    it('of a consumer with a claim: another one gets what it had not acknowledged, and is told so', async () => {
      const [sender, victim, survivor] = [await peer('producer'), await peer('consumer'), await peer('consumer')];
      await sender.ask({ do: 'send', first: 0, count: 10 });
      assert.deepEqual(numbers(await victim.ask<Received[]>({ do: 'receive', count: 2 })), [0, 1]);
      await victim.ask({ do: 'receive', count: 3, keep: true });
      const receiving = survivor.ask<Received[]>({ do: 'receive', count: 8 });
      await victim.kill();
      const received = await within(PATIENCE_MS, 'adoption', receiving);
      assert.deepEqual(numbers(received), range(2, 8));
      assert.ok(received.every(({ redelivered }) => redelivered));
      // It had 2, 3 and 4 in hand; the others it had claimed at most.
      assert.deepEqual(
        received.map(({ attempts }) => attempts),
        [2, 2, 2, 1, 1, 1, 1, 1],
      );
    });

    it('of a consumer is told to who waits, once, with slot, label and process', async () => {
      const survivor = await peer('consumer');
      const waiting = new Outcome(survivor.ask({ do: 'receive', count: 1 }));
      const victim = await Child.peer(name);
      await victim.ask({ do: 'open' });
      const slot = await victim.ask<number>({ do: 'consumer', options: { label: 'doomed' } });
      await victim.kill();
      const lost = await within(PATIENCE_MS, 'peer-lost', survivor.hears('peer-lost'));
      assert.deepEqual(lost, { slot, label: 'doomed', pid: victim.pid, role: 1 });
      await looksForTheDead(name, survivor, waiting);
      assert.deepEqual(lostTo(survivor), [lost], 'once');
      const sender = await peer('producer');
      await sender.ask({ do: 'send', first: 0, count: 1 });
      await within(PATIENCE_MS, 'the message', waiting.done);
      assert.equal(waiting.error, undefined);
    });

    it('of a consumer is told to a producer that waits for room', async () => {
      const [sender, victim] = [await peer('producer'), await peer('consumer')];
      const flooding = new Outcome(sender.ask({ do: 'flood', bytes: 1000 }));
      await victim.ask({ do: 'receive', count: 1, keep: true });
      await victim.kill();
      const lost = await within(PATIENCE_MS, 'peer-lost', sender.hears('peer-lost'));
      assert.equal((lost as Peer).pid, victim.pid);
      await sender.ask({ do: 'halt' });
      await flooding.done;
    });

    it('of a consumer is told to who waits for the drain', async () => {
      const [sender, victim] = [await peer('producer'), await peer('consumer')];
      await sender.ask({ do: 'send', first: 0, count: 2 });
      await victim.ask({ do: 'receive', count: 1, keep: true });
      const queue = keep(Queue.open(name, { codec: bytes() }));
      const lost = new Promise<Peer>((resolve) => queue.once('peer-lost', resolve));
      const draining = new Outcome(queue.drained());
      await victim.kill();
      assert.equal((await within(PATIENCE_MS, 'peer-lost', lost)).pid, victim.pid);
      queue.close();
      await draining.done;
    });

    it('of a consumer between its last acknowledgement and its wake-up does not leave the drain waiting', async () => {
      const [sender, victim] = [await peer('producer'), await peer('consumer')];
      await sender.ask({ do: 'send', first: 0, count: 1 });
      await victim.ask({ do: 'receive', count: 1, keep: true });
      const queue = keep(Queue.open(name, { codec: bytes() }));
      const draining = new Outcome(queue.drained());
      const there = channelOf(name);
      const { words } = there;
      const slots = range(0, there.layout.consumers);
      const victims = slots.filter((slot) => (words[there.lane(0).row(slot) + ROW_FROM] & 7) === 0);
      // What the acknowledgement stores; the victim dies before it tells anybody.
      for (const slot of victims) Atomics.store(words, there.lane(0).row(slot) + ROW_FROM, IDLE);
      await victim.kill();
      await within(PATIENCE_MS, 'drained', draining.done);
      assert.equal(draining.error, undefined);
    });

    it('of an adopter: the next one adopts in its turn, and says how often', async () => {
      const [sender, first] = [await peer('producer'), await peer('consumer')];
      await sender.ask({ do: 'send', first: 0, count: 3 });
      await first.ask({ do: 'receive', count: 1, keep: true });
      const second = await peer('consumer');
      const adopting = second.ask<Received[]>({ do: 'receive', count: 1, keep: true });
      await first.kill();
      assert.equal((await within(PATIENCE_MS, 'adoption', adopting))[0].attempts, 2);
      const third = await peer('consumer');
      const again = third.ask<Received[]>({ do: 'receive', count: 3 });
      await second.kill();
      const received = await within(PATIENCE_MS, 'second adoption', again);
      assert.deepEqual(
        received.map(({ number, attempts }) => [number, attempts]),
        [
          [0, 3],
          [1, 1],
          [2, 1],
        ],
      );
    });

    it('of a producer leaves what it sent, and its lane to the next of its label', async () => {
      const [victim, receiver] = [await peer(), await peer('consumer')];
      await victim.ask({ do: 'producer', options: { label: 'shop' } });
      await victim.ask({ do: 'send', first: 0, count: 5 });
      await victim.kill();
      const successor = await peer();
      await successor.ask({ do: 'producer', options: { label: 'shop' } });
      await successor.ask({ do: 'send', first: 5, count: 5 });
      assert.deepEqual(numbers(await receiver.ask<Received[]>({ do: 'receive', count: 10 })), range(0, 10));
      assert.equal(channelOf(name).lanesHigh, 1);
    });

    it('of a producer while it spills loses nothing that it was told, and leaves nothing behind', async () => {
      const receiver = await peer('consumer');
      for (let round = 0; round < 5; round++) {
        const victim = await peer();
        await victim.ask({ do: 'producer', options: { label: 'large' } });
        const flooding = new Outcome(victim.ask({ do: 'flood', bytes: 50_000 }));
        const some = await receiver.ask<Received[]>({ do: 'receive', count: 5 + round });
        assert.ok(some.every(({ whole, bytes: length }) => whole && length === 50_000));
        await victim.kill();
        await flooding.done;
      }
      const last = await peer();
      await last.ask({ do: 'producer', options: { label: 'large' } });
      const draining = receiver.ask<Received[]>({ do: 'drain' });
      await last.ask({ do: 'send', first: 0, count: 1, bytes: 50_000 });
      await last.ask({ do: 'end' });
      assert.ok((await within(PATIENCE_MS, 'drain', draining)).every(({ whole }) => whole));
      await receiver.ask({ do: 'close' });
      await last.ask({ do: 'close' });
      Queue.unlink(name);
      assert.deepEqual(objectsOf(name), []);
    });

    it('of a consumer inside a lease: the lane goes on when it is dead, and not before', async () => {
      const [sender, victim, survivor] = [await peer('producer'), await peer('consumer'), await peer('consumer')];
      const there = channelOf(name);
      const slot = slotOf(there, victim);
      const lane = there.lane(0);
      Atomics.store(there.words, lane.base + LANE_LEASE, there.slots.owner(slot));
      const receiving = new Outcome(survivor.ask<Received[]>({ do: 'receive', count: 3 }));
      victim.process.kill('SIGSTOP');
      await sender.ask({ do: 'send', first: 0, count: 3 });
      await looksForTheDead(name, survivor, receiving);
      assert.equal(receiving.settled, false, 'stopped is not dead: its lease stands');
      assert.equal(Atomics.load(there.words, lane.base + LANE_LEASE), there.slots.owner(slot));
      await victim.kill();
      await within(PATIENCE_MS, 'the lane', receiving.done);
      assert.deepEqual(numbers(receiving.value ?? []), [0, 1, 2]);
      assert.ok(
        receiving.value?.every(({ redelivered }) => !redelivered),
        'it had claimed nothing',
      );
    });

    it('of a consumer in the middle of a claim: what it had announced is its claim', async () => {
      const [sender, victim, survivor] = [await peer('producer'), await peer('consumer'), await peer('consumer')];
      await sender.ask({ do: 'send', first: 0, count: 4 });
      const there = channelOf(name);
      const slot = slotOf(there, victim);
      const lane = there.lane(0);
      // The control frame of 16 bytes and the first message of 24, announced; `next` not yet moved.
      Atomics.store(there.words, lane.base + LANE_LEASE, there.slots.owner(slot));
      Atomics.store(there.words, lane.row(slot) + ROW_TO, 40);
      Atomics.store(there.words, lane.row(slot) + ROW_FROM, 0);
      const receiving = survivor.ask<Received[]>({ do: 'receive', count: 4 });
      await victim.kill();
      const received = await within(PATIENCE_MS, 'the lane', receiving);
      assert.deepEqual(received.map(({ number, redelivered }) => [number, redelivered]).sort(), [
        [0, true],
        [1, false],
        [2, false],
        [3, false],
      ]);
    });

    it('of those who join, at any moment, leaves no slot lost', async () => {
      const survivor = await peer('producer', 'consumer');
      for (let round = 0; round < 6; round++) {
        const victims = await Promise.all([Child.peer(name), Child.peer(name)]);
        for (const victim of victims) {
          await victim.ask({ do: 'open' });
          const joining = [
            new Outcome(victim.ask({ do: 'consumer' })),
            new Outcome(victim.ask({ do: 'producer' })),
            new Outcome(victim.ask({ do: 'flood' })),
          ];
          if (round % 2 === 0) await joining[0].done;
          await victim.kill();
          await Promise.all(joining.map(({ done }) => done));
        }
      }
      // Abandoned lanes are taken again once everything in them is acknowledged.
      const swallowing = survivor.ask({ do: 'swallow' });
      await within(PATIENCE_MS, 'the drain', keep(Queue.open(name, { codec: bytes() })).drained());
      await survivor.ask({ do: 'halt' });
      await swallowing;
      for (const role of ['consumer', 'producer'] as const) {
        const queue = keep(Queue.open(name, { codec: bytes() }));
        const joined = range(0, 3).map(() => queue[role]());
        for (const each of joined) each.close();
      }
    });
  });

  /** The consumer slot of a child. */
  function slotOf(there: Channel, child: Child): number {
    const slot = range(0, there.layout.consumers).find(
      (each) => there.slots.state(each) === SLOT_STATE.live && there.slots.peer(each).pid === child.pid,
    );
    assert.ok(slot !== undefined);
    return slot;
  }

  it('SIGSTOP is not death: who is stopped while others look for the dead goes on where he was', async () => {
    const [sender, stopped, other] = [await peer('producer'), await peer('consumer'), await peer('consumer')];
    await sender.ask({ do: 'send', first: 0, count: 2 });
    await stopped.ask({ do: 'receive', count: 2, keep: true });
    const receiving = new Outcome(other.ask<Received[]>({ do: 'receive', count: 1 }));
    stopped.process.kill('SIGSTOP');
    await looksForTheDead(name, other, receiving);
    assert.equal(receiving.settled, false);
    assert.deepEqual(lostTo(other), []);
    stopped.process.kill('SIGCONT');
    await stopped.ask({ do: 'acknowledge' });
    await sender.ask({ do: 'send', first: 2, count: 1 });
    await within(PATIENCE_MS, 'receive', receiving.done);
    assert.deepEqual(numbers(receiving.value ?? []), [2]);
  });

  it('a producer that is stopped holds up nobody else', async () => {
    const [stopped, sender, receiver] = [await peer('producer'), await peer('producer'), await peer('consumer')];
    await stopped.ask({ do: 'send', first: 100, count: 1 });
    stopped.process.kill('SIGSTOP');
    await sender.ask({ do: 'send', first: 0, count: 500 });
    const received = await within(PATIENCE_MS, 'receive', receiver.ask<Received[]>({ do: 'receive', count: 501 }));
    assert.deepEqual(
      numbers(received).sort((a, b) => a - b),
      [...range(0, 500), 100].sort((a, b) => a - b),
    );
    stopped.process.kill('SIGCONT');
  });

  it('a queue that is unlinked while it is used goes on, says so, and a newcomer gets another one', async () => {
    const [sender, receiver] = [await peer('producer'), await peer('consumer')];
    assert.equal(Queue.unlink(name), true);
    await within(PATIENCE_MS, 'unlinked', sender.hears('unlinked'));
    await within(PATIENCE_MS, 'unlinked', receiver.hears('unlinked'));
    await sender.ask({ do: 'send', first: 0, count: 3 });
    const newcomer = await peer('producer', 'consumer');
    await newcomer.ask({ do: 'send', first: 100, count: 1 });
    assert.deepEqual(numbers(await newcomer.ask<Received[]>({ do: 'receive', count: 1 })), [100]);
    assert.deepEqual(numbers(await receiver.ask<Received[]>({ do: 'receive', count: 3 })), [0, 1, 2]);
    await assert.rejects(sender.ask({ do: 'producer' }), { code: 'ERR_RINGWAY_UNLINKED' });
  });

  it('a message that is kept for long is told as held', async () => {
    const [sender, holder] = [await peer('producer'), await peer('consumer')];
    await sender.ask({ do: 'send', first: 0, count: 1 });
    await holder.ask({ do: 'receive', count: 1, keep: true });
    const queue = keep(Queue.open(name, { codec: bytes(), heldWarningMs: 100 }));
    const held = new Promise<{ lane: number; pid: number; bytes: number }>((resolve) => queue.once('held', resolve));
    queue.producer();
    const told = await within(PATIENCE_MS, 'held', held);
    assert.equal(told.lane, 0);
    assert.equal(told.pid, holder.pid);
    assert.ok(told.bytes > 0);
  });

  it('a queue opened by two handles of one process is shared by both, and neither adopts the other', async () => {
    const one = keep(Queue.open<Uint8Array>(name, { codec: bytes(), ...SMALL }));
    const two = keep(Queue.open<Uint8Array>(name, { codec: bytes() }));
    const lost: number[] = [];
    for (const queue of [one, two]) queue.on('peer-lost', ({ pid }) => lost.push(pid));
    const producer = one.producer({ idle: 'park' });
    const [first, second] = [two.consumer({ idle: 'park' }), one.consumer({ idle: 'park' })];
    await producer.send(new Uint8Array([1]));
    const held = await first.receive();
    const waiting = new Outcome(second.receive());
    const looked = new Promise((resolve) => one.once('peer-lost', resolve));
    const doomed = await witness(name);
    await within(PATIENCE_MS, 'a look for the dead', looked);
    // What else it finds at that look, it has found by the next turn.
    await turns(2);
    assert.equal(waiting.settled, false);
    assert.deepEqual(lost, [doomed]);
    two.close();
    await within(PATIENCE_MS, 'the handover', waiting.done);
    assert.deepEqual([waiting.value?.id, waiting.value?.redelivered], [held?.id, true]);
    assert.deepEqual(lost, [doomed], 'a handover is no loss');
  });

  it('two consumers of one handle share the work, and neither adopts the other', async () => {
    const queue = keep(Queue.open<Uint8Array>(name, { codec: bytes(), ...SMALL }));
    const lost: number[] = [];
    queue.on('peer-lost', ({ pid }) => lost.push(pid));
    const consumers = [queue.consumer({ prefetch: 1, idle: 'park' }), queue.consumer({ prefetch: 1, idle: 'park' })];
    const producer = queue.producer();
    for (const number of [1, 2]) await producer.send(new Uint8Array([number]));
    const held = await Promise.all(consumers.map((consumer) => consumer.receive({ timeout: PATIENCE_MS })));
    assert.deepEqual(held.map((delivery) => delivery?.value[0]).sort(), [1, 2]);
    const waiting = consumers.map((consumer) => new Outcome(consumer.receive()));
    const looked = new Promise((resolve) => queue.once('peer-lost', resolve));
    const doomed = await witness(name);
    await within(PATIENCE_MS, 'a look for the dead', looked);
    // What else it finds at that look, it has found by the next turn.
    await turns(2);
    assert.ok(waiting.every(({ settled }) => !settled));
    assert.deepEqual(lost, [doomed]);
  });

  it('the layout that a stranger computes is the one that is used', async () => {
    await peer('producer');
    const segment = keep(Segment.open(name, { kind: KIND_QUEUE }));
    assert.equal(layoutOf(segment.header, name).laneBytes, SMALL.laneBytes);
  });
});
