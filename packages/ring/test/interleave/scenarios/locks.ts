import type { MutexGuard } from '@ringway/sync';

import type { Outcome } from '../scenario.js';
import { EVENT } from '../shared.js';
import type { SyncProgram, SyncScenario } from '../sync-model.js';
import { WRITES, type SyncWorld } from '../sync-world.js';

/** Has opened the mutex; blocks until it has it, so many times, and leaves. */
function locker(name: string, times: number, mortal = false): SyncProgram {
  return {
    name,
    mortal,
    prepare: (world) => {
      world.mutex();
    },
    body: (world) => {
      for (let time = 0; time < times; time++) world.useMutex(world.mutex().acquireSync());
      world.leave();
    },
  };
}

/** The same, and leaves when so many others have had it as often as they wanted, too: leaving wakes whoever waits, which would hide that a release did not. */
function patientLocker(name: string, times: number, bit: number, others: readonly number[]): SyncProgram {
  return {
    ...locker(name, times),
    body: (world) => {
      for (let time = 0; time < times; time++) world.useMutex(world.mutex().acquireSync());
      world.signal(bit);
      for (const other of others) world.awaitSignal(other);
      world.leave();
    },
  };
}

/** The same on the event loop. */
function lockerOnLoop(name: string, times: number): SyncProgram {
  return {
    name,
    prepare: (world) => {
      world.mutex();
    },
    body: async (world) => {
      for (let time = 0; time < times; time++) world.useMutex(await world.until(world.mutex().acquire()));
      world.leave();
    },
  };
}

/** Wants the mutex, and gives up when another has it. */
function quitter(name: string, others: readonly number[]): SyncProgram {
  return {
    name,
    prepare: (world) => {
      world.mutex();
    },
    body: async (world) => {
      const quitting = new AbortController();
      const wanted = world.mutex().acquire({ signal: quitting.signal });
      world.work();
      quitting.abort();
      await unlessAborted(wanted, (guard) => {
        world.useMutex(guard);
      });
      for (const other of others) world.awaitSignal(other);
      world.leave();
    },
  };
}

async function unlessAborted<T>(wanted: Promise<T>, use: (value: T) => void): Promise<void> {
  let value: T;
  try {
    value = await wanted;
  } catch (error) {
    if ((error as Error).name === 'AbortError') return;
    throw error;
  }
  use(value);
}

const mutexes: readonly SyncScenario[] = [
  {
    name: 'two want the mutex',
    budget: 3,
    programs: [patientLocker('first', 2, 0, [1]), patientLocker('second', 2, 1, [0])],
  },
  { name: 'three want the mutex', budget: 3, programs: [locker('first', 1), locker('second', 1), locker('third', 1)] },
  { name: 'the mutex on event loops', budget: 3, programs: [lockerOnLoop('first', 1), lockerOnLoop('second', 1)] },
  {
    name: 'who has the mutex is killed',
    budget: 3,
    deaths: 1,
    programs: [locker('victim', 1, true), locker('survivor', 2)],
  },
  {
    name: 'who wants the mutex is killed',
    budget: 3,
    deaths: 1,
    programs: [locker('holder', 1), locker('victim', 1, true), locker('survivor', 1)],
  },
  {
    name: 'who wants the mutex gives up',
    budget: 3,
    programs: [patientLocker('holder', 1, 0, [1]), quitter('quitter', [0, 1]), patientLocker('patient', 1, 1, [0])],
  },
];

// ---- semaphores

function signaller(name: string, permits: number, times: number): SyncProgram {
  return {
    name,
    prepare: (world) => {
      world.semaphore(0, false);
    },
    body: (world) => {
      for (let time = 0; time < times; time++) world.semaphore(0, false).release(permits);
      // Leaving rings nobody who was not rung.
      for (let who = 0; who < times * permits; who++) world.awaitSignal(who);
      world.leave();
    },
  };
}

function awaiter(name: string, bit: number): SyncProgram {
  return {
    name,
    prepare: (world) => {
      world.semaphore(0, false);
    },
    body: (world) => {
      world.semaphore(0, false).acquireSync();
      world.signal(bit);
      world.awaitSignal(7);
      world.leave();
    },
  };
}

/** Acquires permits of an owned semaphore. */
function tenant(name: string, permits: number, count: number, mortal = false): SyncProgram {
  return {
    name,
    mortal,
    prepare: (world) => {
      world.semaphore(permits, true);
    },
    body: (world) => {
      world.use(world.semaphore(permits, true).acquireSync(count), count);
      world.leave();
    },
  };
}

