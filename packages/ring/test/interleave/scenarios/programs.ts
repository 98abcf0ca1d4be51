import type { Delivery } from '../../../dist/delivery.js';
import type { ConsumerOptions, ProducerOptions } from '../../../dist/options.js';
import type { QueueProgram } from '../queue-model.js';
import { EVENT } from '../shared.js';
import type { World } from '../world.js';

/** Frames of this many bytes: four fill a lane of 4096. */
export const QUARTER = 1016;
/** Too long for a frame of such a lane. */
export const SPILLED = 2000;

/** Acknowledges what came, if anything did. */
export function acknowledge(world: World, delivery: Delivery<Uint8Array> | undefined): void {
  if (delivery !== undefined) world.ack(delivery);
}

/** Receives and acknowledges one by one until the stream ends. */
export function receiveToTheEnd(world: World): void {
  for (let delivery = world.receive(); delivery !== undefined; delivery = world.receive()) world.ack(delivery);
}

/** Receives and acknowledges what is there, at most so many. */
export function takeWhatIsThere(world: World, most: number): void {
  for (let count = 0; count < most; count++) {
    const delivery = world.tryReceive();
    if (delivery === undefined) return;
    world.ack(delivery);
  }
}

/** Sends, blocking while there is no room. */
export function sendAll(world: World, numbers: readonly number[], bytes = 8): void {
  for (const number of numbers) world.send(number, bytes);
}

/** Has joined as a consumer; receives until the stream ends, and leaves. */
export function reader(name: string, mortal = false): QueueProgram {
  return {
    name,
    mortal,
    prepare: (world) => {
      world.consumer({ prefetch: 1 });
    },
    body: (world) => {
      receiveToTheEnd(world);
      world.leave();
    },
  };
}

/** Has joined as a consumer; receives and acknowledges what is there, and leaves. */
export function taker(name: string, most: number, prefetch: number): QueueProgram {
  return {
    name,
    prepare: (world) => {
      world.consumer({ prefetch });
    },
    body: (world) => {
      takeWhatIsThere(world, most);
      world.leave();
    },
  };
}

/** Has joined as a producer; sends one message, and leaves when it is told that it came. */
export function senderOfOne(name: string): QueueProgram {
  return {
    name,
    prepare: (world) => {
      world.producer();
    },
    body: (world) => {
      world.send(1);
      world.awaitSignal();
      world.leave();
    },
  };
}

/** Has filled a lane with so many messages of a quarter of it; then sends what there is room for, and leaves. */
export function filler(before: readonly number[], after: readonly number[]): QueueProgram {
  return {
    name: 'producer',
    prepare: (world) => {
      sendAll(world, before, QUARTER);
    },
    body: (world) => {
      for (const number of after) world.trySend(number, QUARTER);
      world.leave();
    },
  };
}

/** Has joined as a consumer; waits on its event loop for one message, says that it came, and leaves. */
export function sleeper(name: string): QueueProgram {
  return {
    name,
    prepare: (world) => {
      world.consumer();
    },
    body: async (world) => {
      const delivery = await world.receiveOnLoop();
      if (delivery !== undefined) world.ack(delivery);
      world.signal();
      world.leave();
    },
  };
}

/** Ends the stream of this participant's producer. */
export function end(world: World): void {
  // What there is to wait for is nothing: no send waits. So it is done when this returns, and what it threw would be told by whoever waits.
  void world.producer().end();
}

/** Joins as a consumer; false, and said so, if there is no place or nothing to join. */
export function joined(world: World, options: ConsumerOptions = {}): boolean {
  return tried(world, () => world.consumer(options));
}

/** Joins as a producer; the same. */
export function joinedAsProducer(world: World, options: ProducerOptions = {}): boolean {
  return tried(world, () => world.producer(options));
}

function tried(world: World, join: () => unknown): boolean {
  try {
    join();
    return true;
  } catch (error) {
    const { RingwayError } = world.modules;
    if (!(error instanceof RingwayError) || !REFUSALS.has(error.code)) throw error;
    world.say(EVENT.refused, 0);
    return false;
  }
}

const REFUSALS = new Set(['ERR_RINGWAY_TOO_MANY_CONSUMERS', 'ERR_RINGWAY_TOO_MANY_PRODUCERS', 'ERR_RINGWAY_UNLINKED']);

/** A queue whose lane 0 begins at this position: what is published next runs over a multiple of 2^31 or 2^32. */
export function beginAt(world: World, position: number): void {
  const { LANE_POSITION, LANE_NEXT, LANE_HALF_LAPS } = world.modules;
  const { base } = world.channel.lane(0);
  const { words } = world.channel;
  words[base + LANE_POSITION] = words[base + LANE_NEXT] = position | 0;
  words[base + LANE_HALF_LAPS] = Math.floor(position / 2 ** 31);
}

/**
 * Whether lane 0, of which the caller has just found that it is drained, can be moved on by {@link beginAt}, as if so many messages had passed through it meanwhile that all
 * comes to where it was. Not while somebody has the lease: nothing passes him.
 */
export function isLeftAlone(world: World): boolean {
  const { LANE_LEASE, LANE_NEXT, LANE_POSITION } = world.modules;
  const { base } = world.channel.lane(0);
  const { words } = world.channel;
  return words[base + LANE_LEASE] === 0 && words[base + LANE_NEXT] === words[base + LANE_POSITION];
}
