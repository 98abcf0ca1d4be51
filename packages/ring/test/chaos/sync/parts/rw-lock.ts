import { RwLock, type RwLockGuard } from '@ringway/sync';
import type { Random } from '../../random.js';
import { AUDITOR, PHASE, TALLY, type Row } from '../journal.js';
import { AUDITING, Loop } from '../loop.js';
import type { Actor, Keeper, Observation, Part, Scene } from '../part.js';

/**
 * The scenario's words: the writer inside, two counters that writers raise one after the other, and what the books
 * need of the dead.
 */
const INSIDE = 0;
const BEGUN = 1;
const DONE = 2;
const GRANTS = 3;
const DEATHS = 4;

/** What a row wants, in its tally `amount`. */
const READ = 1;
const WRITE = 2;

const WRITERS = 0.3;
const CARELESS = 0.01;
const REPAIRS = 0.8;
const LAST_TIMEOUT_MS = 10_000;

/** Many readers or one writer, and what both are told of a writer that died. */
export const rwLock: Part = {
  name: 'rw-lock',
  places: 5,
  loops: 3,
  buried: ({ words, area }, row) => {
    if (row.is(PHASE.waiting, PHASE.holding, PHASE.leaving)) Atomics.add(words, area + DEATHS, 1);
  },
  keep: (scene) => new RwLockKeeper(scene),
  join: (scene, rows) => new RwLockActor(scene, rows),
};

class RwLockActor implements Actor {
  readonly #scene: Scene;
  readonly #words: Int32Array;
  readonly #area: number;
  readonly #rows: readonly Row[];
  readonly #lock: RwLock;
  #open = true;

  constructor(scene: Scene, rows: readonly Row[]) {
    this.#scene = scene;
    this.#words = scene.journal.words;
    this.#area = scene.journal.area;
    this.#rows = rows;
    this.#lock = RwLock.open(scene.name);
  }

