import { Mutex, type MutexGuard } from '@ringway/sync';
import type { Random } from '../../random.js';
import { PHASE, TALLY, AUDITOR, type Row } from '../journal.js';
import { AUDITING, Loop } from '../loop.js';
import type { Actor, Keeper, Observation, Part, Scene } from '../part.js';

/**
 * The scenario's words: who is inside, two counters that are raised one after the other, and what the books need of
 * the dead.
 */
const INSIDE = 0;
const BEGUN = 1;
const DONE = 2;
const GRANTS = 3;
const DEATHS = 4;

const CARELESS = 0.01;
const REPAIRS = 0.8;
const LAST_TIMEOUT_MS = 10_000;

/** Mutual exclusion, and what the next is told of a holder that died. */
export const mutex: Part = {
  name: 'mutex',
  places: 5,
  loops: 3,
  buried: ({ words, area }, row) => {
    if (row.is(PHASE.waiting, PHASE.holding, PHASE.leaving)) Atomics.add(words, area + DEATHS, 1);
  },
  keep: (scene) => new MutexKeeper(scene),
  join: (scene) => new MutexActor(scene),
};

class MutexActor implements Actor {
  readonly #scene: Scene;
  readonly #words: Int32Array;
  readonly #area: number;
  readonly #mutex: Mutex;
  #open = true;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#words = scene.journal.words;
    this.#area = scene.journal.area;
    this.#mutex = Mutex.open(scene.name);
  }

  async step(loop: Loop): Promise<boolean> {
    const { row } = loop;
    row.phase = PHASE.waiting;
    const guard = await this.#acquire(loop);
    if (guard !== undefined && (await this.inside(loop, guard))) guard.release();
    return this.#open;
  }

  close(): void {
    this.#mutex.close();
  }

  /** The critical section. False if it was left by closing the handle. */
  async inside(loop: Loop, guard: MutexGuard): Promise<boolean> {
    const { row, random } = loop;
    const words = this.#words;
    const area = this.#area;
    row.phase = PHASE.holding;
    this.#enter(row, guard);
    if (guard.damaged && random.next() < REPAIRS) {
      // What the dead one has begun is done by its successor.
      words[area + DONE] = words[area + BEGUN];
      guard.repaired();
    }
    if (words[area + BEGUN] === words[area + DONE]) {
      const next = words[area + BEGUN] + 1;
      words[area + BEGUN] = next;
      await loop.linger();
      if (random.next() < CARELESS && row.place !== AUDITOR) {
        row.doom();
        Atomics.add(words, area + DEATHS, 1);
        this.#open = false;
        this.#mutex.close();
        return false;
      }
      if (words[area + BEGUN] !== next || words[area + DONE] !== next - 1) {
        this.#found('doubled', `${row.name} found its counters changed by somebody else while it had the mutex`);
      }
      words[area + DONE] = next;
      row.add(TALLY.gained, 1);
    }
    const found = Atomics.compareExchange(words, area + INSIDE, row.token, 0);
    if (found !== row.token) {
      this.#found(
        'doubled',
        `${row.name} had the mutex, and at the end ${this.#scene.journal.nameOf(found)} was inside`,
      );
    }
    row.phase = PHASE.leaving;
    return true;
  }

  async #acquire(loop: Loop): Promise<MutexGuard | undefined> {
    const { planted } = this.#scene;
    // Made on purpose: goes in without asking.
    if (planted === 'ignore-lock' && loop.row.place === 0) return ignoring();
    if (loop.random.next() < 0.1) return this.#open ? this.#mutex.tryAcquire() : undefined;
    const guard = await loop.attempt(
      (options) => this.#mutex.acquireSync(options),
      (options) => this.#mutex.acquire(options),
    );
    if (planted === 'keep-lock' && guard !== undefined) {
      // Made on purpose: says that it has nothing, and keeps it.
      loop.row.phase = PHASE.idle;
      while (!loop.stopping) await loop.pause(10);
    }
    return guard;
  }

  #enter(row: Row, guard: MutexGuard): void {
    const { journal } = this.#scene;
    const words = this.#words;
    const before = Atomics.exchange(words, this.#area + INSIDE, row.token);
    Atomics.add(words, this.#area + GRANTS, 1);
    if (guard.abandoned) row.add(TALLY.told, 1);
    if (before !== 0) {
      if (!journal.isGone(before)) {
        this.#found('doubled', `${row.name} has the mutex while ${journal.nameOf(before)} is inside`);
      } else if (!guard.abandoned) {
        this.#found('lost', `${row.name} was not told that ${journal.nameOf(before)} died inside`);
      }
    }
    if (words[this.#area + BEGUN] !== words[this.#area + DONE] && !guard.damaged) {
      this.#found('lost', `${row.name} was not told that the counters are half changed`);
    }
  }

  #found(kind: 'lost' | 'doubled', text: string): void {
    this.#scene.findings.add(kind, `mutex: ${text}`);
  }
}

/** Looks like a guard, and stands for nothing. */
function ignoring(): MutexGuard {
  const nothing = (): undefined => undefined;
  return { abandoned: false, damaged: false, held: true, repaired: nothing, release: nothing } as unknown as MutexGuard;
}

class MutexKeeper implements Keeper {
  readonly fair = true;
  readonly #scene: Scene;
  readonly #actor: MutexActor;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#actor = new MutexActor(scene);
  }

  observe(): Observation[] {
    const { journal } = this.#scene;
    const live = journal.rows.filter(({ isLive }) => isLive);
    const taken = live.some((row) => row.is(PHASE.holding, PHASE.leaving));
    const progress = Atomics.load(journal.words, journal.area + GRANTS);
    return [{ key: 'mutex', progress, vain: taken ? [] : live.filter((row) => row.is(PHASE.waiting)) }];
  }

  wake(): Promise<void> {
    return Promise.resolve();
  }

  async audit(random: Random): Promise<void> {
    const { journal, findings } = this.#scene;
    const row = journal.row(AUDITOR, 0);
    row.begin(PHASE.opening);
    const last = Mutex.open(this.#scene.name, { create: 'never' });
    try {
      const guard = await last.acquire({ timeout: LAST_TIMEOUT_MS });
      await this.#actor.inside(new Loop(journal, row, random, AUDITING), guard);
      guard.release();
    } catch (error) {
      findings.add('lost', `mutex: nobody is left, and it is not to be had: ${String(error)}`);
    } finally {
      last.close();
    }
    const { words, area } = journal;
    const [done, deaths] = [words[area + DONE], words[area + DEATHS]];
    const gained = journal.sum(TALLY.gained);
    const told = journal.sum(TALLY.told);
    if (done < gained) findings.add('lost', `mutex: ${gained} sections were done, and the counter says ${done}`);
    if (done > gained + deaths) {
      findings.add('doubled', `mutex: ${gained} sections were done and ${deaths} died, and the counter says ${done}`);
    }
    if (told > deaths) findings.add('doubled', `mutex: it was abandoned ${told} times, and ${deaths} can have done so`);
    row.phase = PHASE.none;
  }

  close(): void {
    this.#actor.close();
  }
}
