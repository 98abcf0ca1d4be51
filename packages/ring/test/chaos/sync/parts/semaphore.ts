import { setTimeout as sleep } from 'node:timers/promises';
import { Semaphore } from '@ringway/sync';
import { AUDITOR, PHASE, TALLY } from '../journal.js';
import type { Loop } from '../loop.js';
import type { Actor, Keeper, Observation, Part, Scene } from '../part.js';

/** The scenario's words. */
const GRANTS = 0;
/** Permits that the dead may have acquired without writing it down. */
const UNSURE = 1;

/** Places that only signal; the others only wait for signals. */
const SIGNALLERS = 2;
const MOST_WAITING_SIGNALS = 8;
const MOST_PERMITS = 3;
/** Enough for all that may wait. */
const LAST_SIGNALS = 64;
const WAKE_MS = 10;

/** A semaphore that anybody may raise: each permit that is released is acquired once. */
export const semaphore: Part = {
  name: 'semaphore',
  places: 5,
  loops: 3,
  buried: ({ words, area }, row) => {
    if (row.is(PHASE.waiting)) Atomics.add(words, area + UNSURE, row.tally(TALLY.amount));
  },
  keep: (scene) => new SemaphoreKeeper(scene),
  join: (scene) => new SemaphoreActor(scene),
};

class SemaphoreActor implements Actor {
  readonly #scene: Scene;
  readonly #semaphore: Semaphore;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#semaphore = Semaphore.open(scene.name, { permits: 0 });
  }

  async step(loop: Loop): Promise<boolean> {
    if (loop.row.place < SIGNALLERS) await this.#signal(loop);
    else await this.#wait(loop);
    return true;
  }

  close(): void {
    this.#semaphore.close();
  }

  async #signal(loop: Loop): Promise<void> {
    const { row, random } = loop;
    if (this.#semaphore.value >= MOST_WAITING_SIGNALS) {
      await loop.pause(random.next());
      return;
    }
    const count = random.between(1, MOST_PERMITS);
    row.phase = PHASE.leaving;
    row.add(TALLY.giving, count);
    // Made on purpose: says so, and does not.
    if (this.#scene.planted !== 'forget-permits' || row.place !== 0) this.#semaphore.release(count);
    row.add(TALLY.given, count);
  }

  async #wait(loop: Loop): Promise<void> {
    const { row, random } = loop;
    const { words, area } = this.#scene.journal;
    const count = random.between(1, MOST_PERMITS);
    row.put(TALLY.amount, count);
    row.phase = PHASE.waiting;
    const guard = await loop.attempt(
      (options) => this.#semaphore.acquireSync(count, options),
      (options) => this.#semaphore.acquire(count, options),
    );
    if (guard === undefined) return;
    row.add(TALLY.gained, count);
    row.phase = PHASE.holding;
    Atomics.add(words, area + GRANTS, 1);
    await loop.linger();
  }
}

class SemaphoreKeeper implements Keeper {
  readonly fair = true;
  readonly #scene: Scene;
  readonly #semaphore: Semaphore;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#semaphore = Semaphore.open(scene.name, { permits: 0 });
  }

  observe(): Observation[] {
    const { journal } = this.#scene;
    const { value } = this.#semaphore;
    const vain = journal.rows.filter((row) => row.isLive && row.is(PHASE.waiting) && row.tally(TALLY.amount) <= value);
    return [{ key: 'semaphore', progress: Atomics.load(journal.words, journal.area + GRANTS), vain }];
  }

  async wake(): Promise<void> {
    const row = this.#scene.journal.row(AUDITOR, 0);
    if (this.#semaphore.value < LAST_SIGNALS) {
      row.add(TALLY.giving, LAST_SIGNALS);
      this.#semaphore.release(LAST_SIGNALS);
      row.add(TALLY.given, LAST_SIGNALS);
    }
    await sleep(WAKE_MS);
  }

  audit(): Promise<void> {
    const { journal, findings } = this.#scene;
    const { value } = this.#semaphore;
    const gained = journal.sum(TALLY.gained);
    const most = journal.sum(TALLY.giving) - gained;
    const least = journal.sum(TALLY.given) - gained - journal.words[journal.area + UNSURE];
    if (value < least) findings.add('lost', `semaphore: ${value} permits are left where at least ${least} should be`);
    if (value > most) findings.add('doubled', `semaphore: ${value} permits are left where at most ${most} can be`);
    return Promise.resolve();
  }

  close(): void {
    this.#semaphore.close();
  }
}
