import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** What a process has open and in use. */
interface Usage {
  readonly descriptors: number;
  /** Mappings of segments of this run. */
  readonly mappings: number;
  readonly allMappings: number;
  /** What keeps the event loop. */
  readonly resources: number;
  /** Objects of this run in shared memory. */
  readonly objects: number;
  readonly rssMib: number;
}

/**
 * By how much each may be more than at the first look: what is used by all segments is made when it is first needed,
 * and memory is given back late.
 */
const SLACK: Usage = { descriptors: 3, mappings: 0, allMappings: 1000, resources: 8, objects: 0, rssMib: 400 };
const DESCRIPTORS = '/proc/self/fd';
const SHARED_MEMORY = '/dev/shm';

/** Finds what a process has more of than it should. */
export class Leaks {
  readonly #prefix: string;
  #first: Usage | undefined;

  /** @param prefix - part of the names of all objects of this process */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** When nothing is in use. Returns what there is too much of. */
  async look(): Promise<string[]> {
    await settled();
    const usage = this.#usage();
    this.#first ??= { ...usage, mappings: 0, objects: 0 };
    const found: string[] = [];
    for (const name of Object.keys(usage) as (keyof Usage)[]) {
      const most = this.#first[name] + SLACK[name];
      if (usage[name] > most) found.push(`${name}: ${usage[name]}, at first ${this.#first[name]}`);
    }
    if (found.length > 0) found.push(`open: ${descriptors().join(' ')}`);
    // Told once: what is there now is the new measure.
    if (found.length > 0) this.#first = usage;
    return found;
  }

  #usage(): Usage {
    const maps = readFileSync('/proc/self/maps', 'utf8').split('\n');
    return {
      descriptors: readdirSync(DESCRIPTORS).length,
      mappings: maps.filter((line) => line.includes(this.#prefix)).length,
      allMappings: maps.length,
      resources: process.getActiveResourcesInfo().length,
      objects: readdirSync(SHARED_MEMORY).filter((entry) => entry.includes(this.#prefix)).length,
      rssMib: Math.round(process.memoryUsage.rss() / 2 ** 20),
    };
  }
}

/** What each descriptor leads to. */
function descriptors(): string[] {
  return readdirSync(DESCRIPTORS).flatMap((fd) => {
    try {
      return readlinkSync(`${DESCRIPTORS}/${fd}`);
    } catch (error) {
      // That with which the directory itself was read.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}

/** Lets finalizers run: they need collections, and turns of the event loop. */
async function settled(): Promise<void> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}
