import { setTimeout as sleep } from 'node:timers/promises';
import { Barrier } from '@ringway/sync';
import { PHASE, TALLY, type Journal, type Row } from '../journal.js';
import type { Loop } from '../loop.js';
import type { Actor, Keeper, Observation, Part, Scene } from '../part.js';

const PARTIES = 4;
const OPTIONS = { parties: PARTIES } as const;
const BROKEN = 'ERR_RINGWAY_BROKEN_BARRIER';
const PARK_MS = 2;
const WAKE_MS = 10;
const LAST_TIMEOUT_MS = 10_000;

/**
 * The scenario's words. An era is the time between two resets: in it, each place arrives for the first time, the
 * second time, …
 */
const ERA = 0;
/** One more than the era in which somebody died who took part: it must end. */
const DOOMED_ERA = 1;
/** For each place: how often it has arrived in this era, and the last era in which it must not arrive any more. */
const ARRIVALS = 16;
const BARRED = 32;

/** Nobody passes before all have arrived; a death breaks it for all, until the supervisor has reset it. */
export const barrier: Part = {
  name: 'barrier',
  places: PARTIES,
  loops: 1,
  buried: (journal, row) => {
    // Who had his handle open took part; but one that knew it broken already broke nothing else.
    if (row.is(PHASE.idle, PHASE.waiting, PHASE.holding)) {
      Atomics.store(journal.words, journal.area + DOOMED_ERA, eraOf(journal) + 1);
    }
    // His arrival counts, so his successor must not arrive once more in his stead.
    if (row.is(PHASE.waiting)) bar(journal, row.place);
  },
  keep: (scene) => new BarrierKeeper(scene),
  join: async (scene, [row]) => {
    row.phase = PHASE.parked;
    while (!mayArrive(scene.journal, row.place) && !scene.journal.stopping) await sleep(PARK_MS);
    row.phase = PHASE.opening;
    return new BarrierActor(scene);
  },
};

function eraOf({ words, area }: Journal): number {
  return Atomics.load(words, area + ERA);
}

/** Eras count from 1, so that 0 bars from none. */
function mayArrive(journal: Journal, place: number): boolean {
  return eraOf(journal) >= Atomics.load(journal.words, journal.area + BARRED + place);
}

function bar(journal: Journal, place: number): void {
  Atomics.store(journal.words, journal.area + BARRED + place, eraOf(journal) + 1);
}

class BarrierActor implements Actor {
  readonly #scene: Scene;
  readonly #words: Int32Array;
  readonly #arrivals: number;
  readonly #barrier: Barrier;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#words = scene.journal.words;
    this.#arrivals = scene.journal.area + ARRIVALS;
    this.#barrier = Barrier.open(scene.name, OPTIONS);
  }

  async step(loop: Loop): Promise<boolean> {
    const { row, journal } = loop;
    while (!mayArrive(journal, row.place)) {
      row.phase = PHASE.broken;
      if (loop.stopping) return true;
      await loop.pause(PARK_MS);
    }
    const arrival = Atomics.add(this.#words, this.#arrivals + row.place, 1) + 1;
    row.phase = PHASE.waiting;
    if (await this.#wait(loop)) {
      row.phase = PHASE.holding;
      this.#check(row, arrival);
      row.add(TALLY.gained, 1);
    } else bar(journal, row.place);
    return true;
  }

  close(): void {
    this.#barrier.close();
  }

  /** Whether all have arrived. */
  async #wait(loop: Loop): Promise<boolean> {
    // Made on purpose: passes without waiting.
    if (this.#scene.planted === 'ignore-lock' && loop.row.place === 0) return true;
    try {
      const passed = await loop.attempt(
        (options) => ({ last: this.#barrier.waitSync(options) }),
        async (options) => ({ last: await this.#barrier.wait(options) }),
      );
      // Who loses patience just when the last one arrives breaks nothing.
      return passed !== undefined || !this.#barrier.broken;
    } catch (error) {
      if ((error as { code?: string }).code !== BROKEN) throw error;
      return false;
    }
  }

  #check(row: Row, arrival: number): void {
    const { journal, findings } = this.#scene;
    for (let place = 0; place < PARTIES; place++) {
      const arrived = Atomics.load(this.#words, this.#arrivals + place);
      // Not at the end, when the parent arrives as well.
      if (arrived >= arrival || journal.stopping) continue;
      findings.add(
        'doubled',
        `barrier: ${row.name} has passed for the ${arrival}. time, and place ${place} has arrived ${arrived} times`,
      );
    }
  }
}

class BarrierKeeper implements Keeper {
  readonly fair = false;
  readonly #scene: Scene;
  readonly #barrier: Barrier;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#barrier = Barrier.open(scene.name, OPTIONS);
    const { words, area } = scene.journal;
    Atomics.store(words, area + ERA, 1);
  }

  supervise(): void {
    const { journal } = this.#scene;
    if (!this.#barrier.broken) return;
    // Who is dying now is buried before: what he breaks is of this era.
    const here = journal.rows.filter((row) => !row.is(PHASE.none));
    if (here.some((row) => !row.isLive || !row.is(PHASE.broken, PHASE.parked))) return;
    for (let place = 0; place < PARTIES; place++) Atomics.store(journal.words, journal.area + ARRIVALS + place, 0);
    this.#barrier.reset();
    Atomics.add(journal.words, journal.area + ERA, 1);
  }

  observe(): Observation[] {
    const { journal } = this.#scene;
    const era = eraOf(journal);
    const waiting = journal.rows.filter((row) => row.isLive && row.is(PHASE.waiting));
    const { broken } = this.#barrier;
    const doomed = Atomics.load(journal.words, journal.area + DOOMED_ERA) === era + 1;
    return [
      {
        key: 'barrier at which all have arrived',
        progress: journal.sum(TALLY.gained),
        vain: waiting.length === PARTIES ? waiting : [],
      },
      { key: 'broken barrier', progress: era, vain: broken ? waiting : [] },
      { key: 'barrier of a dead one', progress: era, vain: doomed && !broken ? waiting : [] },
    ];
  }

  async wake(): Promise<void> {
    if (!this.#barrier.broken) {
      await this.#barrier.wait({ timeout: WAKE_MS }).catch((error: unknown) => {
        const { code } = error as { code?: string };
        if (code !== BROKEN && code !== 'ERR_RINGWAY_TIMEOUT') throw error;
      });
    }
    await sleep(WAKE_MS);
  }

  async audit(): Promise<void> {
    const { findings, name } = this.#scene;
    const others = Array.from({ length: PARTIES }, () => Barrier.open(name));
    for (let round = 0; ; round++) {
      this.#barrier.reset();
      const waits = others.map((one) => one.wait({ timeout: LAST_TIMEOUT_MS }));
      const results = await Promise.allSettled(waits);
      const failures = results
        .filter((result) => result.status === 'rejected')
        .map(({ reason }) => reason as NodeJS.ErrnoException);
      if (failures.length === 0) {
        const last = results.filter((result) => result.status === 'fulfilled' && result.value).length;
        if (last !== 1) findings.add('doubled', `barrier: ${last} of those who passed had arrived last`);
        break;
      }
      // One of the dead that nobody has met yet may break it, but not for ever.
      if (round === PARTIES || failures.some(({ code }) => code !== BROKEN)) {
        findings.add('lost', `barrier: all who are left arrive, and do not pass: ${failures.join(', ')}`);
        break;
      }
    }
    for (const one of others) one.close();
  }

  close(): void {
    this.#barrier.close();
  }
}
