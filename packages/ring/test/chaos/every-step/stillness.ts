import { readFileSync, readdirSync } from 'node:fs';

import type { Traffic } from './traffic.js';

const SAMPLE_MS = 25;
/** What nobody may wait longer than, after the lock of a dead one is free. */
const LIMIT_MS = 250;

/**
 * Watches from outside whether the survivors go on: something is published, acknowledged, or one of their tasks is done. As the stalls of a random run (stalls.ts) it
 * counts only samples that came in time, and of these only those in which every thread of the survivors slept: who is ready to run and gets no processor does not wait
 * for anybody.
 */
export class Stillness {
  readonly #traffic: () => Traffic | undefined;
  readonly #pids: readonly number[];
  readonly #found: (milliseconds: number) => void;
  readonly #timer: NodeJS.Timeout;
  #tasks = 0;
  #progress = '';
  #still = 0;
  #before = performance.now();

  /**
   * @param traffic - the queue or topic, as soon as there is one
   * @param pids - of the survivors
   * @param found - called once, when they have stood still for too long
   */
  constructor(traffic: () => Traffic | undefined, pids: readonly number[], found: (milliseconds: number) => void) {
    this.#traffic = traffic;
    this.#pids = pids;
    this.#found = found;
    this.#timer = setInterval(() => {
      this.#sample();
    }, SAMPLE_MS);
  }

  /** A task is done. */
  done(): void {
    this.#tasks++;
  }

  /** How many tasks are done. */
  get tasks(): number {
    return this.#tasks;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const now = performance.now();
    const elapsed = now - this.#before;
    this.#before = now;
    const progress = this.#sum();
    if (progress !== this.#progress) {
      this.#progress = progress;
      this.#still = 0;
      return;
    }
    if (elapsed <= 2 * SAMPLE_MS && this.#pids.every(sleeps)) this.#still += elapsed;
    if (this.#still <= LIMIT_MS + SAMPLE_MS) return;
    this.stop();
    this.#found(Math.round(this.#still));
  }

  #sum(): string {
    return `${this.#tasks} ${this.#traffic()?.progress() ?? 0}`;
  }
}

/** Whether all threads of a process sleep: neither run nor are ready to. */
function sleeps(pid: number): boolean {
  const threads = `/proc/${pid}/task`;
  try {
    return readdirSync(threads).every((thread) => {
      const stat = readFileSync(`${threads}/${thread}/stat`, 'utf8');
      return stat.charAt(stat.lastIndexOf(')') + 2) === 'S';
    });
  } catch (error) {
    // A thread has ended meanwhile: something goes on.
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return false;
  }
}
