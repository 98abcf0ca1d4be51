import type { QueueScenario } from '../queue-model.js';
import { EVENT } from '../shared.js';
import { SPILLED, joined, joinedAsProducer, takeWhatIsThere } from './programs.js';

/** Joining and leaving under the gate; lanes taken, given back and taken again; a name that goes. */
export const membership: readonly QueueScenario[] = [
  {
    name: 'two consumers join',
    budget: 3,
    setup: (world) => {
      world.send(1);
      world.leave();
    },
    programs: ['first', 'second'].map((name) => ({
      name,
      body: (world) => {
        world.consumer();
        takeWhatIsThere(world, 1);
        world.leave();
      },
    })),
  },
  {
    name: 'one place for two',
    budget: 3,
    geometry: { maxConsumers: 1 },
    setup: (world) => {
      world.send(1);
      world.send(2);
      world.leave();
    },
    programs: ['first', 'second'].map((name) => ({
      name,
      body: (world) => {
        if (!joined(world, { prefetch: 1 })) return;
        const { slots } = world.channel;
        const me = slots.owner(world.consumer().slot);
        takeWhatIsThere(world, 1);
        if (slots.isPast(me)) world.say(EVENT.mark, 0);
        world.leave();
      },
    })),
    check: ({ log }) =>
      log.some(({ event }) => event === EVENT.mark) ? 'somebody alive is taken for past' : undefined,
  },
  {
    name: 'two producers join',
    budget: 3,
    programs: [1, 1001].map((number) => ({
      name: number === 1 ? 'first' : 'second',
      body: (world) => {
        world.producer();
        world.trySend(number);
        world.leave();
      },
    })),
  },
  {
    name: 'one lane for two',
    budget: 3,
    geometry: { maxProducers: 1 },
    programs: [
      {
        name: 'first',
        prepare: (world) => {
          world.producer();
        },
        body: (world) => {
          world.trySend(1);
          world.leave();
        },
      },
      {
        name: 'second',
        body: (world) => {
          if (!joinedAsProducer(world)) return;
          world.trySend(1001);
          world.leave();
        },
      },
    ],
  },
  {
    name: 'an empty lane for two',
    budget: 3,
    programs: [
      {
        name: 'first',
        prepare: (world) => {
          world.producer();
        },
        body: (world) => {
          world.leave();
        },
      },
      {
        name: 'second',
        body: (world) => {
          if (!joinedAsProducer(world)) return;
          world.trySend(1001);
          world.trySend(1002);
          world.leave();
        },
      },
    ],
  },
  {
    name: 'a lane is given back and taken',
    budget: 3,
    geometry: { maxProducers: 1 },
    programs: [
      {
        name: 'leaver',
        prepare: (world) => {
          world.trySend(1, SPILLED);
        },
        body: (world) => {
          world.leave();
        },
      },
      {
        name: 'newcomer',
        body: (world) => {
          if (!joinedAsProducer(world)) return;
          world.trySend(1001, SPILLED);
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
    name: 'the last one out takes the name away',
    budget: 3,
    programs: [
      {
        name: 'last',
        prepare: (world) => {
          world.consumer();
        },
        body: (world) => {
          world.leave();
          world.modules.unlinkIfDeserted(world.segment, world.channel.layout.slotCount);
        },
      },
      {
        name: 'newcomer',
        body: (world) => {
          if (!joined(world)) return;
          if (!world.segment.isLinked()) world.say(EVENT.mark, 0);
          world.leave();
        },
      },
    ],
    check: ({ log }) =>
      log.some(({ event }) => event === EVENT.mark) ? 'somebody has joined what nobody can find any more' : undefined,
  },
];
