import { RingwayError } from '@ringway/memory';
import { Idle, Pending, timeoutError, type IdleStrategy, type WaitOptions, type Waiting } from '@ringway/sync';
import type { BoardEntry } from './blackboard-entry.js';
import type { Board } from './board.js';
import { unlessTruncated } from './truncated.js';

const NO_VERSION = 'no newer version came';

/** Somebody who waits for a version above `after`. Resolves to false when nobody wants it any more. */
export interface VersionWait {
  readonly entry: BoardEntry;
  readonly after: number;
  readonly pending: Pending<boolean>;
}

/**
 * The waits of one handle: any number on the event loop, for any keys, and besides them a blocking one. All park on the one doorbell of its slot, and announce themselves at each key that
 * they wait for. A write wakes all who wait for its key, so there is no ring that would have to be passed on to somebody else.
 */
export class BlackboardWaits {
  readonly #board: Board;
  readonly #waits = new Set<VersionWait>();
  /** Where this handle has announced itself for waits on the event loop, by the key's index. */
  readonly #announced = new Map<number, BoardEntry>();
  readonly #idle: Idle;
  readonly #strategy: IdleStrategy;
  readonly #pollMicroseconds: number;

  /** @param board - the handle's, which has joined */
  constructor(board: Board, strategy: IdleStrategy, pollMicroseconds: number) {
    this.#board = board;
    this.#strategy = strategy;
    this.#pollMicroseconds = pollMicroseconds;
    this.#idle = this.#newIdle({
      look: () => this.#look(),
      announce: () => {
        for (const { entry } of this.#waits) {
          this.#announced.set(entry.index, entry);
          this.#announce(entry);
        }
      },
      withdraw: unlessTruncated(() => {
        for (const entry of this.#announced.values()) this.#withdraw(entry);
        this.#announced.clear();
      }),
      failed: (error: unknown) => {
        this.fail(error);
      },
    });
  }

  /** Waits until the key has a version above `after`; the caller has just looked in vain. */
  wait(entry: BoardEntry, after: number, options: WaitOptions | undefined): VersionWait {
    const over = (): void => {
      this.#forget(wait);
    };
    const wait = { entry, after, pending: new Pending<boolean>(options, NO_VERSION, over) };
    this.#waits.add(wait);
    if (this.#idle.active) this.#restart();
    else this.#idle.start();
    return wait;
  }

  /** Whoever waits does not want it any more. */
  cancel(wait: VersionWait): void {
    this.#forget(wait);
    wait.pending.resolve(false);
  }

  /** Blocks the thread until the key has a version above `after`. Throws `ERR_RINGWAY_TIMEOUT`. */
  block(entry: BoardEntry, after: number, timeout: number | undefined): void {
    const idle = this.#newIdle({
      look: () => entry.version() > after,
      announce: () => {
        this.#announce(entry);
      },
      withdraw: unlessTruncated(() => {
        this.#withdraw(entry);
      }),
      failed: (error: unknown) => {
        throw error;
      },
    });
    try {
      if (!idle.blockFor(timeout ?? Infinity)) throw timeoutError(NO_VERSION, timeout ?? 0);
    } finally {
      // It has taken back an announcement that may have been that of others here, too.
      if (this.#idle.active && !this.#board.segment.closed) this.#restart();
    }
  }

  /** Nothing can come any more: all waits reject with this. */
  fail(error: unknown): void {
    this.#idle.stop();
    for (const wait of this.#waits) {
      this.#waits.delete(wait);
      wait.pending.reject(error);
    }
  }

  #newIdle(waiting: Pick<Waiting, 'look' | 'announce' | 'withdraw' | 'failed'>): Idle {
    const { segment, words, layout, roster, slots, slot } = this.#board;
    const whole: Waiting = {
      ...waiting,
      doorbell: slots.doorbell(slot),
      lookForDead: () => {
        this.#board.sweep();
      },
      passOn: () => undefined,
    };
    return new Idle(segment, words, layout.participants, roster, whole, this.#strategy, this.#pollMicroseconds);
  }

  /**
   * Parks anew, for who has come, too: he is to be announced, and his key's writer is to be among those whose death is waited for, who may have joined since the others went to
   * sleep.
   */
  #restart(): void {
    this.#idle.stop();
    this.#idle.start();
  }

  #announce(entry: BoardEntry): void {
    const { slot } = this.#board;
    entry.doorbells.enroll(slot);
    entry.doorbells.announce(slot);
  }

  #withdraw(entry: BoardEntry): void {
    if (!this.#board.segment.closed && this.#board.joined) entry.doorbells.withdraw(this.#board.slot);
  }

  /** Resolves those whose version is there. True when none is left. */
  #look(): boolean {
    for (const wait of this.#waits) {
      let newer: boolean;
      try {
        newer = wait.entry.version() > wait.after;
      } catch (error) {
        // What is the matter with one key concerns those who wait for it.
        if (!(error instanceof RingwayError) || error.code !== 'ERR_RINGWAY_CORRUPT_SEGMENT') throw error;
        this.#waits.delete(wait);
        wait.pending.reject(error);
        continue;
      }
      if (!newer) continue;
      this.#waits.delete(wait);
      wait.pending.resolve(true);
    }
    return this.#waits.size === 0;
  }

  /** Its announcement may stay until all wake: a write rings once too often then. */
  #forget(wait: VersionWait): void {
    if (this.#waits.delete(wait) && this.#waits.size === 0) this.#idle.stop();
  }
}
