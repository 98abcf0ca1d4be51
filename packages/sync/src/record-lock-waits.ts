import { constants } from 'node:os';
import { PosixError } from '@ringway/memory';
import type { Native } from '@ringway/native';

/** One wait for a record lock, in a native thread of its own. */
export interface RecordWait {
  /** Blocks this thread until the wait is over, at most that many milliseconds (whole ones, up to 1000). */
  isOverWithin(milliseconds: number): boolean;
  /**
   * Ends the wait. True: the lock was got, be it at the last moment, and is the descriptor's now. False: it was not.
   * Throws {@link PosixError} when the kernel refused it. Once only.
   */
  end(): boolean;
  /** Ends the wait for one whose descriptor is about to be closed: whether the lock was got is of no interest. */
  abandon(): void;
}

/** Where a wait happens: what the native function takes. */
export interface RecordRequest {
  readonly fd: number;
  readonly start: number;
  readonly length: number;
  readonly mode: number;
}

/** All waits for record locks of this environment: the addon reports to one function, which finds whom it concerns. */
class RecordWaits {
  readonly #native: Native;
  readonly #over = new Map<number, () => void>();

  constructor(native: Native) {
    this.#native = native;
    // A wait that was ended while its report was on the way is not here any more.
    native.onRecordWait((id) => this.#over.get(id)?.());
  }

  /**
   * Begins a wait, which keeps the event loop alive. Throws {@link PosixError} (`EAGAIN`: there are 256 in this
   * process).
   *
   * @param over - called on the event loop when the wait is over, unless it was ended before; `end` tells how
   */
  start(request: RecordRequest, over: () => void): RecordWait {
    const native = this.#native;
    const id = native.waitForRecord(request.fd, request.start, request.length, request.mode);
    if (id < 0) throw new PosixError(id, 'pthread_create');
    this.#over.set(id, over);
    if (this.#over.size === 1) native.refRecordWaits(true);
    const end = (): number => {
      this.#over.delete(id);
      if (this.#over.size === 0) native.refRecordWaits(false);
      return native.endRecordWait(id);
    };
    return {
      isOverWithin: (milliseconds) => native.isRecordWaitOver(id, milliseconds) !== 0,
      end: () => {
        const outcome = end();
        if (outcome === -constants.errno.EINTR) return false;
        if (outcome !== 0) throw new PosixError(outcome, 'fcntl');
        return true;
      },
      abandon: () => {
        end();
      },
    };
  }
}

export type { RecordWaits };

let environment: RecordWaits | undefined;

/** The dispatcher of this environment: there is one, because the addon reports to one function. */
export function recordWaits(native: Native): RecordWaits {
  environment ??= new RecordWaits(native);
  return environment;
}
