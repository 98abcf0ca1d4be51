import type { Segment } from '@ringway/memory';
import type { Barrier, Condition, Mutex, MutexGuard, RwLock, RwLockGuard, Semaphore } from '@ringway/sync';

import { ModelSegment, type ModelObject } from './model-segment.js';
import type { Modules } from './modules.js';
import type { Scheduler } from './scheduler.js';
import { ABANDONED, EVENT, type Shared } from './shared.js';
import { turnUntil } from './turns.js';

/** Which primitive is explored, with how many permits or parties. */
export interface SyncGeometry {
  readonly semaphore?: { readonly permits: number; readonly owned: boolean };
  readonly parties?: number;
  /** How much can be held at a time, of whatever is held: see `EVENT.holds`. Default 1. */
  readonly capacity?: number;
}

/** What a writer of a read-write lock holds; a reader holds 1. */
export const WRITES = 100;

/** Made by this thread. */
let worlds = 0;

/** One participant's view of a segment in which a primitive stands, and a mutex behind it. */
export class SyncWorld {
  readonly modules: Modules;
  readonly segment: ModelSegment;
  readonly #scheduler: Scheduler;
  readonly #open: { close(): void }[] = [];
  #mutex: Mutex | undefined;
  #semaphore: Semaphore | undefined;
  #rwLock: RwLock | undefined;
  #condition: Condition | undefined;
  #barrier: Barrier | undefined;

  constructor(modules: Modules, scheduler: Scheduler, shared: Shared, object: ModelObject) {
    this.modules = modules;
    this.#scheduler = scheduler;
    // A thread plays many runs: what was left held in one is no deadlock in the next.
    const header = { ...object.header, creationId: String(++worlds) };
    this.segment = new ModelSegment(scheduler, shared, { ...object, header });
  }

  mutex(): Mutex {
    return (this.#mutex ??= this.#opened(
      this.modules.Mutex.at(this.#asSegment(), this.modules.recordBytes(PARTICIPANTS)),
    ));
  }

  semaphore(permits: number, owned: boolean): Semaphore {
    return (this.#semaphore ??= this.#opened(this.modules.Semaphore.at(this.#asSegment(), 0, { permits, owned })));
  }

  rwLock(): RwLock {
    return (this.#rwLock ??= this.#opened(this.modules.RwLock.at(this.#asSegment(), 0)));
  }

  condition(): Condition {
    return (this.#condition ??= this.#opened(this.modules.Condition.at(this.#asSegment(), 0)));
  }

  barrier(parties: number): Barrier {
    return (this.#barrier ??= this.#opened(this.modules.Barrier.at(this.#asSegment(), 0, { parties })));
  }

  /** With the mutex: does something that must not be done twice at a time, and lets it go. */
  useMutex(guard: MutexGuard): void {
    this.use(guard, 1, guard.abandoned);
  }

  /** With the read-write lock. */
  useRwLock(guard: RwLockGuard): void {
    this.use(guard, guard.mode === 'write' ? WRITES : 1, guard.abandoned);
  }

  use(guard: { release(): void }, weight: number, abandoned = false): void {
    this.holds(weight, abandoned);
    this.work();
    this.lets(weight);
    guard.release();
  }

  holds(weight: number, abandoned = false): void {
    this.say(EVENT.holds, weight + (abandoned ? ABANDONED : 0));
  }

  lets(weight: number): void {
    this.say(EVENT.lets, weight);
  }

  /** A step that others must not make at the same time. */
  work(): void {
    this.#scheduler.work();
  }

  /** Leaves with everything that it has. */
  leave(): void {
    for (const open of this.#open) open.close();
  }

  until<T>(promise: Promise<T>): Promise<T> {
    return turnUntil(this.segment, promise);
  }

  signal(bit = 0): void {
    this.#scheduler.signal(bit);
  }

  awaitSignal(bit = 0): void {
    this.#scheduler.awaitSignal(bit);
  }

  say(event: number, number: number): void {
    this.#scheduler.log(event, number);
  }

  #opened<T extends { close(): void }>(primitive: T): T {
    this.#open.push(primitive);
    return primitive;
  }

  /** The primitives ask for no more of a segment than a handle has. */
  #asSegment(): Segment {
    return this.segment as unknown as Segment;
  }
}

/** Participants that there is room for: three, and the one that comes after them. */
export const PARTICIPANTS = 4;
