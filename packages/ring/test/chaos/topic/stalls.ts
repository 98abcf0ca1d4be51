import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Participant } from '../participants.js';
import { MANNERS, type Role } from './scene.js';
import type { Truth } from './truth.js';

const SAMPLE_MS = 100;
/** What nobody may stand still for while there is something to do. */
const LIMIT_MS = 3000;

interface Watched {
  size: number;
  /** Messages published when its journal grew last. */
  published: number;
  /** Milliseconds of samples that came in time, since then. */
  still: number;
  told: boolean;
}

/**
 * Watches from outside whether publishers publish, and whether subscribers that want everything get something while others publish. Counts only samples that came in time: on a machine that gives nobody
 * any time, nothing can be said.
 */
export class Stalls {
  count = 0;
  readonly findings: string[] = [];
  readonly #folder: string;
  readonly #truth: Truth;
  readonly #live: ReadonlySet<Participant<Role>>;
  readonly #watched = new Map<number, Watched>();
  readonly #timer: NodeJS.Timeout;
  #before = performance.now();

  constructor(folder: string, truth: Truth, live: ReadonlySet<Participant<Role>>) {
    this.#folder = folder;
    this.#truth = truth;
    this.#live = live;
    this.#timer = setInterval(() => {
      this.#sample();
    }, SAMPLE_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    const now = performance.now();
    const elapsed = now - this.#before;
    this.#before = now;
    for (const one of this.#live) {
      if (one.running === undefined || one.leaving) continue;
      if (one.role === 'subscriber' && MANNERS[Number(one.place.split('-')[1])].key !== 0) continue;
      this.#judge(one, elapsed > 2 * SAMPLE_MS ? 0 : elapsed);
    }
  }

  #judge({ role, id, place }: Participant<Role>, elapsed: number): void {
    const { size } = statSync(join(this.#folder, `${role}-${id}`));
    const published = this.#truth.count;
    const watched = this.#watched.get(id);
    // A subscriber has nothing to do where nobody publishes, and then the publishers stand still.
    if (watched?.size !== size || (role === 'subscriber' && watched.published === published)) {
      this.#watched.set(id, { size, published, still: 0, told: false });
      return;
    }
    watched.still += elapsed;
    if (watched.still <= LIMIT_MS || watched.told) return;
    watched.told = true;
    this.count++;
    this.findings.push(`stalled: ${role} ${id} (${place}) for ${Math.round(watched.still)} ms`);
  }
}
