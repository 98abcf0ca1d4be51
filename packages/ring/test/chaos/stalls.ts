import type { LaneStats, Queue } from '../../dist/index.js';
import type { Participant } from './participants.js';

const SAMPLE_MS = 25;
/** What nobody may wait longer than, after the lock of a dead one is free. */
const LIMIT_MS = 250;

interface Watched {
  /** What must not stay the same. */
  progress: number;
  /** Milliseconds of samples that came in time, without progress. */
  still: number;
  told: boolean;
}

/**
 * Watches from outside whether a lane with a backlog is worked on while a consumer lives, and whether a producer with room sends. Counts only samples
 * that came in time: on a machine that gives nobody any time, nothing can be said.
 */
export class Stalls {
  count = 0;
  readonly findings: string[] = [];
  readonly #queue: Queue<Uint8Array>;
  readonly #live: ReadonlySet<Participant>;
  readonly #lanes = new Map<number, Watched>();
  readonly #timer: NodeJS.Timeout;
  #lastKill = 0;
  #before = performance.now();

  constructor(queue: Queue<Uint8Array>, live: ReadonlySet<Participant>) {
    this.#queue = queue;
    this.#live = live;
    this.#timer = setInterval(() => {
      this.#sample();
    }, SAMPLE_MS);
  }

  /** A process is dead: its locks are free now. */
  killed(): void {
    this.#lastKill = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const now = performance.now();
    const elapsed = now - this.#before;
    this.#before = now;
    const consumers = [...this.#live].filter(
      ({ role, running }) => role === 'consumer' && running !== undefined && now - running > LIMIT_MS,
    );
    const late = elapsed > 2 * SAMPLE_MS;
    for (const lane of this.#queue.stats().lanes) this.#judge(lane, late || consumers.length === 0 ? 0 : elapsed);
  }

  #judge(lane: LaneStats, elapsed: number): void {
    const progress = lane.acknowledgedMessages;
    const watched = this.#lanes.get(lane.lane);
    if (watched?.progress !== progress || lane.backlogBytes === 0) {
      this.#lanes.set(lane.lane, { progress, still: 0, told: false });
      return;
    }
    watched.still += elapsed;
    if (watched.still <= LIMIT_MS + SAMPLE_MS || watched.told) return;
    watched.told = true;
    this.count++;
    this.findings.push(
      `lane ${lane.lane} stood still for ${Math.round(watched.still)} ms, last kill ${Math.round(performance.now() - this.#lastKill)} ms ago: ${JSON.stringify(lane)}`,
    );
  }
}
