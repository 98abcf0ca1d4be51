import type { QueueScenario } from '../queue-model.js';
import type { World } from '../world.js';
import { SPILLED, end, reader, receiveToTheEnd, senderOfOne, sleeper, takeWhatIsThere } from './programs.js';

/** Three participants that make some 500 steps: three departures would take an hour. */
const THREE_WITH_A_DEATH = 2;

/** Three messages and the end of the stream, from a producer that has left. */
function ended(world: World): void {
  for (const number of [1, 2, 3]) world.send(number);
  end(world);
}

/** Somebody is killed, before any of his steps. */
export const deaths: readonly QueueScenario[] = [
  {
    name: 'a consumer is killed',
    budget: 3,
    deaths: 1,
    programs: [
      {
        ...reader('victim', true),
        prepare: (world) => {
          world.consumer({ prefetch: 1 });
          ended(world);
        },
      },
      reader('survivor'),
    ],
  },
  {
    name: 'an adopter is killed',
    budget: THREE_WITH_A_DEATH,
    deaths: 1,
    geometry: { maxConsumers: 3 },
    programs: [
      {
        ...reader('adopter', true),
        prepare: (world) => {
          ended(world);
        },
        body: (world) => {
          // It may come when everything is over, and must not wait for an end that it has missed.
          world.consumer({ prefetch: 1 });
          takeWhatIsThere(world, 2);
          world.leave();
        },
      },
      reader('survivor'),
      {
        name: 'dead',
        prepare: (world) => {
          world.consumer({ prefetch: 2 });
        },
        body: (world) => {
          // Ends with a claim: dead, as far as others can see.
          world.tryReceive();
        },
      },
    ],
  },
  {
    name: 'a joiner is killed',
    budget: 3,
    deaths: 1,
    geometry: { maxConsumers: 1 },
    setup: (world) => {
      world.send(1);
    },
    programs: [
      {
        name: 'victim',
        mortal: true,
        body: (world) => {
          world.consumer();
          takeWhatIsThere(world, 1);
          world.leave();
        },
      },
      {
        name: 'producer',
        body: (world) => {
          world.trySend(1001);
          world.leave();
        },
      },
    ],
  },
  {
    name: 'a producer is killed',
    budget: THREE_WITH_A_DEATH,
    deaths: 1,
    programs: [
      {
        name: 'victim',
        mortal: true,
        prepare: (world) => {
          world.producer({ label: 'shop' });
        },
        body: (world) => {
          world.send(1);
          world.send(2);
          end(world);
        },
      },
      {
        name: 'successor',
        body: (world) => {
          world.producer({ label: 'shop' });
          world.send(1001);
          end(world);
        },
      },
      {
        name: 'consumer',
        prepare: (world) => {
          world.consumer();
        },
        body: (world) => {
          receiveToTheEnd(world);
          world.leave();
        },
      },
    ],
  },
  {
    name: 'a producer that spills is killed',
    budget: 3,
    deaths: 1,
    programs: [
      {
        name: 'victim',
        mortal: true,
        prepare: (world) => {
          world.producer({ label: 'shop' });
        },
        body: (world) => {
          world.trySend(1, SPILLED);
          world.trySend(2);
          world.leave();
        },
      },
      {
        name: 'consumer',
        prepare: (world) => {
          world.consumer();
        },
        body: (world) => {
          takeWhatIsThere(world, 2);
          world.leave();
        },
      },
    ],
  },
  {
    name: 'a half-made claim is found',
    budget: THREE_WITH_A_DEATH,
    deaths: 1,
    geometry: { maxConsumers: 3 },
    programs: [
      {
        name: 'adopter',
        mortal: true,
        prepare: (world) => {
          ended(world);
        },
        body: (world) => {
          world.consumer({ prefetch: 1 });
          takeWhatIsThere(world, 2);
          world.leave();
        },
      },
      reader('survivor'),
      {
        name: 'dead',
        prepare: (world) => {
          const { slot } = world.consumer();
          const { LANE_LEASE, LANE_NEXT, ROW_FROM, ROW_TO } = world.modules;
          const { words, slots } = world.channel;
          const lane = world.channel.lane(0);
          // It died between `from` and `next`.
          const next = words[lane.base + LANE_NEXT];
          words[lane.base + LANE_LEASE] = slots.owner(slot);
          words[lane.row(slot) + ROW_TO] = next + 32;
          words[lane.row(slot) + ROW_FROM] = next;
        },
        body: () => undefined,
      },
    ],
  },
  {
    name: 'a leaver is killed while it rings',
    budget: 3,
    deaths: 1,
    programs: [
      {
        name: 'leaver',
        mortal: true,
        prepare: (world) => {
          world.consumer();
        },
        body: (world) => {
          world.leave();
        },
      },
      sleeper('sleeper'),
      senderOfOne('producer'),
    ],
  },
];
