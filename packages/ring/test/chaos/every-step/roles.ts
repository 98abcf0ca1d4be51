import type { Actor } from './actor.js';
import { HEIRLOOM, MESSAGE_BYTES, SPILLED_BYTES } from './protocol.js';

const LABEL = 'victim';
/** Messages that fill a lane, but for less than two of them; and that overwrite half of it. */
const FILLS_THE_LANE = 19;
const ROUND_THE_LANE = 30;

/** Who joins adopts what the dead have left. */
async function joinAndTakeAll(actor: Actor): Promise<void> {
  const queue = actor.open();
  actor.arm();
  const consumer = queue.consumer({ idle: 'park', prefetch: 4 });
  for (;;) {
    const delivery = actor.record(consumer.tryReceive());
    if (delivery === undefined) break;
    delivery.ack();
  }
  await Promise.resolve();
}

/**
 * What a victim does. Its steps are counted from `arm` on: what stands before it is another role's. Each ends where it has nothing more to do; the rest is left to
 * leaving.
 */
export const ROLES = {
  'join as producer': async (actor: Actor): Promise<void> => {
    actor.arm();
    const producer = actor.open().producer({ label: LABEL });
    await actor.send(producer, 1);
  },

  'join as consumer': async (actor: Actor): Promise<void> => {
    actor.arm();
    const consumer = actor.open().consumer({ idle: 'park' });
    (await actor.take(consumer))?.ack();
  },

  send: async (actor: Actor): Promise<void> => {
    const producer = actor.open().producer({ label: LABEL, idle: 'park' });
    actor.arm();
    await actor.send(producer, 2);
    await producer.sendMany(actor.messages(3));
    actor.allSent();
    producer.cork();
    for (const message of actor.messages(2)) await producer.send(message);
    producer.uncork();
    actor.allSent();
    producer.tryReserve(MESSAGE_BYTES)?.cancel();
    const place = await producer.reserve(MESSAGE_BYTES);
    place.bytes.set(actor.messages(1)[0]);
    place.publish();
    actor.allSent();
    for (const message of actor.messages(1)) await producer.send(message, { headers: { kind: 'last' } });
    actor.allSent();
  },

  'send by ticks': async (actor: Actor): Promise<void> => {
    const producer = actor.open().producer({ label: LABEL, idle: 'park', publish: 'tick' });
    actor.arm();
    for (const message of actor.messages(3)) await producer.send(message);
    await new Promise(setImmediate);
    actor.allSent();
  },

  'wait for room': async (actor: Actor): Promise<void> => {
    const producer = actor.open().producer({ label: LABEL, idle: 'park' });
    actor.fill(producer);
    actor.arm();
    const [message] = actor.messages(1);
    const sent = producer.send(message);
    actor.waits();
    await sent;
    actor.allSent();
  },

  'wait for room, blocking': async (actor: Actor): Promise<void> => {
    const producer = actor.open().producer({ label: LABEL, idle: 'park' });
    actor.fill(producer);
    actor.arm();
    const [message] = actor.messages(1);
    actor.waits();
    producer.sendSync(message);
    actor.allSent();
    await Promise.resolve();
  },

  spill: async (actor: Actor): Promise<void> => {
    const producer = actor.open().producer({ label: LABEL, idle: 'park' });
    await actor.send(producer, 1);
    actor.arm();
    for (let i = 0; i < 3; i++) {
      await actor.send(producer, 1, SPILLED_BYTES);
      // Gives those who read it the time to be through, so that the next one removes it.
      await new Promise(setImmediate);
    }
    await actor.send(producer, 1);
  },

  end: async (actor: Actor): Promise<void> => {
    const queue = actor.open();
    const producer = queue.producer({ label: LABEL, idle: 'park' });
    await actor.send(producer, 2);
    actor.arm();
    await actor.send(producer, 1);
    await producer.end();
    queue.close();
  },

  claim: async (actor: Actor): Promise<void> => {
    const consumer = actor.open().consumer({ idle: 'park', prefetch: 4, closeOnReturn: false });
    actor.arm();
    actor.record(consumer.tryReceive())?.ack();
    const second = actor.record(consumer.tryReceive());
    const third = actor.record(consumer.tryReceive());
    third?.ack();
    second?.ack();
    const kept = actor.record(consumer.tryReceive());
    // The claim is used up and not acknowledged: it is extended.
    const extended = actor.record(consumer.tryReceive());
    extended?.ack();
    kept?.ack();
    consumer.poll((bytes, offset, length, redelivered) => {
      actor.recordBytes(bytes.slice(offset, offset + length), redelivered);
    });
    for (let left = 4; left > 0; left--) actor.record(consumer.tryReceive())?.ack();
    await Promise.resolve();
  },

  park: async (actor: Actor): Promise<void> => {
    const consumer = actor.open().consumer({ idle: 'park' });
    actor.arm();
    for (let message = 0; message < 2; message++) {
      const taken = actor.take(consumer);
      actor.waits();
      (await taken)?.ack();
    }
  },

  'receive, blocking': async (actor: Actor): Promise<void> => {
    const consumer = actor.open().consumer({ idle: 'park' });
    actor.arm();
    actor.waits();
    actor.takeSync(consumer)?.ack();
    await Promise.resolve();
  },

  'hand over': async (actor: Actor): Promise<void> => {
    const queue = actor.open();
    const consumer = queue.consumer({ idle: 'park', prefetch: 4 });
    for (let message = 0; message < 6; message++) {
      const taken = await actor.take(consumer);
      if (message === 0 || message === 2) taken?.ack();
    }
    actor.arm();
    queue.close();
  },

  leave: async (actor: Actor): Promise<void> => {
    const queue = actor.open();
    const producer = queue.producer({ label: LABEL, idle: 'park' });
    const consumer = queue.consumer({ idle: 'park' });
    await actor.send(producer, 1);
    (await actor.take(consumer))?.ack();
    actor.arm();
    consumer.close();
    producer.close();
    queue.close();
  },

  'adopt the dead': joinAndTakeAll,

  'adopt one who held a lease': joinAndTakeAll,

  "take a dead one's slot": joinAndTakeAll,

  'adopt a lane': async (actor: Actor): Promise<void> => {
    const queue = actor.open();
    actor.arm();
    const producer = queue.producer({ label: HEIRLOOM, idle: 'park' });
    await actor.send(producer, 2);
  },

  'reclaim a lane': async (actor: Actor): Promise<void> => {
    const queue = actor.open();
    const consumer = queue.consumer({ idle: 'park' });
    const first = await actor.take(consumer);
    const last = await actor.take(consumer);
    actor.arm();
    first?.ack();
    last?.ack();
    // Who joins looks for what can be given back.
    queue.consumer({ idle: 'park' });
  },

  'wait for the drain': async (actor: Actor): Promise<void> => {
    const queue = actor.open();
    actor.arm();
    const drained = queue.drained();
    actor.waits();
    await drained;
  },

  create: async (actor: Actor): Promise<void> => {
    actor.arm();
    const queue = actor.open();
    const producer = queue.producer({ label: LABEL });
    await actor.send(producer, 1);
    (await actor.take(queue.consumer({ idle: 'park' })))?.ack();
    queue.close();
  },

  'create and remove': async (actor: Actor): Promise<void> => {
    actor.arm();
    const queue = actor.open();
    const producer = queue.producer({ label: LABEL });
    // Not told as sent: what nobody has received dies with the last participant of an ephemeral queue.
    for (const message of actor.messages(1)) await producer.send(message);
    (await actor.take(queue.consumer({ idle: 'park' })))?.ack();
    queue.close();
  },

  unlink: async (actor: Actor): Promise<void> => {
    actor.open();
    actor.arm();
    actor.unlink();
    await Promise.resolve();
  },

  // What is sent back or rejected is nobody's yet, so it is not on record as received.
  'send back': async (actor: Actor): Promise<void> => {
    const consumer = actor.open().consumer({ idle: 'park', prefetch: 2 });
    actor.arm();
    for (let message = 0; message < 3; message++) consumer.tryReceive()?.nack();
    await Promise.resolve();
  },

  reject: async (actor: Actor): Promise<void> => {
    const consumer = actor.openWithLetters().consumer({ idle: 'park', prefetch: 2 });
    actor.arm();
    for (let message = 0; message < 3; message++) consumer.tryReceive()?.reject();
    await Promise.resolve();
  },

  'join as publisher': async (actor: Actor): Promise<void> => {
    actor.arm();
    const publisher = actor.openTopic().publisher({ label: LABEL, idle: 'park' });
    await actor.send(publisher, 1);
  },

  publish: async (actor: Actor): Promise<void> => {
    const publisher = actor.openTopic().publisher({ label: LABEL, idle: 'park' });
    await actor.send(publisher, FILLS_THE_LANE);
    actor.arm();
    await actor.send(publisher, 3);
    await actor.send(publisher, 1, SPILLED_BYTES);
    await actor.send(publisher, 1);
  },

  "go on with a dead publisher's lane": async (actor: Actor): Promise<void> => {
    const topic = actor.openTopic();
    actor.arm();
    const publisher = topic.publisher({ label: HEIRLOOM, idle: 'park' });
    await actor.send(publisher, 2);
  },

  'subscribe, with history': async (actor: Actor): Promise<void> => {
    const topic = actor.openTopic();
    actor.arm();
    const subscriber = topic.subscriber({ onSlow: 'block', history: 4, idle: 'park' });
    actor.readAll(subscriber);
    await Promise.resolve();
  },

  'subscribe, and wait': async (actor: Actor): Promise<void> => {
    const subscriber = actor.openTopic().subscriber({ onSlow: 'block', idle: 'park' });
    actor.arm();
    for (let message = 0; message < 2; message++) {
      const read = actor.read(subscriber);
      actor.waits();
      await read;
    }
  },

  'be lapped': async (actor: Actor): Promise<void> => {
    const topic = actor.openTopic();
    const subscriber = topic.subscriber({ onSlow: 'drop', idle: 'park' });
    const publisher = topic.publisher({ label: LABEL, idle: 'park' });
    await actor.send(publisher, ROUND_THE_LANE);
    actor.arm();
    actor.readAll(subscriber);
    if (subscriber.missed === 0) throw new Error('nothing was missed');
  },

  'be disconnected': async (actor: Actor): Promise<void> => {
    const topic = actor.openTopic();
    const subscriber = topic.subscriber({ onSlow: 'disconnect', idle: 'park' });
    const publisher = topic.publisher({ label: LABEL, idle: 'park' });
    await actor.send(publisher, ROUND_THE_LANE);
    actor.arm();
    if (actor.readAll(subscriber)) throw new Error('it was not disconnected');
  },

  'leave as a subscriber': async (actor: Actor): Promise<void> => {
    const subscriber = actor.openTopic().subscriber({ onSlow: 'block', history: 3, idle: 'park' });
    await actor.read(subscriber);
    actor.arm();
    subscriber.close();
  },
} satisfies Record<string, (actor: Actor) => Promise<void>>;

export type RoleName = keyof typeof ROLES;
export const ROLE_NAMES = Object.keys(ROLES) as RoleName[];
