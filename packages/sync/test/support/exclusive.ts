import { Mutex, RwLock, Semaphore, type WaitOptions } from '@ringway/sync';
import type { Kind } from '../fixtures/primitive-protocol.js';

/** What all guards have. */
export interface Guard {
  readonly held: boolean;
  release(): void;
  [Symbol.dispose](): void;
}

/** Anything that one can have at a time. */
export interface Exclusive {
  acquire(options?: WaitOptions): Promise<Guard>;
  acquireSync(options?: WaitOptions): Guard;
  tryAcquire(): Guard | undefined;
  ref(): unknown;
  unref(): unknown;
  close(): void;
}

/** A primitive used so that one can have it at a time. */
export interface Subject {
  readonly title: string;
  readonly kind: Kind;
  /** For a peer that opens it. */
  readonly options: Readonly<Record<string, unknown>>;
  /** For a peer that acquires it. */
  readonly mode: 'write';
  /** Whether another one gets it when its holder dies. */
  readonly survives: boolean;
  /** Whether a thread that has it may not block for it. */
  readonly deadlocks: boolean;
  readonly open: (name: string) => Exclusive;
}

function semaphore(name: string, owned: boolean): Exclusive {
  const opened = Semaphore.open(name, { permits: 1, owned });
  return {
    acquire: (options) => opened.acquire(1, options),
    acquireSync: (options) => opened.acquireSync(1, options),
    tryAcquire: () => opened.tryAcquire(),
    ref: () => opened.ref(),
    unref: () => opened.unref(),
    close: () => {
      opened.close();
    },
  };
}

function writer(name: string): Exclusive {
  const opened = RwLock.open(name);
  return {
    acquire: (options) => opened.write(options),
    acquireSync: (options) => opened.writeSync(options),
    tryAcquire: () => opened.tryWrite(),
    ref: () => opened.ref(),
    unref: () => opened.unref(),
    close: () => {
      opened.close();
    },
  };
}

/** Each primitive of which one at a time can have something. */
export const SUBJECTS: readonly Subject[] = [
  {
    title: 'a mutex',
    kind: 'mutex',
    options: {},
    mode: 'write',
    survives: true,
    deadlocks: true,
    open: (name) => Mutex.open(name),
  },
  {
    title: 'a plain semaphore of one permit',
    kind: 'semaphore',
    options: { permits: 1, owned: false },
    mode: 'write',
    survives: false,
    deadlocks: false,
    open: (name) => semaphore(name, false),
  },
  {
    title: 'an owned semaphore of one permit',
    kind: 'semaphore',
    options: { permits: 1, owned: true },
    mode: 'write',
    survives: true,
    deadlocks: false,
    open: (name) => semaphore(name, true),
  },
  {
    title: 'a read-write lock for writing',
    kind: 'rwLock',
    options: {},
    mode: 'write',
    survives: true,
    deadlocks: true,
    open: writer,
  },
];