const semaphores: readonly SyncScenario[] = [
  {
    name: 'permits for two',
    budget: 3,
    geometry: { semaphore: { permits: 0, owned: false } },
    programs: [
      {
        ...signaller('signaller', 2, 1),
        body: (world) => {
          world.semaphore(0, false).release(2);
          world.awaitSignal(0);
          world.awaitSignal(1);
          world.signal(7);
          world.leave();
        },
      },
      awaiter('first', 0),
      awaiter('second', 1),
    ],
    check: ({ left }) => (left[0]?.number === 0 ? undefined : `${left[0]?.number} permits are left of none`),
  },
  {
    name: 'one permit, and one more',
    budget: 3,
    geometry: { semaphore: { permits: 0, owned: false } },
    programs: [
      {
        ...signaller('signaller', 1, 2),
        body: (world) => {
          world.semaphore(0, false).release();
          world.semaphore(0, false).release();
          world.awaitSignal(0);
          world.awaitSignal(1);
          world.signal(7);
          world.leave();
        },
      },
      awaiter('first', 0),
      awaiter('second', 1),
    ],
    check: ({ left }) => (left[0]?.number === 0 ? undefined : `${left[0]?.number} permits are left of none`),
  },
  {
    name: 'two tenants',
    budget: 3,
    geometry: { semaphore: { permits: 1, owned: true }, capacity: 1 },
    programs: [tenant('first', 1, 1), tenant('second', 1, 1)],
  },
  {
    name: 'three tenants of two rooms',
    budget: 3,
    geometry: { semaphore: { permits: 2, owned: true }, capacity: 2 },
    programs: [tenant('first', 2, 1), tenant('second', 2, 1), tenant('third', 2, 1)],
  },
  {
    name: 'a tenant is killed',
    budget: 3,
    deaths: 1,
    geometry: { semaphore: { permits: 2, owned: true }, capacity: 2 },
    programs: [tenant('victim', 2, 1, true), tenant('survivor', 2, 2)],
  },
];

// ---- read-write locks

function reader(name: string, times: number, mortal = false): SyncProgram {
  return {
    name,
    mortal,
    prepare: (world) => {
      world.rwLock();
    },
    body: (world) => {
      for (let time = 0; time < times; time++) world.useRwLock(world.rwLock().readSync());
      world.leave();
    },
  };
}

function writer(name: string, times: number, mortal = false): SyncProgram {
  return {
    ...reader(name, times, mortal),
    body: (world) => {
      for (let time = 0; time < times; time++) world.useRwLock(world.rwLock().writeSync());
      world.leave();
    },
  };
}

const READ_WRITE = { capacity: WRITES };

const rwLocks: readonly SyncScenario[] = [
  {
    name: 'a reader and a writer',
    budget: 3,
    geometry: READ_WRITE,
    programs: [reader('reader', 2), writer('writer', 1)],
  },
  { name: 'two writers', budget: 3, geometry: READ_WRITE, programs: [writer('first', 1), writer('second', 1)] },
  {
    name: 'two readers and a writer',
    budget: 3,
    geometry: READ_WRITE,
    programs: [reader('first', 1), reader('second', 1), writer('writer', 1)],
  },
  {
    name: 'a reader is killed',
    budget: 3,
    deaths: 1,
    geometry: READ_WRITE,
    programs: [reader('victim', 1, true), writer('writer', 1)],
  },
  {
    name: 'a writer is killed',
    budget: 3,
    deaths: 1,
    geometry: READ_WRITE,
    programs: [writer('victim', 1, true), writer('writer', 1)],
  },
  {
    name: 'a writer is killed before a reader and a writer',
    budget: 3,
    deaths: 1,
    geometry: READ_WRITE,
    programs: [writer('victim', 1, true), reader('reader', 1), writer('writer', 1)],
  },
];

// ---- conditions

/** With the mutex, which it has had since before: waits until it is signalled, and lets the mutex go. */
function sleeper(name: string, bit: number, mortal = false): SyncProgram {
  return {
    name,
    mortal,
    prepare: (world) => {
      world.mutex();
      world.condition();
    },
    body: (world) => {
      const guard = world.mutex().acquireSync();
      waitFor(world, guard);
      world.signal(bit);
      world.awaitSignal(7);
      world.leave();
    },
  };
}

function waitFor(world: SyncWorld, guard: MutexGuard): void {
  world.holds(1, guard.abandoned);
  // Nobody who signals has seen that it waits until it has let the mutex go.
  world.signal(3);
  world.lets(1);
  world.condition().waitSync(guard);
  world.useMutex(guard);
}

