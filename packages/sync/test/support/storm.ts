import { Barrier, Condition, Mutex, RwLock, Semaphore } from '@ringway/sync';
import type { Kind } from '../fixtures/primitive-protocol.js';
import { Random } from './random.js';

const SHORT_MS = 3;

interface Held {
  release(): void;
}

/** A handle in a storm: each step may be refused, and must end. */
interface Sailor {
  readonly steps: readonly (() => unknown)[];
  close(): void;
}

function options(random: Random): { timeout: number; signal?: AbortSignal } {
  const timeout = random.below(SHORT_MS);
  return random.below(3) === 0 ? { timeout, signal: AbortSignal.timeout(random.below(SHORT_MS)) } : { timeout };
}

function sailor(kind: Kind, name: string, random: Random): Sailor {
  const timeout = (): { timeout: number; signal?: AbortSignal } => options(random);
  const sync = (): { timeout: number } => ({ timeout: random.below(SHORT_MS) });
  switch (kind) {
    case 'mutex': {
      const mutex = Mutex.open(name);
      return {
        steps: [() => mutex.acquire(timeout()), () => mutex.acquireSync(sync()), () => mutex.tryAcquire()],
        close: () => {
          mutex.close();
        },
      };
    }
    case 'semaphore': {
      const semaphore = Semaphore.open(name);
      return {
        steps: [
          () => semaphore.acquire(1, timeout()),
          () => semaphore.acquireSync(1, sync()),
          () => semaphore.tryAcquire(),
          () => {
            if (!semaphore.owned) semaphore.release();
          },
          () => semaphore.value,
        ],
        close: () => {
          semaphore.close();
        },
      };
    }
    case 'rwLock': {
      const lock = RwLock.open(name);
      return {
        steps: [
          () => lock.read(timeout()),
          () => lock.write(timeout()),
          () => lock.readSync(sync()),
          () => lock.writeSync(sync()),
          () => lock.tryRead(),
          () => lock.tryWrite(),
        ],
        close: () => {
          lock.close();
        },
      };
    }
    case 'condition': {
      const condition = Condition.open(name);
      // Nobody writes over this one.
      const mutex = Mutex.open(`${name}.mutex`);
      return {
        steps: [
          () => mutex.run((guard) => condition.wait(guard, timeout())),
          () =>
            mutex.run((guard) => {
              condition.waitSync(guard, sync());
            }),
          () => condition.signal(),
          () => {
            condition.broadcast();
          },
        ],
        close: () => {
          condition.close();
          mutex.close();
        },
      };
    }
    case 'barrier': {
      const barrier = Barrier.open(name);
      return {
        steps: [
          () => barrier.wait(timeout()),
          () => barrier.waitSync(sync()),
          () => barrier.reset(),
          () => barrier.arrived,
        ],
        close: () => {
          barrier.close();
        },
      };
    }
  }
}

/** Only what Ringway says is an answer: its codes, an abort, a range that another number of permits allows. */
function assertTyped(error: unknown): void {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (code.startsWith('ERR_RINGWAY_') || code === 'ABORT_ERR' || error instanceof RangeError) return;
  throw error;
}

/** Does whatever can be done with a primitive, in an order that the seed decides. Resolves to how many steps have ended, all of which must. */
export async function storm(kind: Kind, name: string, steps: number, seed: number): Promise<number> {
  const random = new Random(seed);
  const held: Held[] = [];
  let ended = 0;
  let current: Sailor | undefined;
  const step = async (): Promise<void> => {
    if (current === undefined || random.below(40) === 0) {
      current?.close();
      current = undefined;
      current = sailor(kind, name, random);
    }
    if (held.length > 0 && random.below(2) === 0) held.shift()?.release();
    const result: unknown = await random.one(current.steps)();
    if (result !== undefined && typeof result === 'object' && result !== null && 'release' in result) {
      held.push(result as Held);
    }
  };
  for (let count = 0; count < steps; count++) {
    try {
      await step();
    } catch (error) {
      assertTyped(error);
    }
    ended++;
  }
  for (const guard of held) {
    try {
      guard.release();
    } catch (error) {
      assertTyped(error);
    }
  }
  current?.close();
  return ended;
}
