import { Mutex, type MutexGuard } from 'ringway';
import { nowMicroseconds } from '../clock.js';
import { quantile } from '../statistics.js';
import type { HandoverReport, SyncPeer, SyncPeerSpec } from '../sync-peer-spec.js';
import { BLOCKING_TIMEOUT_MS, SETTLE_MICROSECONDS } from './limits.js';
import { SyncScratch, spinUntil } from './sync-scratch.js';

/** Places in the shared memory: number of the handover for which somebody is about to sleep. */
const WAITING = 0;
/** Number of the last one that arrived. */
const TAKEN = 1;
/** When the last one began. */
const BEGAN = 2;
const PLACES = 3;

const WAIT = { timeout: BLOCKING_TIMEOUT_MS };

/** How often this process gave up a processor by itself: its main thread, as good as. Both programs ask alike. */
function sleepsSoFar(): number {
  return process.resourceUsage().voluntaryContextSwitches;
}

/** Hands a mutex to a process that sleeps, and sleeps until it gets it back. */
export class HandoverPeer implements SyncPeer {
  readonly #mutex: Mutex;
  readonly #scratch = new SyncScratch(PLACES);
  readonly #waiting = this.#scratch.words(WAITING);
  readonly #taken = this.#scratch.words(TAKEN);
  readonly #began = this.#scratch.floats(BEGAN);
  /** Whether the next one is for this process to give. */
  #holder: boolean;
  #guard: MutexGuard | undefined;
  /** Of the last handover, over all orders. */
  #number = 0;

  constructor({ name, role }: SyncPeerSpec) {
    this.#mutex = Mutex.open(name);
    this.#holder = role === 'sender';
    if (this.#holder) this.#guard = this.#mutex.acquireSync();
  }

  run(count: number): HandoverReport {
    const times = new Float64Array(Math.ceil(count / 2));
    let taken = 0;
    let slept = 0;
    let sleeps = sleepsSoFar();
    for (let i = 0; i < count; i++) {
      this.#number = (this.#number + 1) | 0;
      if (this.#holder) this.#give();
      else {
        times[slept] = this.#take();
        taken++;
        const before = sleeps;
        sleeps = sleepsSoFar();
        // Who was kept from his processor until it was free has waited for that, and was not woken.
        if (sleeps > before) slept++;
      }
      this.#holder = !this.#holder;
    }
    if (slept === 0) throw new Error(`none of ${taken} receivers slept`);
    const sorted = times.subarray(0, slept).sort();
    return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), taken, slept };
  }

  close(): void {
    this.#mutex.close();
    this.#scratch.close();
  }

  #give(): void {
    spinUntil(this.#waiting, this.#number);
    const settled = performance.now() + SETTLE_MICROSECONDS / 1000;
    while (performance.now() < settled);
    this.#began[0] = nowMicroseconds();
    this.#guard?.release();
    // Who wanted it back at once would take it before the other one is awake.
    spinUntil(this.#taken, this.#number);
  }

  /** In microseconds. */
  #take(): number {
    Atomics.store(this.#waiting, 0, this.#number);
    this.#guard = this.#mutex.acquireSync(WAIT);
    const microseconds = nowMicroseconds() - this.#began[0];
    Atomics.store(this.#taken, 0, this.#number);
    return microseconds;
  }
}
