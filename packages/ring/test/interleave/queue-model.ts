import type { QueueGeometry } from '../../dist/options.js';
import { channelObject } from './channel-object.js';
import type { Model } from './model.js';
import type { Left, Program, Scenario } from './scenario.js';
import { verdictOf } from './verdict.js';
import { World, numberOf } from './world.js';

/** A scenario of a queue, but for what all of them share. */
export type QueueScenario = Omit<Scenario<World, QueueGeometry>, 'model'>;
export type QueueProgram = Program<World>;

const SMALL = { laneBytes: 4096, maxProducers: 2, maxConsumers: 2 };

/** A queue. */
export const queueModel: Model<World, QueueGeometry> = {
  object: (modules, geometry) => channelObject(modules, modules.KIND_QUEUE, { ...SMALL, ...geometry }),

  world: (modules, scheduler, shared, object) => new World(modules, scheduler, shared, object),

  /** A newcomer adopts, and receives what is there; then the queue must be as good as new. */
  left({ newcomer }) {
    const world = newcomer();
    const consumer = world.consumer();
    const left: Left[] = [];
    for (let delivery = consumer.tryReceive(); delivery !== undefined; delivery = consumer.tryReceive()) {
      const { redelivered, attempts } = delivery;
      left.push({ number: numberOf(delivery.value), redelivered, again: attempts > 1 });
      delivery.ack();
    }
    if (!world.channel.isDrained()) throw new Error('something is still held');
    const slots = world.channel.slots;
    for (let slot = 0; slot < slots.count; slot++) {
      if (slot !== consumer.slot && slots.state(slot) !== 0) throw new Error(`slot ${slot} is not free`);
    }
    consumer.close();
    const { attachments } = world.segment;
    if (attachments.list('').length > 0) {
      // Whoever looks next, and finds the lanes drained, removes them.
      newcomer().consumer().close();
      const kept = attachments.list('');
      if (kept.length > 0) throw new Error(`spilled messages were left behind: ${kept.join(' ')}`);
    }
    return left;
  },

  verdict: verdictOf,
};
