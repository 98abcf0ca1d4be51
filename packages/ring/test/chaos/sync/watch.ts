import { readFileSync, readdirSync } from 'node:fs';
import { PHASE, type Journal } from './journal.js';
import type { Keeper, Observation } from './part.js';

const SAMPLE_MS = 25;
const SUPERVISE_MS = 5;
/** What nobody may wait longer than for what he could have. */
const VAIN_MS = 250;
/** What nobody may wait longer than while others get what he waits for, each for a few milliseconds. */
const UNFAIR_MS = 2000;
const NANOSECONDS = 1e6;

/** For each thread how many nanoseconds it was ready to run and did not. */
type Queued = ReadonlyMap<string, number>;

interface Watched {
  progress: number;
  /** Milliseconds without progress in which those who wait could have run. */
  still: number;
  /** At the last look. */
  queued: Queued | undefined;
  told: boolean;
}

/**
 * Looks from outside, at what all have written down, whether somebody waits for what he could have, or longer than is
 * fair. Counts only the time in which no thread of their processes stood in the queue of the scheduler: who is
 * given no processor says nothing of the locks. (A look that comes late is as good as one in time: who gets something
 * writes that down, so nothing has happened between two looks that see the same.)
 */
export class Watch {
  readonly findings: string[] = [];
  longestWait = 0;
  longestInVain = 0;
  readonly #journal: Journal;
  readonly #keeper: Keeper;
  readonly #pidOf: (place: number) => number | undefined;
  readonly #watched = new Map<string, Watched>();
  readonly #timers: NodeJS.Timeout[];
  #before = performance.now();
  #suspended = false;

  /** @param pidOf - the process at a place */
  constructor(journal: Journal, keeper: Keeper, pidOf: (place: number) => number | undefined) {
    this.#journal = journal;
    this.#keeper = keeper;
    this.#pidOf = pidOf;
    this.#timers = [
      setInterval(() => {
        this.#sample();
      }, SAMPLE_MS),
      setInterval(() => keeper.supervise?.(), SUPERVISE_MS),
    ];
  }

  /** While somebody is stopped, he may have what others wait for, and not have written it down. */
  suspend(suspended: boolean): void {
    this.#suspended = suspended;
    this.#watched.clear();
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  #sample(): void {
    const now = performance.now();
    const elapsed = now - this.#before;
    this.#before = now;
    // Who is about to die has what he has until he does.
    if (this.#suspended || this.#journal.rows.some(({ isDoomed }) => isDoomed)) return;
    const inVain = this.#keeper.observe().filter(({ vain }) => vain.length > 0);
    const waiting = this.#keeper.fair ? this.#journal.rows.filter((row) => row.isLive && row.is(PHASE.waiting)) : [];
    const waits = waiting.map((row) => ({ key: row.name, progress: row.state, vain: [row] }));
    const known = new Set([...inVain, ...waits].map(({ key }) => key));
    for (const key of this.#watched.keys()) if (!known.has(key)) this.#watched.delete(key);
    for (const one of inVain) {
      this.longestInVain = Math.max(this.longestInVain, this.#judge(one, elapsed, VAIN_MS, 'nothing happened'));
    }
    for (const one of waits) {
      this.longestWait = Math.max(this.longestWait, this.#judge(one, elapsed, UNFAIR_MS, 'others went before'));
    }
  }

  /** Returns how long it has lasted. */
  #judge({ key, progress, vain }: Observation, elapsed: number, limit: number, what: string): number {
    const watched = this.#watched.get(key);
    if (watched?.progress !== progress) {
      this.#watched.set(key, { progress, still: 0, queued: undefined, told: false });
      return 0;
    }
    const queued = this.#queued();
    if (watched.queued !== undefined) watched.still += Math.max(0, elapsed - delay(watched.queued, queued));
    watched.queued = queued;
    if (watched.still > limit && !watched.told) {
      watched.told = true;
      const who = vain.map(({ name }) => name).join(', ');
      this.findings.push(`${key}: ${what} for ${Math.round(watched.still)} ms, and these wait: ${who}`);
    }
    return watched.still;
  }

  /** Of all processes that are here: also of one that has got something, and could not write it down yet. */
  #queued(): Queued {
    const places = new Set(this.#journal.rows.filter(({ isLive }) => isLive).map(({ place }) => place));
    return new Map([...places].flatMap((place) => queuedThreads(this.#pidOf(place))));
  }
}

/** Milliseconds that a thread has stood in the queue of the scheduler: the most of all. */
function delay(before: Queued, now: Queued): number {
  let most = 0;
  for (const [thread, nanoseconds] of now) most = Math.max(most, nanoseconds - (before.get(thread) ?? nanoseconds));
  return most / NANOSECONDS;
}

/** The threads of a process: the second number of `schedstat`. */
function queuedThreads(pid: number | undefined): [thread: string, nanoseconds: number][] {
  if (pid === undefined) return [];
  const folder = `/proc/${pid}/task`;
  try {
    return readdirSync(folder).map((thread) => {
      const [, nanoseconds] = readFileSync(`${folder}/${thread}/schedstat`, 'utf8').split(' ');
      return [thread, Number(nanoseconds)];
    });
  } catch (error) {
    // It has ended meanwhile, or a thread of it.
    const { code } = error as { code?: string };
    if (code === 'ENOENT' || code === 'ESRCH') return [];
    throw error;
  }
}
