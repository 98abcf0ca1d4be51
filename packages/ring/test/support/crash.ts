/** What a process would not live to see: its next access to shared memory. */
class Crash extends Error {}

const OPERATIONS = ['load', 'store', 'add', 'and', 'or', 'exchange', 'compareExchange'] as const;

/**
 * Runs `body` until it has made `accesses` atomic accesses; at the next one it is stopped, and so is everything that it tries after
 * that (`finally`, `catch`), as in a process that is killed there. True if it was stopped, false if it came to its end.
 */
export function stoppedAfter(accesses: number, body: () => void): boolean {
  const originals = OPERATIONS.map(
    (name) => [name, Reflect.get(Atomics, name) as (...given: never[]) => unknown] as const,
  );
  let left = accesses;
  const state = { stopped: false };
  for (const [name, operation] of originals) {
    const counted = (...parameters: never[]): unknown => {
      if (left === 0) {
        state.stopped = true;
        throw new Crash(`stopped before Atomics.${name}`);
      }
      left--;
      return operation.apply(Atomics, parameters);
    };
    Reflect.set(Atomics, name, counted);
  }
  try {
    body();
  } catch (error) {
    // Library code may have wrapped it.
    if (!state.stopped) throw error;
  } finally {
    for (const [name, original] of originals) Reflect.set(Atomics, name, original);
  }
  return state.stopped;
}

/** Calls `scenario` with 0, 1, 2, … accesses until it is not stopped any more; returns how often it was. */
export function atEveryAccess(scenario: (accesses: number) => boolean): number {
  for (let accesses = 0; ; accesses++) {
    let stopped: boolean;
    try {
      stopped = scenario(accesses);
    } catch (error) {
      throw new Error(`stopped after ${accesses} atomic accesses: ${String(error)}`, { cause: error });
    }
    if (!stopped) return accesses;
  }
}

/** Runs `body`, and `interruption` once, between two of its atomic accesses: before the one after so many. True if it came to that. */
export function interruptedAfter(accesses: number, body: () => void, interruption: () => void): boolean {
  const originals = OPERATIONS.map(
    (name) => [name, Reflect.get(Atomics, name) as (...given: never[]) => unknown] as const,
  );
  const restore = (): void => {
    for (const [name, original] of originals) Reflect.set(Atomics, name, original);
  };
  let left = accesses;
  for (const [name, operation] of originals) {
    const counted = (...parameters: never[]): unknown => {
      if (left-- === 0) {
        restore();
        interruption();
      }
      return operation.apply(Atomics, parameters);
    };
    Reflect.set(Atomics, name, counted);
  }
  try {
    body();
  } finally {
    restore();
  }
  return left < 0;
}
