import { setTimeout as sleep } from 'node:timers/promises';
import { Condition, Mutex, type MutexGuard } from '@ringway/sync';
import { Random } from '../../random.js';
import { AREA_WORDS, AUDITOR, PHASE, TALLY, type Row } from '../journal.js';
import { AUDITING, Loop } from '../loop.js';
import type { Actor, Keeper, Observation, Part, Scene } from '../part.js';

/**
 * The scenario's words: a buffer of numbers, and what stands behind: for each number, as many as are remembered, that
 * it was taken.
 */
const INSIDE = 0;
const HEAD = 1;
const TAIL = 2;
const GRANTS = 3;
const DEATHS = 4;
const BUFFER = 16;
const CAPACITY = 4;
const TAKEN = 64;
const REMEMBERED = AREA_WORDS / 2;

/** Places that put numbers; the others take them. */
const PRODUCERS = 2;
/** What a sleeping row waits for, in its tally `amount`. */
const NOT_EMPTY = 1;
const NOT_FULL = 2;

const BROADCASTS = 0.1;
const LAST_TIMEOUT_MS = 10_000;
const WAKE_MS = 10;

/**
 * A bounded buffer of the numbers 1, 2, 3, …: a mutex, and two conditions. Each is taken once, and nobody sleeps
 * while there is something for him.
 */
export const condition: Part = {
  name: 'condition',
  places: 5,
  loops: 2,
  buried: ({ words, area }, row) => {
    if (row.is(PHASE.holding, PHASE.leaving)) Atomics.add(words, area + DEATHS, 1);
  },
  keep: (scene) => new ConditionKeeper(scene),
  join: (scene) => new ConditionActor(scene),
};

