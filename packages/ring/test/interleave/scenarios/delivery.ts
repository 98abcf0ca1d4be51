import type { QueueScenario } from '../queue-model.js';
import type { World } from '../world.js';
import { acknowledge, QUARTER, beginAt, isLeftAlone, takeWhatIsThere } from './programs.js';

const HALF_LAP = 2 ** 31;
const LAP = 2 ** 32;

function publishAndPark(name: string, setup?: (world: World) => void): QueueScenario {
  return {
    name,
    budget: 3,
    ...(setup === undefined ? {} : { setup }),
    programs: [
      {
        name: 'producer',
        prepare: (world) => {
          world.producer();
        },
        body: (world) => {
          world.send(1);
          world.send(2);
          world.awaitSignal();
          world.leave();
        },
      },
      {
        name: 'consumer',
        prepare: (world) => {
          world.consumer();
        },
        body: (world) => {
          for (let count = 0; count < 2; count++) acknowledge(world, world.receive());
          world.signal();
          world.leave();
        },
      },
    ],
  };
}

function room(name: string, setup?: (world: World) => void): QueueScenario {
  return {
    name,
    budget: 3,
    ...(setup === undefined ? {} : { setup }),
    programs: [
      {
        name: 'producer',
        prepare: (world) => {
          for (let number = 1; number <= 3; number++) world.send(number, QUARTER);
        },
        body: (world) => {
          world.send(4, QUARTER);
          world.send(5, QUARTER);
          world.awaitSignal();
          world.leave();
        },
      },
      {
        name: 'consumer',
        prepare: (world) => {
          world.consumer({ prefetch: 2 });
        },
        body: (world) => {
          for (let count = 0; count < 5; count++) acknowledge(world, world.receive());
          world.signal();
          world.leave();
        },
      },
    ],
  };
}

/** Publishing, polling, room and floor, parking and waking; one producer, one consumer. */
export const delivery: readonly QueueScenario[] = [
  publishAndPark('publish and park'),
  publishAndPark('publish and park over 2^31', (world) => {
    beginAt(world, HALF_LAP - 24);
  }),
  publishAndPark('publish and park over 2^32', (world) => {
    beginAt(world, LAP - 24);
  }),
  room('room'),
  room('room over 2^32', (world) => {
    beginAt(world, LAP - 3 * 1024);
  }),
  {
    name: 'event loops',
    budget: 3,
    programs: [
      {
        name: 'producer',
        prepare: (world) => {
          for (let number = 1; number <= 3; number++) world.send(number, QUARTER);
        },
        body: async (world) => {
          await world.sendOnLoop(4, QUARTER);
          await world.sendOnLoop(5, QUARTER);
          world.awaitSignal();
          world.leave();
        },
      },
      {
        name: 'consumer',
        prepare: (world) => {
          world.consumer({ prefetch: 2 });
        },
        body: async (world) => {
          for (let count = 0; count < 5; count++) acknowledge(world, await world.receiveOnLoop());
          world.signal();
          world.leave();
        },
      },
    ],
  },
  {
    name: 'a look that is 2^32 bytes old',
    budget: 3,
    programs: [
      {
        name: 'reader',
        prepare: (world) => {
          world.consumer();
        },
        body: (world) => {
          takeWhatIsThere(world, 3);
          world.leave();
        },
      },
      {
        name: 'others',
        prepare: (world) => {
          world.consumer();
          world.producer({ label: 'shop' });
          for (let number = 1; number <= 3; number++) world.send(number);
          // The lane is left with messages in it: what stood there stays in its bytes.
          world.producer().close();
        },
        body: (world) => {
          takeWhatIsThere(world, 3);
          if (world.channel.isDrained() && isLeftAlone(world)) beginAt(world, LAP);
          const later = world.again();
          later.producer({ label: 'shop' });
          later.trySend(1001);
          later.leave();
          world.leave();
        },
      },
    ],
  },
];
