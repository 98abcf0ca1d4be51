import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { RecordLock, type RecordGuard } from '@ringway/sync';
import { PHASE, TALLY, type Journal, type Row } from '../journal.js';
import type { Loop } from '../loop.js';
import type { Actor, Keeper, Observation, Part, Scene } from '../part.js';

const CELLS = 4;
const CELL_BYTES = 64;
const SHARED = 0.3;
const CARELESS = 0.01;

/** The scenario's words, one line for each cell: who is inside, two counters, and how often it was locked. */
const LINE = 16;
const INSIDE = 0;
const BEGUN = 1;
const DONE = 2;
const GRANTS = 3;
/** Behind the lines: sections that the dead may have finished without writing it down. */
const UNSURE = CELLS * LINE;

/** What a row wants, in its tally `amount`: the number of cells, and this for an exclusive lock. */
const EXCLUSIVE = 1 << 8;

/** Ranges of a file, shared and exclusive: a cell is nobody else's while it is locked, and the dead's are free. */
export const recordLock: Part = {
  name: 'record-lock',
  places: 5,
  loops: 3,
  buried: ({ words, area }, row) => {
    if (row.is(PHASE.holding, PHASE.waiting)) Atomics.add(words, area + UNSURE, CELLS);
  },
  keep: (scene) => new RecordLockKeeper(scene),
  join: (scene, rows) => new RecordLockActor(scene, rows),
};

function pathOf({ folder }: Scene): string {
  return join(folder, 'records');
}

/** The cells of a row's wish. */
function cellsOf(row: Row): number[] {
  const from = row.tally(TALLY.from);
  return Array.from({ length: row.tally(TALLY.amount) & ~EXCLUSIVE }, (_, index) => from + index);
}

function isExclusive(row: Row): boolean {
  return (row.tally(TALLY.amount) & EXCLUSIVE) !== 0;
}

function conflict(one: Row, other: Row): boolean {
  if (one === other || (!isExclusive(one) && !isExclusive(other))) return false;
  const cells = cellsOf(other);
  return cellsOf(one).some((cell) => cells.includes(cell));
}

class RecordLockActor implements Actor {
  readonly #scene: Scene;
  readonly #journal: Journal;
  readonly #rows: readonly Row[];
  readonly #lock: RecordLock;
  #open = true;

  constructor(scene: Scene, rows: readonly Row[]) {
    this.#scene = scene;
    this.#journal = scene.journal;
    this.#rows = rows;
    this.#lock = RecordLock.open(pathOf(scene));
  }

