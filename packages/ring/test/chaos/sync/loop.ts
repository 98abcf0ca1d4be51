import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { WaitOptions } from '@ringway/sync';
import type { Random } from '../random.js';
import { PHASE, type Journal, type Row } from './journal.js';

/** How a thread waits. */
export type Mode = 'await' | 'block';

/** How the parent waits. */
export const AUDITING = { mode: 'await', patient: true } as const;

const MOST_PATIENCE_MS = 30;
const MOST_SPIN_MS = 0.5;
const MOST_LINGER_MS = 4;
const GIVEN_UP = new Set(['ERR_RINGWAY_TIMEOUT', 'ABORT_ERR', 'ERR_RINGWAY_CLOSED']);

/** Slept on by threads that block. */
const nobody = new Int32Array(new SharedArrayBuffer(4));

/** One of those who acquire and release again and again. */
export class Loop {
  readonly row: Row;
  readonly journal: Journal;
  readonly random: Random;
  readonly mode: Mode;

  readonly #patient: boolean;

  constructor(journal: Journal, row: Row, random: Random, { mode, patient }: { mode: Mode; patient: boolean }) {
    this.journal = journal;
    this.row = row;
    this.random = random;
    this.mode = mode;
    this.#patient = patient;
  }

  get stopping(): boolean {
    return this.journal.stopping;
  }

  /**
   * Waits for something, by the form of this thread; some lose patience or are aborted. Undefined: did not get it, or
   * the handle was closed meanwhile. The row says `phase` while it waits, and afterwards `then`, unless nothing came of
   * it.
   */
  async attempt<T>(
    sync: (options: WaitOptions | undefined) => T,
    awaited: (options: WaitOptions | undefined) => Promise<T>,
  ): Promise<T | undefined> {
    const { patience, signal, end } = this.#patience();
    const options = patience === undefined && signal === undefined ? undefined : { timeout: patience, signal };
    try {
      return this.mode === 'block' ? sync(options) : await awaited(options);
    } catch (error) {
      if (!GIVEN_UP.has((error as { code?: string }).code ?? '')) throw error;
      return undefined;
    } finally {
      end();
    }
  }

  /** Has something, for some time. */
  async linger(): Promise<void> {
    const kind = this.random.next();
    if (kind < 0.5) return;
    if (kind < 0.85) {
      const until = performance.now() + this.random.next() * MOST_SPIN_MS;
      while (performance.now() < until);
    } else await this.pause(this.random.next() * MOST_LINGER_MS);
  }

  /** Between two acquisitions. */
  async rest(): Promise<void> {
    this.row.phase = PHASE.idle;
    const kind = this.random.next();
    if (kind < 0.1) await this.pause(this.random.next() * MOST_LINGER_MS);
    // Also threads that block hear of the end of their parent.
    else if (kind < 0.3) await turn();
  }

  async pause(milliseconds: number): Promise<void> {
    if (this.mode === 'block') Atomics.wait(nobody, 0, 0, milliseconds);
    else await sleep(milliseconds);
  }

  #patience(): { patience: number | undefined; signal: AbortSignal | undefined; end: () => void } {
    const kind = this.random.next();
    const limit = this.random.next() * MOST_PATIENCE_MS;
    const none = (): undefined => undefined;
    if (this.#patient || kind < 0.75) return { patience: undefined, signal: undefined, end: none };
    if (kind < 0.9 || this.mode === 'block') return { patience: limit, signal: undefined, end: none };
    const controller = new AbortController();
    const timer = setTimeout(() => {
      controller.abort();
    }, limit);
    return {
      patience: undefined,
      signal: controller.signal,
      end: () => {
        clearTimeout(timer);
      },
    };
  }
}
