/**
 * How long a test waits for something that must come, in milliseconds: so long that only a hang takes longer, on a slow and busy machine
 * with one core, too. What proves something is the event; this only names what never came.
 */
export const PATIENCE_MS = 20_000;

/** Time limit of a test with several such waits, in milliseconds. */
export const TEST_MS = 3 * PATIENCE_MS;

/** Gives the event loop so many turns. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Gives the event loop turns until the condition holds; the test's own time limit ends the wait. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** What a promise has come to by now: `undefined` while it is open. */
export class Outcome<T> {
  value: T | undefined;
  error: unknown;
  settled = false;
  readonly done: Promise<void>;

  constructor(promise: Promise<T>) {
    this.done = promise.then(
      (value) => {
        this.value = value;
        this.settled = true;
      },
      (error: unknown) => {
        this.error = error;
        this.settled = true;
      },
    );
  }
}

/** Resolves to what the promise resolves to, or fails with `what` after so many milliseconds: a hang is named where it is. */
export async function within<T>(milliseconds: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${milliseconds} ms`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