class ConditionActor implements Actor {
  readonly #scene: Scene;
  readonly #words: Int32Array;
  readonly #area: number;
  readonly #mutex: Mutex;
  readonly #notEmpty: Condition;
  readonly #notFull: Condition;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#words = scene.journal.words;
    this.#area = scene.journal.area;
    this.#mutex = Mutex.open(scene.name);
    this.#notEmpty = Condition.open(`${scene.name}.not-empty`);
    this.#notFull = Condition.open(`${scene.name}.not-full`);
  }

  async step(loop: Loop): Promise<boolean> {
    const { row } = loop;
    row.phase = PHASE.waiting;
    const guard = await loop.attempt(
      (options) => this.#mutex.acquireSync(options),
      (options) => this.#mutex.acquire(options),
    );
    if (guard === undefined) return true;
    this.#enter(row, guard);
    const put = row.place < PRODUCERS;
    while (!loop.stopping && (put ? this.#count >= CAPACITY : this.#count <= 0)) {
      await this.#sleep(loop, guard, put ? this.#notFull : this.#notEmpty, put ? NOT_FULL : NOT_EMPTY);
    }
    if (put && this.#count < CAPACITY) await this.#put(loop);
    else if (!put && this.#count > 0) await this.#take(loop);
    this.#leave(row);
    guard.release();
    return true;
  }

  close(): void {
    this.#notEmpty.close();
    this.#notFull.close();
    this.#mutex.close();
  }

  /** Wakes everybody, with the mutex. */
  async wakeAll(loop: Loop): Promise<void> {
    const guard = await this.#mutex.acquire({ timeout: LAST_TIMEOUT_MS });
    this.#enter(loop.row, guard);
    this.#broadcast();
    this.#leave(loop.row);
    guard.release();
  }

  get #count(): number {
    return this.#words[this.#area + TAIL] - this.#words[this.#area + HEAD];
  }

  #enter(row: Row, guard: MutexGuard): void {
    const { journal } = this.#scene;
    const words = this.#words;
    const area = this.#area;
    row.phase = PHASE.holding;
    const before = Atomics.exchange(words, area + INSIDE, row.token);
    Atomics.add(words, area + GRANTS, 1);
    if (before !== 0) {
      if (!journal.isGone(before)) {
        this.#found('doubled', `${row.name} has the mutex while ${journal.nameOf(before)} is inside`);
      } else if (!guard.abandoned) {
        this.#found('lost', `${row.name} was not told that ${journal.nameOf(before)} died inside`);
      }
    }
    const taken = this.#hasTaken(words[area + HEAD]);
    if (guard.damaged) {
      // Taken by a dead one, who did not come to say so; and nobody knows whom he would have signalled.
      if (taken) words[area + HEAD]++;
      this.#broadcast();
      guard.repaired();
    } else if (taken) this.#found('doubled', `${words[area + HEAD] + 1} is taken, and stands in the buffer`);
  }

  #leave(row: Row): void {
    const found = Atomics.compareExchange(this.#words, this.#area + INSIDE, row.token, 0);
    if (found !== row.token) {
      this.#found(
        'doubled',
        `${row.name} had the mutex, and at the end ${this.#scene.journal.nameOf(found)} was inside`,
      );
    }
    row.phase = PHASE.leaving;
  }

  /** Whoever sleeps gets the mutex back, also if he loses patience. */
  async #sleep(loop: Loop, guard: MutexGuard, where: Condition, what: number): Promise<void> {
    const { row } = loop;
    row.put(TALLY.amount, what);
    this.#leave(row);
    row.phase = PHASE.sleeping;
    await loop.attempt(
      (options) => {
        where.waitSync(guard, options);
      },
      (options) => where.wait(guard, options),
    );
    if (!guard.held) this.#found('lost', `${row.name} waited for a condition, and did not get the mutex back`);
    this.#enter(row, guard);
  }

  async #put(loop: Loop): Promise<void> {
    const words = this.#words;
    const tail = words[this.#area + TAIL];
    words[this.#area + BUFFER + (tail % CAPACITY)] = tail + 1;
    await loop.linger();
    words[this.#area + TAIL] = tail + 1;
    this.#tell(loop, this.#notEmpty);
  }

  async #take(loop: Loop): Promise<void> {
    const words = this.#words;
    const head = words[this.#area + HEAD];
    const number = words[this.#area + BUFFER + (head % CAPACITY)];
    if (number !== head + 1) this.#found('lost', `${loop.row.name} took ${number} where ${head + 1} should stand`);
    words[this.#area + TAKEN + (head % REMEMBERED)] = head + 1;
    await loop.linger();
    if (words[this.#area + HEAD] !== head) this.#found('doubled', `${head + 1} was taken by somebody else as well`);
    words[this.#area + HEAD] = head + 1;
    loop.row.add(TALLY.gained, 1);
    this.#tell(loop, this.#notFull);
  }

  #tell(loop: Loop, where: Condition): void {
    if (loop.random.next() < BROADCASTS) where.broadcast();
    else where.signal();
  }

  #broadcast(): void {
    this.#notEmpty.broadcast();
    this.#notFull.broadcast();
  }

  #hasTaken(head: number): boolean {
    return this.#words[this.#area + TAKEN + (head % REMEMBERED)] === head + 1;
  }

  #found(kind: 'lost' | 'doubled', text: string): void {
    this.#scene.findings.add(kind, `condition: ${text}`);
  }
}

class ConditionKeeper implements Keeper {
  readonly fair = true;
  readonly #scene: Scene;
  readonly #actor: ConditionActor;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#actor = new ConditionActor(scene);
  }

  observe(): Observation[] {
    const { journal } = this.#scene;
    const { words, area } = journal;
    const live = journal.rows.filter(({ isLive }) => isLive);
    const taken = live.some((row) => row.is(PHASE.holding, PHASE.leaving));
    const [head, tail] = [Atomics.load(words, area + HEAD), Atomics.load(words, area + TAIL)];
    const sleeping = (what: number): Row[] =>
      live.filter((row) => row.is(PHASE.sleeping) && row.tally(TALLY.amount) === what);
    const grants = Atomics.load(words, area + GRANTS);
    return [
      {
        key: 'mutex of the condition',
        progress: grants,
        vain: taken ? [] : live.filter((row) => row.is(PHASE.waiting)),
      },
      { key: 'condition "not empty"', progress: head, vain: tail > head ? sleeping(NOT_EMPTY) : [] },
      { key: 'condition "not full"', progress: tail, vain: tail - head < CAPACITY ? sleeping(NOT_FULL) : [] },
    ];
  }

  async wake(): Promise<void> {
    const { journal } = this.#scene;
    const row = journal.row(AUDITOR, 0);
    if (row.phase === PHASE.none) row.begin(PHASE.opening);
    await this.#actor.wakeAll(new Loop(journal, row, new Random(0), AUDITING));
    await sleep(WAKE_MS);
  }

  async audit(): Promise<void> {
    const { journal, findings } = this.#scene;
    try {
      await this.wake();
    } catch (error) {
      findings.add('lost', `condition: nobody is left, and the mutex is not to be had: ${String(error)}`);
    }
    journal.row(AUDITOR, 0).phase = PHASE.none;
    const { words, area } = journal;
    const [head, deaths] = [words[area + HEAD], words[area + DEATHS]];
    const gained = journal.sum(TALLY.gained);
    if (head < gained) findings.add('doubled', `condition: ${gained} were taken of ${head}`);
    if (head > gained + deaths) findings.add('lost', `condition: ${gained} were taken of ${head}, and ${deaths} died`);
  }

  close(): void {
    this.#actor.close();
  }
}
