import type { Interval, RecordMode } from './interval-table.js';
import { kernelLength } from './record-lock-file.js';
import type { RecordGuard } from './record-lock-options.js';

/** A guard as the handle's table knows it. */
export class HeldRecord implements RecordGuard, Interval {
  readonly start: number;
  readonly end: number;
  readonly mode: RecordMode;
  readonly #letGo: (guard: HeldRecord) => void;
  #released = false;

  /** @param letGo - lets the range go; throws when it could not */
  constructor({ start, end, mode }: Interval, letGo: (guard: HeldRecord) => void) {
    this.start = start;
    this.end = end;
    this.mode = mode;
    this.#letGo = letGo;
  }

  get length(): number {
    return kernelLength(this);
  }

  get released(): boolean {
    return this.#released;
  }

  release(): void {
    if (this.#released) return;
    this.#letGo(this);
    this.#released = true;
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