/** Signals when so many wait. */
function waker(name: string, waiters: number, wake: (world: SyncWorld) => void): SyncProgram {
  return {
    name,
    prepare: (world) => {
      world.mutex();
      world.condition();
    },
    body: (world) => {
      for (let who = 0; who < waiters; who++) world.awaitSignal(3);
      wake(world);
      world.leave();
    },
  };
}

const conditions: readonly SyncScenario[] = [
  {
    name: 'one waits for a condition',
    budget: 3,
    programs: [
      sleeper('sleeper', 0),
      waker('waker', 1, (world) => {
        // Under the mutex: so the one that waits is in its wait.
        const guard = world.mutex().acquireSync();
        world.condition().signal();
        guard.release();
        world.awaitSignal(0);
        world.signal(7);
      }),
    ],
  },
  {
    name: 'one who waits for a condition gives up when it is signalled',
    budget: 3,
    programs: [
      {
        ...sleeper('quitter', 1),
        body: async (world) => {
          const guard = world.mutex().acquireSync();
          const quitting = new AbortController();
          const wait = world.condition().wait(guard, { signal: quitting.signal });
          world.signal(3);
          world.awaitSignal(4);
          quitting.abort();
          // Whoever was signalled, and so did not give up, signals the next.
          await world.until(
            unlessAborted(wait, () => {
              world.condition().signal();
            }),
          );
          guard.release();
          world.awaitSignal(7);
          world.leave();
        },
      },
      second('sleeper'),
      waker('waker', 1, (world) => {
        world.awaitSignal(6);
        const guard = world.mutex().acquireSync();
        world.signal(4);
        world.condition().signal();
        guard.release();
        world.awaitSignal(0);
        world.signal(7);
      }),
    ],
  },
  {
    name: 'one who was signalled dies before it knows',
    budget: 3,
    programs: [
      {
        ...sleeper('victim', 1),
        body: (world) => {
          // Asleep from here: it waits, and never looks again.
          void world.condition().wait(world.mutex().acquireSync());
          world.signal(3);
          world.work();
        },
      },
      second('sleeper'),
      waker('waker', 1, (world) => {
        world.awaitSignal(6);
        const guard = world.mutex().acquireSync();
        world.condition().signal();
        guard.release();
        world.awaitSignal(0);
        world.signal(7);
      }),
    ],
  },
];

/** Waits for the condition when somebody else does. */
function second(name: string): SyncProgram {
  return {
    ...sleeper(name, 0),
    body: (world) => {
      world.awaitSignal(3);
      const guard = world.mutex().acquireSync();
      world.signal(6);
      world.condition().waitSync(guard);
      guard.release();
      world.signal(0);
      world.awaitSignal(7);
      world.leave();
    },
  };
}

// ---- barriers

function party(name: string, phases: number, mortal = false): SyncProgram {
  return {
    name,
    mortal,
    prepare: (world) => {
      world.barrier(2);
    },
    body: (world) => {
      try {
        for (let phase = 0; phase < phases; phase++) {
          world.holds(1);
          world.barrier(2).waitSync();
          world.lets(1);
        }
      } catch (error) {
        if (!(error instanceof world.modules.RingwayError) || error.code !== 'ERR_RINGWAY_BROKEN_BARRIER') throw error;
      }
      world.leave();
    },
  };
}

/** Nobody passes before all have arrived. */
function passedTogether({ log }: Outcome): string | undefined {
  const arrived = [0, 0];
  const passed = [0, 0];
  for (const { who, event } of log) {
    if (event === EVENT.holds) arrived[who]++;
    if (event === EVENT.lets && ++passed[who] > arrived[1 - who]) return `${who} passed before ${1 - who} had arrived`;
  }
  return undefined;
}

const barriers: readonly SyncScenario[] = [
  {
    name: 'two parties',
    budget: 3,
    geometry: { parties: 2, capacity: WRITES },
    programs: [party('first', 2), party('second', 2)],
    check: passedTogether,
  },
  {
    name: 'a party is killed',
    budget: 3,
    deaths: 1,
    geometry: { parties: 2, capacity: WRITES },
    programs: [party('victim', 1, true), party('survivor', 1)],
    check: passedTogether,
  },
];

/** Locks, semaphores, conditions and barriers. */
export const locks: readonly SyncScenario[] = [...mutexes, ...semaphores, ...rwLocks, ...conditions, ...barriers];