  async step(loop: Loop): Promise<boolean> {
    const { row, random } = loop;
    const writes = random.next() < WRITERS;
    row.put(TALLY.amount, writes ? WRITE : READ);
    row.phase = PHASE.waiting;
    const guard = await (writes ? this.#write(loop) : this.#read(loop));
    if (guard === undefined) return this.#open;
    if (writes ? await this.write(loop, guard) : await this.#look(loop, guard)) guard.release();
    return this.#open;
  }

  close(): void {
    this.#lock.close();
  }

  /** What a writer does. False if it has left by closing the handle. */
  async write(loop: Loop, guard: RwLockGuard): Promise<boolean> {
    const { row, random } = loop;
    const words = this.#words;
    const area = this.#area;
    row.phase = PHASE.holding;
    this.#enter(row, guard);
    if (guard.damaged && random.next() < REPAIRS) {
      words[area + DONE] = words[area + BEGUN];
      guard.repaired();
    }
    if (words[area + BEGUN] === words[area + DONE]) {
      const next = words[area + BEGUN] + 1;
      words[area + BEGUN] = next;
      await loop.linger();
      if (random.next() < CARELESS && row.place !== AUDITOR) return this.#closeWith();
      if (words[area + BEGUN] !== next || words[area + DONE] !== next - 1) {
        this.#found('doubled', `${row.name} found its counters changed by somebody else while it wrote`);
      }
      words[area + DONE] = next;
      row.add(TALLY.gained, 1);
    }
    const found = Atomics.compareExchange(words, area + INSIDE, row.token, 0);
    if (found !== row.token) {
      this.#found('doubled', `${row.name} wrote, and at the end ${this.#scene.journal.nameOf(found)} was inside`);
    }
    row.phase = PHASE.leaving;
    return true;
  }

  #read(loop: Loop): Promise<RwLockGuard | undefined> {
    if (loop.random.next() < 0.1) return Promise.resolve(this.#open ? this.#lock.tryRead() : undefined);
    return loop.attempt(
      (options) => this.#lock.readSync(options),
      (options) => this.#lock.read(options),
    );
  }

  #write(loop: Loop): Promise<RwLockGuard | undefined> {
    if (loop.random.next() < 0.1) return Promise.resolve(this.#open ? this.#lock.tryWrite() : undefined);
    return loop.attempt(
      (options) => this.#lock.writeSync(options),
      (options) => this.#lock.write(options),
    );
  }

  /** What a reader does. */
  async #look(loop: Loop, guard: RwLockGuard): Promise<boolean> {
    const { row, random } = loop;
    const words = this.#words;
    const area = this.#area;
    row.phase = PHASE.holding;
    Atomics.add(words, area + GRANTS, 1);
    this.#assertNoWriter(row);
    const [begun, done] = [words[area + BEGUN], words[area + DONE]];
    // Behind a look at the row: its handle may have been closed by another loop of this thread, and then nothing is
    // promised any more.
    if (row.isLive && begun !== done && !guard.damaged) {
      this.#found('lost', `${row.name} reads, and was not told that the counters are half changed`);
    }
    await loop.linger();
    if (!row.isLive) return true;
    this.#assertNoWriter(row);
    if (words[area + BEGUN] !== begun || words[area + DONE] !== done) {
      this.#found('doubled', `${row.name} reads, and the counters were changed meanwhile`);
    }
    if (random.next() < CARELESS) return this.#closeWith();
    row.phase = PHASE.leaving;
    return true;
  }

  #enter(row: Row, guard: RwLockGuard): void {
    const { journal } = this.#scene;
    const words = this.#words;
    const before = Atomics.exchange(words, this.#area + INSIDE, row.token);
    Atomics.add(words, this.#area + GRANTS, 1);
    if (guard.abandoned) row.add(TALLY.told, 1);
    if (before !== 0) {
      if (!journal.isGone(before)) {
        this.#found('doubled', `${row.name} writes while ${journal.nameOf(before)} writes`);
      } else if (!guard.abandoned) {
        this.#found('lost', `${row.name} was not told that ${journal.nameOf(before)} died while it wrote`);
      }
    }
    const holders = journal.together((one) => one.is(PHASE.holding));
    for (const { row: reader } of holders.filter(({ amount }) => amount === READ)) {
      this.#found('doubled', `${row.name} writes while ${reader.name} reads`);
    }
    if (words[this.#area + BEGUN] !== words[this.#area + DONE] && !guard.damaged) {
      this.#found('lost', `${row.name} was not told that the counters are half changed`);
    }
  }

  #assertNoWriter(row: Row): void {
    const { journal } = this.#scene;
    const writer = Atomics.load(this.#words, this.#area + INSIDE);
    if (writer !== 0 && !journal.isGone(writer) && row.isLive) {
      this.#found('doubled', `${row.name} reads while ${journal.nameOf(writer)} writes`);
    }
  }

  #closeWith(): boolean {
    for (const mine of this.#rows) {
      mine.doom();
      Atomics.add(this.#words, this.#area + DEATHS, 1);
    }
    this.#open = false;
    this.#lock.close();
    return false;
  }

  #found(kind: 'lost' | 'doubled', text: string): void {
    this.#scene.findings.add(kind, `rw-lock: ${text}`);
  }
}

class RwLockKeeper implements Keeper {
  readonly fair = true;
  readonly #scene: Scene;
  readonly #actor: RwLockActor;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#actor = new RwLockActor(scene, []);
  }

  observe(): Observation[] {
    const { journal } = this.#scene;
    const live = journal.rows.filter(({ isLive }) => isLive);
    const holding = live.filter((row) => row.is(PHASE.holding, PHASE.leaving));
    const waiting = live.filter((row) => row.is(PHASE.waiting));
    const wants = (rows: Row[], what: number): Row[] => rows.filter((row) => row.tally(TALLY.amount) === what);
    let vain = waiting;
    // Behind a writer that waits for readers, readers wait as well.
    if (wants(holding, WRITE).length > 0) vain = [];
    else if (holding.length > 0) vain = wants(waiting, WRITE).length > 0 ? [] : waiting;
    return [{ key: 'rw-lock', progress: Atomics.load(journal.words, journal.area + GRANTS), vain }];
  }

  wake(): Promise<void> {
    return Promise.resolve();
  }

  async audit(random: Random): Promise<void> {
    const { journal, findings } = this.#scene;
    const row = journal.row(AUDITOR, 0);
    row.begin(PHASE.opening);
    const last = RwLock.open(this.#scene.name, { create: 'never' });
    try {
      const guard = await last.write({ timeout: LAST_TIMEOUT_MS });
      await this.#actor.write(new Loop(journal, row, random, AUDITING), guard);
      guard.release();
    } catch (error) {
      findings.add('lost', `rw-lock: nobody is left, and it is not to be had: ${String(error)}`);
    } finally {
      last.close();
    }
    const { words, area } = journal;
    const [done, deaths] = [words[area + DONE], words[area + DEATHS]];
    const gained = journal.sum(TALLY.gained);
    const told = journal.sum(TALLY.told);
    if (done < gained) findings.add('lost', `rw-lock: ${gained} writes were done, and the counter says ${done}`);
    if (done > gained + deaths) {
      findings.add('doubled', `rw-lock: ${gained} writes were done and ${deaths} died, and the counter says ${done}`);
    }
    if (told > deaths)
      findings.add('doubled', `rw-lock: it was abandoned ${told} times, and ${deaths} can have done so`);
    row.phase = PHASE.none;
  }

  close(): void {
    this.#actor.close();
  }
}
