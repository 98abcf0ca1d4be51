import { Segment } from '@ringway/memory';
import { Acquisitions, closedError, type Contended } from './acquisitions.js';
import type { IdleChoice } from './primitive-options.js';
import type { SyncRecord } from './record.js';
import { leaving } from './waits.js';

/**
 * One handle of a mutex, a read-write lock, a semaphore, a condition or a barrier: it takes part in the segment where their record lies, its waits stand in one line, and
 * it can be closed.
 */
export abstract class Primitive {
  /** @internal */
  protected readonly record: SyncRecord;
  /** @internal */
  protected readonly acquisitions: Acquisitions;
  readonly #what: string;
  #closed = false;

  /**
   * @internal
   *
   * @param what - what it is, for the message to those that wait when it is closed: "mutex"
   * @param hooks - what its acquisitions ask, where that is not the same for all primitives
   */
  protected constructor(
    what: string,
    record: SyncRecord,
    { idle, pollMicroseconds }: IdleChoice,
    hooks: Partial<Contended>,
  ) {
    const { participant, doorbells } = record;
    this.#what = what;
    this.record = record;
    const contended: Contended = {
      isBlockedHere: () => false,
      announce: () => {
        doorbells.announce(participant.slot);
      },
      withdraw: () => doorbells.withdraw(participant.slot),
      passOn: () => undefined,
      ...hooks,
    };
    this.acquisitions = new Acquisitions(participant, contended, idle, pollMicroseconds);
  }

  /** Removes the name; who has it open goes on. False if there is none. */
  static unlink(name: string, options: { readonly dir?: string } = {}): boolean {
    return Segment.unlink(name, options);
  }

  /** As on sockets: whether a wait keeps the process alive. */
  ref(): this {
    this.acquisitions.reference(true);
    return this;
  }

  /** See `ref`. */
  unref(): this {
    this.acquisitions.reference(false);
    return this;
  }

  /** Immediate, idempotent, never throws. Waits reject with `ERR_RINGWAY_CLOSED`; what this handle has is as a dead one's from here. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.acquisitions.close(closedError(this.#what));
    leaving(this.record.segment, () => {
      this.leave();
    });
    this.record.close();
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Whether it was closed, or its segment was. */
  protected get closed(): boolean {
    return this.#closed || this.record.segment.closed;
  }

  /** Throws `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_SEGMENT_TRUNCATED`. */
  protected assertOpen(): void {
    this.record.assertOpen(this.#closed);
  }

  /** Gives up what this handle has in shared memory, for others. */
  protected leave(): void {
    // A condition has nothing that outlives its waits.
  }
}
