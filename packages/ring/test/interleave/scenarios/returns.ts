import type { QueueScenario } from '../queue-model.js';
import type { World } from '../world.js';
import { end, reader, receiveToTheEnd } from './programs.js';

function reject(world: World, delivery: ReturnType<World['tryReceive']>): void {
  if (delivery !== undefined) world.reject(delivery);
}

function sendBack(world: World, delivery: ReturnType<World['tryReceive']>): void {
  if (delivery !== undefined) world.nack(delivery);
}

/** What is rejected is in the queue or among the dead letters. */
const rejected: readonly QueueScenario[] = [
  {
    name: 'a message is rejected',
    budget: 3,
    deaths: 1,
    programs: [
      {
        name: 'rejects',
        mortal: true,
        prepare: (world) => {
          world.consumer({ prefetch: 2 });
          world.send(1);
          world.send(2);
          end(world);
        },
        body: (world) => {
          reject(world, world.tryReceive());
          reject(world, world.tryReceive());
          world.leave();
        },
      },
      reader('survivor'),
    ],
  },
  {
    name: 'a message is rejected by two, one after the other',
    budget: 2,
    deaths: 1,
    programs: [
      {
        name: 'rejects, mortal',
        mortal: true,
        prepare: (world) => {
          world.consumer({ prefetch: 1 });
          world.send(1);
          end(world);
        },
        body: (world) => {
          reject(world, world.tryReceive());
          world.leave();
        },
      },
      {
        name: 'rejects',
        prepare: (world) => {
          world.consumer({ prefetch: 1 });
        },
        body: (world) => {
          for (let delivery = world.receive(); delivery !== undefined; delivery = world.receive())
            world.reject(delivery);
          world.leave();
        },
      },
    ],
  },
];

/** A message is sent back, as a copy on a lane of its consumer's own. */
export const returns: readonly QueueScenario[] = [
  ...rejected,
  {
    name: 'a message is sent back',
    budget: 2,
    deaths: 1,
    programs: [
      {
        name: 'returner',
        mortal: true,
        prepare: (world) => {
          world.consumer({ prefetch: 1 });
          world.send(1);
          end(world);
        },
        body: (world) => {
          sendBack(world, world.tryReceive());
          world.leave();
        },
      },
      reader('survivor'),
    ],
  },
  {
    name: 'a message is sent back twice, by two',
    budget: 2,
    deaths: 1,
    geometry: { maxProducers: 3 },
    programs: [
      {
        name: 'first',
        mortal: true,
        prepare: (world) => {
          world.consumer({ prefetch: 1 });
          world.send(1);
          world.send(2);
          end(world);
        },
        body: (world) => {
          sendBack(world, world.tryReceive());
          world.leave();
        },
      },
      {
        name: 'second',
        prepare: (world) => {
          world.consumer({ prefetch: 1 });
        },
        body: (world) => {
          sendBack(world, world.receive());
          receiveToTheEnd(world);
          world.leave();
        },
      },
    ],
  },
];
