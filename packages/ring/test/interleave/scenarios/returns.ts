import type { QueueScenario } from '../queue-model.js';
import type { World } from '../world.js';
import { end, reader, receiveToTheEnd } from './programs.js';

function sendBack(world: World, delivery: ReturnType<World['tryReceive']>): void {
  if (delivery !== undefined) world.nack(delivery);
}

/** A message is sent back, as a copy on a lane of its consumer's own. */
export const returns: readonly QueueScenario[] = [
  {
    name: 'a message is sent back',
    budget: 3,
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
