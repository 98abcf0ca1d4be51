import { Semaphore } from '@ringway/sync';
import { PHASE, TALLY, type Row } from '../journal.js';
import type { Loop } from '../loop.js';
import type { Actor, Keeper, Observation, Part, Scene } from '../part.js';

/** The scenario's words. */
const GRANTS = 0;

const PERMITS = 4;
const MOST_WANTED = 3;
const CARELESS = 0.01;
const OPTIONS = { permits: PERMITS, owned: true } as const;
const LAST_TIMEOUT_MS = 10_000;

/** A semaphore whose permits belong to who has them: never more are held than there are, and the dead's come back. */
export const ownedSemaphore: Part = {
  name: 'owned-semaphore',
  places: 5,
  loops: 3,
  buried: () => {
    // What the dead had is free again: nothing is to be written down.
  },
  keep: (scene) => new OwnedSemaphoreKeeper(scene),
  join: (scene, rows) => new OwnedSemaphoreActor(scene, rows),
};

class OwnedSemaphoreActor implements Actor {
  readonly #scene: Scene;
  readonly #semaphore: Semaphore;
  readonly #rows: readonly Row[];
  #open = true;

  constructor(scene: Scene, rows: readonly Row[]) {
    this.#scene = scene;
    this.#rows = rows;
    this.#semaphore = Semaphore.open(scene.name, OPTIONS);
  }

  async step(loop: Loop): Promise<boolean> {
    const { row, random } = loop;
    const { journal, findings } = this.#scene;
    const count = random.between(1, MOST_WANTED);
    row.put(TALLY.amount, count);
    row.phase = PHASE.waiting;
    const guard = await loop.attempt(
      (options) => this.#semaphore.acquireSync(count, options),
      (options) => this.#semaphore.acquire(count, options),
    );
    if (guard === undefined) return this.#open;
    row.phase = PHASE.holding;
    Atomics.add(journal.words, journal.area + GRANTS, 1);
    row.add(TALLY.gained, 1);
    const holders = journal.together((one) => one.is(PHASE.holding));
    const held = holders.reduce((sum, { amount }) => sum + amount, 0);
    if (held > PERMITS) {
      const who = holders.map((one) => `${one.row.name} ${one.amount}`).join(', ');
      findings.add('doubled', `owned semaphore: ${held} of ${PERMITS} permits are held at once: ${who}`);
    }
    await loop.linger();
    if (random.next() < CARELESS) {
      // What the other loops of this handle have is given up, too.
      for (const mine of this.#rows) mine.doom();
      this.#open = false;
      this.#semaphore.close();
      return false;
    }
    row.phase = PHASE.leaving;
    guard.release();
    return this.#open;
  }

  close(): void {
    this.#semaphore.close();
  }
}

class OwnedSemaphoreKeeper implements Keeper {
  readonly fair = true;
  readonly #scene: Scene;
  readonly #semaphore: Semaphore;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#semaphore = Semaphore.open(scene.name, OPTIONS);
  }

  observe(): Observation[] {
    const { journal } = this.#scene;
    const live = journal.rows.filter(({ isLive }) => isLive);
    const holders = live.filter((row) => row.is(PHASE.holding, PHASE.leaving));
    const free = PERMITS - holders.reduce((sum, row) => sum + row.tally(TALLY.amount), 0);
    const vain = live.filter((row) => row.is(PHASE.waiting) && row.tally(TALLY.amount) <= free);
    return [{ key: 'owned semaphore', progress: Atomics.load(journal.words, journal.area + GRANTS), vain }];
  }

  wake(): Promise<void> {
    return Promise.resolve();
  }

  async audit(): Promise<void> {
    const { findings } = this.#scene;
    try {
      const guard = await this.#semaphore.acquire(PERMITS, { timeout: LAST_TIMEOUT_MS });
      guard.release();
    } catch (error) {
      const { value } = this.#semaphore;
      findings.add('lost', `owned semaphore: nobody is left, and ${value} of ${PERMITS} are free: ${String(error)}`);
    }
    const { value } = this.#semaphore;
    if (value > PERMITS) findings.add('doubled', `owned semaphore: ${value} of ${PERMITS} permits are free`);
  }

  close(): void {
    this.#semaphore.close();
  }
}
