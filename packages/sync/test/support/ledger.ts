import { Segment } from '@ringway/memory';
import { Mutex, RecordLock, RwLock, Semaphore } from '@ringway/sync';

const DEBIT = 0;
const CREDIT = 1;
const BOX = 2;
const WORDS = 3;

/** Two sums in shared memory that belong together, and a box for one thing: plain memory, in which nobody waits for anybody. */
export class Ledger {
  readonly segment: Segment;
  readonly #words: Int32Array;

  private constructor(segment: Segment) {
    this.segment = segment;
    this.#words = segment.view(Int32Array, 0, WORDS);
  }

  static open(name: string): Ledger {
    return new Ledger(Segment.memory(name, { bytes: WORDS * 4 }));
  }

  /** Adds 1 to both sums: four plain accesses. */
  book(): void {
    this.bookHalf();
    this.#words[CREDIT] += 1;
  }

  /** Adds to the one sum only, as who is killed in between. */
  bookHalf(): void {
    this.#words[DEBIT] += 1;
  }

  /** Takes back what was booked by half. */
  repair(): void {
    this.#words[DEBIT] = this.#words[CREDIT];
  }

  get sums(): [debit: number, credit: number] {
    return [this.#words[DEBIT], this.#words[CREDIT]];
  }

  get box(): number {
    return this.#words[BOX];
  }

  set box(item: number) {
    this.#words[BOX] = item;
  }

  close(): void {
    this.segment.close();
  }
}

/** What lets one process at a time into the ledger. */
export interface LedgerLock {
  acquire(): { release(): void };
  close(): void;
}

const LOCKS = {
  'a mutual exclusion lock': ({ segment }: Ledger): LedgerLock => {
    const mutex = Mutex.open(`${segment.name}-mutex`);
    return {
      acquire: () => mutex.acquireSync(),
      close: () => {
        mutex.close();
      },
    };
  },
  'a read-write lock': ({ segment }: Ledger): LedgerLock => {
    const lock = RwLock.open(`${segment.name}-rw-lock`);
    return {
      acquire: () => lock.writeSync(),
      close: () => {
        lock.close();
      },
    };
  },
  'a record lock': ({ segment }: Ledger): LedgerLock => {
    const locks = RecordLock.open(segment.path);
    // A byte that no handle of the segment locks for itself.
    return {
      acquire: () => locks.acquireSync({ start: 0, length: 1 }),
      close: () => {
        locks.close();
      },
    };
  },
  'a semaphore': ({ segment }: Ledger): LedgerLock => {
    const semaphore = Semaphore.open(`${segment.name}-semaphore`, { permits: 1, owned: true });
    return {
      acquire: () => semaphore.acquireSync(),
      close: () => {
        semaphore.close();
      },
    };
  },
} as const;

export type LockName = keyof typeof LOCKS;

export const LOCK_NAMES = Object.keys(LOCKS) as LockName[];

/** Opens the lock of a ledger. */
export function lockOf(name: LockName, ledger: Ledger): LedgerLock {
  return LOCKS[name](ledger);
}
