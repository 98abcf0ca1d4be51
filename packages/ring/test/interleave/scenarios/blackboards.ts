import type { BlackboardProgram, BlackboardScenario } from '../blackboard-model.js';
import { SPILLED_BYTES, type BlackboardWorld } from '../blackboard-world.js';
import { EVENT } from '../shared.js';

const LAP = 2 ** 32;

/** Has written so many versions; writes so many more, and leaves. */
function writer(before: number, count: number, bytes = 0, mortal = false): BlackboardProgram {
  return {
    name: 'writer',
    mortal,
    prepare: (world) => {
      world.becomeWriter();
      for (let version = 0; version < before; version++) world.write(bytes);
    },
    body: (world) => {
      for (let version = 0; version < count; version++) world.write(bytes);
      world.leave();
    },
  };
}

/** Reads so many times. */
function reader(times: number): BlackboardProgram {
  return {
    name: 'reader',
    body: (world) => {
      for (let time = 0; time < times; time++) world.read();
    },
  };
}

/** Has joined; blocks until the first version is there, says so, and leaves. */
function sleeper(bit: number): BlackboardProgram {
  return {
    name: 'blocks',
    prepare: (world) => {
      world.join();
    },
    body: (world) => {
      world.readAbove(0);
      world.signal(bit);
      world.leave();
    },
  };
}

/** The same on its event loop. */
function watcher(bit: number): BlackboardProgram {
  return {
    name: 'watches',
    prepare: (world) => {
      world.join();
    },
    body: async (world) => {
      await world.watchAbove(0);
      world.signal(bit);
      world.leave();
    },
  };
}

/** Has joined; writes one version, and leaves when all of these have said that they have it: no leaving hides that one was not rung. */
function writerFor(...bits: readonly number[]): BlackboardProgram {
  return {
    name: 'writer',
    prepare: (world) => {
      world.becomeWriter();
    },
    body: (world) => {
      world.write();
      for (const bit of bits) world.awaitSignal(bit);
      world.leave();
    },
  };
}

/** Becomes the writer if nobody is, and writes so many versions. */
function contender(name: string, count: number, mortal = false): BlackboardProgram {
  return {
    name,
    mortal,
    body: (world) => {
      if (world.becomeWriter()) for (let version = 0; version < count; version++) world.write();
      world.leave();
    },
  };
}

/** A key whose published version is the one that its scenario begins with: the next ones run over a multiple of 2^31 or 2^32. */
function beginAt(begin: number): Pick<BlackboardScenario, 'geometry' | 'setup'> {
  return {
    geometry: { begin },
    setup: (world: BlackboardWorld) => {
      const { BUFFERS, ENTRY_PUBLISHED, VALUE_HALVES, VALUE_LOW } = world.modules;
      const { words } = world.board;
      const { base, values, stride } = world.entry();
      for (let version = begin - BUFFERS + 1; version <= begin; version++) {
        const value = values + (version % BUFFERS) * stride;
        words[value + VALUE_HALVES] = Math.floor(version / 2 ** 31) | 0;
        words[value + VALUE_LOW] = version | 0;
      }
      words[base + ENTRY_PUBLISHED] = begin | 0;
    },
  };
}

/** Reading, writing, waiting, and who may write. */
export const blackboards: readonly BlackboardScenario[] = [
  { name: 'a value is read while it is written', budget: 3, programs: [reader(2), writer(1, 5)] },
  { name: 'versions go over 2^31', budget: 2, ...beginAt(LAP / 2 - 2), programs: [reader(2), writer(0, 5)] },
  { name: 'versions go over 2^32', budget: 3, ...beginAt(LAP - 2), programs: [reader(2), writer(0, 5)] },
  {
    name: 'a spilled value is read while it is replaced',
    budget: 3,
    programs: [reader(2), writer(1, 3, SPILLED_BYTES)],
  },
  {
    name: 'a spilled value is replaced by one in place',
    budget: 3,
    programs: [
      reader(2),
      {
        ...writer(1, 0, SPILLED_BYTES),
        body: (world) => {
          world.write();
          world.write(SPILLED_BYTES);
          world.leave();
        },
      },
    ],
  },
  { name: 'one blocks until a value is written', budget: 3, programs: [sleeper(0), writerFor(0)] },
  { name: 'one watches on its event loop', budget: 3, programs: [watcher(0), writerFor(0)] },
  { name: 'two wait for one value', budget: 2, programs: [sleeper(0), watcher(1), writerFor(0, 1)] },
  {
    name: 'a writer is killed while it writes, and another one goes on',
    budget: 3,
    deaths: 1,
    programs: [
      {
        name: 'reader and next writer',
        body: (world) => {
          world.read();
          if (world.becomeWriter()) world.write();
          world.read();
          world.leave();
        },
      },
      writer(1, 3, 0, true),
    ],
  },
  {
    name: 'a writer is killed while it replaces a spilled value',
    budget: 2,
    deaths: 1,
    programs: [
      {
        name: 'reader and next writer',
        body: (world) => {
          world.read();
          if (world.becomeWriter()) world.write(SPILLED_BYTES);
          world.read();
          world.leave();
        },
      },
      writer(1, 2, SPILLED_BYTES, true),
    ],
  },
  {
    name: 'one waits for a value, and its writer is killed',
    budget: 3,
    deaths: 1,
    programs: [
      {
        name: 'waits',
        prepare: (world) => {
          world.join();
        },
        body: async (world) => {
          await world.readAboveOrLoss(0);
          world.leave();
        },
      },
      writer(0, 1, 0, true),
    ],
  },
  {
    name: 'two want the same key',
    budget: 3,
    programs: [contender('one', 2), contender('other', 2)],
    check: ({ log }) =>
      log.filter(({ event }) => event === EVENT.refused).length > 1 ? 'nobody became the writer' : undefined,
  },
];
