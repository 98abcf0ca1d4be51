import type { TopicProgram, TopicScenario } from '../topic-model.js';
import { EVENT } from '../shared.js';
import type { TopicWorld } from '../topic-world.js';
import { QUARTER, SPILLED } from './programs.js';

const LAP = 2 ** 32;

/** Publishes these, blocking while there is no room, then ends the stream. */
function publisher(numbers: readonly number[], bytes = QUARTER, mortal = false): TopicProgram {
  return {
    name: 'publisher',
    mortal,
    body: (world) => {
      for (const number of numbers) world.send(number, bytes);
      world.end();
      world.leave();
    },
  };
}

/** The same, of one that has joined and published before. */
function publisherAfter(before: readonly number[], numbers: readonly number[], bytes = QUARTER): TopicProgram {
  return {
    ...publisher(numbers, bytes),
    prepare: (world) => {
      for (const number of before) world.send(number, bytes);
    },
  };
}

/** Has joined; receives until the stream ends, and leaves. */
function subscriber(onSlow: 'block' | 'drop' | 'disconnect', mortal = false): TopicProgram {
  return {
    name: onSlow,
    mortal,
    prepare: (world) => {
      world.subscriber({ onSlow });
    },
    body: (world) => {
      world.receiveToTheEnd();
      world.leave();
    },
  };
}

/** Has joined; blocks until a message comes, says so, and leaves. */
function sleeper(onSlow: 'block' | 'drop', bit: number): TopicProgram {
  return {
    name: onSlow,
    prepare: (world) => {
      world.subscriber({ onSlow });
    },
    body: (world) => {
      world.receive();
      world.signal(bit);
      world.leave();
    },
  };
}

/** Joins, with a message of those before; receives until the stream ends, and leaves. */
function joiner(onSlow: 'block' | 'drop' | 'disconnect', history: number): TopicProgram {
  return {
    name: `joins: ${onSlow}`,
    body: (world) => {
      world.subscriber({ onSlow, history });
      world.receiveToTheEnd();
      world.leave();
    },
  };
}

/** A topic whose lane begins at this position: what is published next runs over a multiple of 2^32. */
function beginAt(world: TopicWorld, position: number): void {
  const { LANE_POSITION, LANE_HALF_LAPS, LANE_INTENT, LANE_INTENT_HALF_LAPS, CursorRows } = world.modules;
  const { words, rows } = world.channel;
  const lane = world.channel.lane(0);
  words[lane.base + LANE_POSITION] = words[lane.base + LANE_INTENT] = position | 0;
  words[lane.base + LANE_HALF_LAPS] = words[lane.base + LANE_INTENT_HALF_LAPS] = Math.floor(position / 2 ** 31);
  if (rows instanceof CursorRows) rows.anchors(lane).store({ position, number: 0 });
}

/** Publishing, overwriting, joining, eviction and anchors of topics. */
export const topics: readonly TopicScenario[] = [
  {
    name: 'a subscriber is lapped',
    budget: 3,
    programs: [subscriber('drop'), publisherAfter([1, 2], [3, 4, 5, 6])],
  },
  {
    name: 'a subscriber is lapped over 2^32',
    budget: 3,
    setup: (world) => {
      beginAt(world, LAP - 3 * 1024);
    },
    programs: [subscriber('drop'), publisherAfter([1, 2], [3, 4, 5, 6])],
  },
  {
    name: 'a subscriber that is waited for',
    budget: 3,
    programs: [subscriber('block'), publisherAfter([1, 2, 3], [4, 5])],
  },
  {
    name: 'a slow subscriber is disconnected',
    budget: 3,
    programs: [subscriber('disconnect'), publisherAfter([1, 2, 3], [4, 5])],
  },
  {
    name: 'a subscriber joins, and is waited for',
    budget: 2,
    programs: [publisherAfter([1], [2, 3, 4, 5, 6]), joiner('block', 1)],
  },
  {
    name: 'a subscriber joins, with all that is there',
    budget: 3,
    programs: [publisherAfter([1, 2, 3, 4], [5, 6]), joiner('block', 3)],
  },
  {
    name: 'a subscriber joins, and is not waited for',
    budget: 3,
    programs: [publisherAfter([1, 2, 3], [4, 5]), joiner('drop', 2)],
  },
  {
    name: 'a subscriber joins, to be disconnected',
    budget: 3,
    programs: [publisherAfter([1, 2, 3], [4, 5]), joiner('disconnect', 1)],
  },
  {
    name: 'two subscribers sleep',
    budget: 2,
    programs: [
      {
        name: 'publisher',
        body: (world) => {
          world.send(1);
          world.awaitSignal(0);
          world.awaitSignal(1);
          world.leave();
        },
      },
      sleeper('block', 0),
      sleeper('drop', 1),
    ],
  },
  {
    name: 'a subscriber is killed, and waited for no more',
    budget: 3,
    deaths: 1,
    programs: [subscriber('block', true), publisherAfter([1, 2, 3], [4, 5])],
  },
  {
    name: 'a publisher is killed, and another one goes on',
    budget: 2,
    deaths: 1,
    geometry: { maxProducers: 2 },
    programs: [
      {
        name: 'reader and next publisher',
        prepare: (world) => {
          world.subscriber({ onSlow: 'drop' });
        },
        body: (world) => {
          world.tryReceive();
          world.publisher({ label: 'ticker' });
          for (const number of [1001, 1002, 1003]) world.send(number, QUARTER);
          do world.say(EVENT.mark, 0);
          while (world.tryReceive() !== undefined);
          world.say(EVENT.ended, 0);
          world.leave();
        },
      },
      {
        name: 'publisher',
        mortal: true,
        prepare: (world) => {
          world.publisher({ label: 'ticker' });
          for (const number of [1, 2]) world.send(number, QUARTER);
        },
        body: (world) => {
          for (const number of [3, 4]) world.send(number, QUARTER);
          world.leave();
        },
      },
    ],
  },
  {
    name: 'spilled messages come to who is waited for',
    budget: 3,
    programs: [subscriber('block'), publisherAfter([1], [2, 3], SPILLED)],
  },
  {
    name: 'a spilled message is overwritten',
    budget: 3,
    programs: [subscriber('drop'), publisherAfter([1], [2, 3], SPILLED)],
  },
];