  async step(loop: Loop): Promise<boolean> {
    const { row, random } = loop;
    const exclusive = random.next() >= SHARED;
    const from = random.between(0, CELLS - 1);
    const count = random.between(1, CELLS - from);
    row.put(TALLY.from, from);
    row.put(TALLY.amount, count | (exclusive ? EXCLUSIVE : 0));
    row.phase = PHASE.waiting;
    const guard = await this.#acquire(loop, from, count, exclusive);
    // It may have been closed by another loop after this one was served: then it has nothing any more.
    if (guard === undefined || !row.isLive) return this.#open;
    row.phase = PHASE.holding;
    for (const cell of cellsOf(row)) Atomics.add(this.#journal.words, this.#line(cell) + GRANTS, 1);
    this.#assertAlone(row);
    if (!(await (exclusive ? this.#write(loop) : this.#read(loop)))) return false;
    row.phase = PHASE.leaving;
    guard.release();
    return this.#open;
  }

  close(): void {
    this.#lock.close();
  }

  #acquire(loop: Loop, from: number, count: number, exclusive: boolean): Promise<RecordGuard | undefined> {
    const range = {
      start: from * CELL_BYTES,
      length: count * CELL_BYTES,
      mode: exclusive ? ('exclusive' as const) : ('shared' as const),
    };
    if (loop.random.next() < 0.1) return Promise.resolve(this.#open ? this.#lock.tryAcquire(range) : undefined);
    return loop.attempt(
      (options) => this.#lock.acquireSync({ ...range, timeout: options?.timeout }),
      (options) => this.#lock.acquire({ ...range, ...options }),
    );
  }

  #assertAlone(row: Row): void {
    const holders = this.#journal.together((one) => one === row || (one.is(PHASE.holding) && conflict(one, row)));
    // Only if this row is one of them: its handle was not closed by another loop.
    if (!holders.some((one) => one.row === row)) return;
    for (const { row: other } of holders) {
      if (other !== row) this.#found(`${row.name} has cells that ${other.name} has locked`);
    }
  }

  async #write(loop: Loop): Promise<boolean> {
    const { row, random } = loop;
    const { words } = this.#journal;
    const cells = cellsOf(row);
    for (const cell of cells) {
      const line = this.#line(cell);
      const before = Atomics.exchange(words, line + INSIDE, row.token);
      if (before === 0) {
        if (words[line + BEGUN] !== words[line + DONE]) this.#found(`${row.name} found cell ${cell} half changed`);
        words[line + BEGUN]++;
        continue;
      }
      if (!this.#journal.isGone(before)) {
        this.#found(`${row.name} has locked cell ${cell} while ${this.#journal.nameOf(before)} is inside`);
      }
      // A dead one's: finished by its successor.
      words[line + BEGUN] = Math.max(words[line + BEGUN], words[line + DONE]) + 1;
      words[line + DONE] = words[line + BEGUN] - 1;
    }
    await loop.linger();
    if (!row.isLive) return true;
    if (random.next() < CARELESS) return this.#closeWith();
    for (const cell of cells) {
      const line = this.#line(cell);
      words[line + DONE]++;
      row.add(TALLY.gained, 1);
      if (words[line + BEGUN] !== words[line + DONE]) this.#found(`cell ${cell} was changed while ${row.name} had it`);
      const found = Atomics.compareExchange(words, line + INSIDE, row.token, 0);
      if (found !== row.token) {
        this.#found(`${row.name} had cell ${cell}, and at the end ${this.#journal.nameOf(found)} was inside`);
      }
    }
    return true;
  }

  async #read(loop: Loop): Promise<boolean> {
    const { row, random } = loop;
    const { words } = this.#journal;
    const cells = cellsOf(row);
    const seen = cells.map((cell) => words[this.#line(cell) + BEGUN]);
    await loop.linger();
    if (!row.isLive) return true;
    const changed = cells.some((cell, index) => words[this.#line(cell) + BEGUN] !== seen[index]);
    if (changed) this.#found(`cells were changed while ${row.name} read them`);
    return random.next() >= CARELESS || this.#closeWith();
  }

  #line(cell: number): number {
    return this.#journal.area + cell * LINE;
  }

  #closeWith(): boolean {
    // What the other loops of this handle have is given up, too.
    for (const mine of this.#rows) {
      mine.doom();
      Atomics.add(this.#journal.words, this.#journal.area + UNSURE, CELLS);
    }
    this.#open = false;
    this.#lock.close();
    return false;
  }

  #found(text: string): void {
    this.#scene.findings.add('doubled', `record lock: ${text}`);
  }
}

class RecordLockKeeper implements Keeper {
  readonly fair = true;
  readonly #scene: Scene;

  constructor(scene: Scene) {
    this.#scene = scene;
    closeSync(openSync(pathOf(scene), 'wx'));
  }

  observe(): Observation[] {
    const { journal } = this.#scene;
    const { words, area } = journal;
    const live = journal.rows.filter(({ isLive }) => isLive);
    const waiting = live.filter((row) => row.is(PHASE.waiting));
    // A row that stands behind another one of its own handle waits for that.
    const free = waiting.filter(
      (row) =>
        !live.some((other) => other.is(PHASE.holding, PHASE.leaving) && conflict(other, row)) &&
        !waiting.some((other) => other.place === row.place && conflict(other, row)),
    );
    return free.map((row) => {
      const grants = cellsOf(row).reduce((sum, cell) => sum + Atomics.load(words, area + cell * LINE + GRANTS), 0);
      return { key: `record lock, ${row.name}`, progress: grants * 31 + row.state, vain: [row] };
    });
  }

  wake(): Promise<void> {
    return Promise.resolve();
  }

  audit(): Promise<void> {
    const { journal, findings } = this.#scene;
    const { words, area } = journal;
    let done = 0;
    for (let cell = 0; cell < CELLS; cell++) done += words[area + cell * LINE + DONE];
    const gained = journal.sum(TALLY.gained);
    const unsure = words[area + UNSURE];
    if (done < gained)
      findings.add('lost', `record lock: ${gained} cells were changed, and ${done} changes stand there`);
    if (done > gained + unsure) {
      findings.add(
        'doubled',
        `record lock: ${gained} cells were changed, ${unsure} perhaps, and ${done} changes stand`,
      );
    }
    const last = RecordLock.open(pathOf(this.#scene));
    const guard = last.tryAcquire({ start: 0, length: 0 });
    if (guard === undefined) findings.add('lost', 'record lock: nobody is left, and a range is locked');
    last.close();
    return Promise.resolve();
  }

  close(): void {
    // The file goes with its folder.
  }
}
