import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { mapFile, type Mapping } from '@ringway/memory';

/** What a loop is about to do, or doing: what it says itself, before it does it. */
export const PHASE = {
  /** Nobody is here. */
  none: 0,
  opening: 1,
  /** Has its handle open, and wants nothing. */
  idle: 2,
  waiting: 3,
  /** Has what it waited for. */
  holding: 4,
  leaving: 5,
  closing: 6,
  /** Waits for a condition, without the mutex. */
  sleeping: 7,
  /** Knows that the barrier is broken. */
  broken: 8,
  /** Waits for a barrier that is whole again, before it opens it. */
  parked: 9,
} as const;

export type Phase = (typeof PHASE)[keyof typeof PHASE];

/** The words for them. */
export const PHASE_NAMES: readonly string[] = Object.keys(PHASE);

/** Loops of a place at most. */
export const LOOPS = 3;
/** One place more than there are processes: the parent's own. */
export const PLACES = 7;
export const AUDITOR = PLACES - 1;

/** Words: whether all shall end; then for each place whether its process is about to be killed. */
const STOP = 0;
const DOOMED_PLACES = 16;
const ROWS = 64;
const ROW_WORDS = 32;
const AREA = 2048;
/** Words of the scenario's own. */
export const AREA_WORDS = 1 << 17;

/** Words of a row. */
const ROW_STATE = 0;
const ROW_INCARNATION = 1;
const ROW_DOOMED = 2;
const ROW_TALLIES = 8;
/** Bits of `ROW_DOOMED`: it has given up what it has by closing; its thread is about to be terminated. */
const GIVEN_UP = 1;
const TERMINATED = 2;
const PHASE_BITS = 4;
const PHASE_MASK = (1 << PHASE_BITS) - 1;

const TOKEN_ROW_BITS = 8;
const TOKEN_ROW_MASK = (1 << TOKEN_ROW_BITS) - 1;
const TOKEN_INCARNATIONS = 0xffff;

/** What a row counts, over all who ever had its place. */
export const TALLY = {
  /** What is wanted or held just now: permits, read or write, cells. */
  amount: 0,
  /** The first cell of it. */
  from: 1,
  /** Finished: sections, permits, numbers, phases. */
  gained: 2,
  /** Permits about to be released. */
  giving: 3,
  /** Permits released. */
  given: 4,
  /** Times that the one before was said to have abandoned it. */
  told: 5,
} as const;

/**
 * What all processes of a run write down before and after they do it, in a file that all have mapped: it is there
 * whenever one is killed. It knows nothing of the primitives, and uses none of their memory.
 */
export class Journal {
  /** The scenario's own words, from index {@link Journal.area} on. */
  readonly words: Int32Array;
  readonly area = AREA;
  readonly rows: readonly Row[];
  /** Kept: the memory goes with it. */
  readonly #mapping: Mapping;

  constructor(path: string) {
    this.#mapping = mapFile(path);
    this.words = new Int32Array(this.#mapping.buffer);
    this.rows = Array.from({ length: PLACES * LOOPS }, (_, index) => new Row(this, index));
  }

  static create(path: string): Journal {
    const fd = openSync(path, 'wx+');
    ftruncateSync(fd, (AREA + AREA_WORDS) * 4);
    closeSync(fd);
    return new Journal(path);
  }

  get stopping(): boolean {
    return Atomics.load(this.words, STOP) !== 0;
  }

  stop(): void {
    Atomics.store(this.words, STOP, 1);
  }

  row(place: number, loop: number): Row {
    return this.rows[place * LOOPS + loop];
  }

  rowsOf(place: number): readonly Row[] {
    return this.rows.slice(place * LOOPS, (place + 1) * LOOPS);
  }

  /** Said before a process is killed: from here nothing that it has may be counted on. */
  doom(place: number, doomed: boolean): void {
    Atomics.store(this.words, DOOMED_PLACES + place, Number(doomed));
  }

  isDoomedPlace(place: number): boolean {
    return Atomics.load(this.words, DOOMED_PLACES + place) !== 0;
  }

  /** Whether who wrote that token is dead, about to be killed, or has given up what he had by closing. */
  isGone(token: number): boolean {
    const row = this.rows[(token & TOKEN_ROW_MASK) - 1] as Row | undefined;
    return row?.isLive !== true || row.token !== token;
  }

  /** "place 2 loop 1" */
  nameOf(token: number): string {
    const row = this.rows[(token & TOKEN_ROW_MASK) - 1] as Row | undefined;
    return row === undefined ? `nobody (${token})` : row.name;
  }

  /**
   * The live rows for which `wanted` is true at one and the same moment, and their amounts then: looks until two looks
   * in a row see the same.
   */
  together(wanted: (row: Row) => boolean): Present[] {
    for (;;) {
      const first = this.#look(wanted);
      const second = this.#look(wanted);
      if (first.length !== second.length) continue;
      if (first.every(({ row, state }, index) => second[index].row === row && second[index].state === state)) {
        return first;
      }
    }
  }

  /** What all rows have counted. */
  sum(tally: number): number {
    return this.rows.reduce((sum, row) => sum + row.tally(tally), 0);
  }

  #look(wanted: (row: Row) => boolean): Present[] {
    const found: Present[] = [];
    for (const row of this.rows) {
      const { state } = row;
      // The amount between two looks at the state: of that state, if both see the same.
      if (row.isLive && wanted(row)) found.push({ row, state, amount: row.tally(TALLY.amount) });
    }
    return found;
  }
}

/** A row as it was at one moment. */
export interface Present {
  readonly row: Row;
  readonly state: number;
  readonly amount: number;
}

/** One loop's part of the journal. */
export class Row {
  readonly place: number;
  readonly index: number;
  readonly #journal: Journal;
  readonly #words: Int32Array;
  readonly #base: number;

  constructor(journal: Journal, index: number) {
    this.#journal = journal;
    this.#words = journal.words;
    this.index = index;
    this.place = Math.floor(index / LOOPS);
    this.#base = ROWS + index * ROW_WORDS;
  }

  get name(): string {
    return `place ${this.place} loop ${this.index % LOOPS}`;
  }

  /** Phase, and the number of changes before it, in one word. */
  get state(): number {
    return Atomics.load(this.#words, this.#base + ROW_STATE);
  }

  get phase(): Phase {
    return (this.state & PHASE_MASK) as Phase;
  }

  set phase(phase: Phase) {
    const changes = (this.#words[this.#base + ROW_STATE] >>> PHASE_BITS) + 1;
    Atomics.store(this.#words, this.#base + ROW_STATE, (changes << PHASE_BITS) | phase);
  }

  /** Names this row and who has it now: never 0. */
  get token(): number {
    const incarnation = Atomics.load(this.#words, this.#base + ROW_INCARNATION) & TOKEN_INCARNATIONS;
    return (incarnation << TOKEN_ROW_BITS) | (this.index + 1);
  }

  /**
   * Whether what this one says is to be counted on: it was not closed with something in hand, and is not about to be
   * killed.
   */
  get isLive(): boolean {
    return (
      this.phase !== PHASE.none &&
      Atomics.load(this.#words, this.#base + ROW_DOOMED) === 0 &&
      !this.#journal.isDoomedPlace(this.place)
    );
  }

  is(...phases: Phase[]): boolean {
    return phases.includes(this.phase);
  }

  /** Whether somebody is here who is about to go without releasing what he has. */
  get isDoomed(): boolean {
    return this.phase !== PHASE.none && !this.isLive;
  }

  /** Somebody new has it: what the one before wrote elsewhere names one who is gone. */
  begin(phase: Phase): void {
    Atomics.add(this.#words, this.#base + ROW_INCARNATION, 1);
    Atomics.and(this.#words, this.#base + ROW_DOOMED, ~GIVEN_UP);
    this.phase = phase;
  }

  /** Whoever had it is dead: nobody has it. */
  clear(): void {
    this.begin(PHASE.none);
    Atomics.store(this.#words, this.#base + ROW_DOOMED, 0);
  }

  /** What it has is given up without being released. */
  doom(): void {
    Atomics.or(this.#words, this.#base + ROW_DOOMED, GIVEN_UP);
  }

  /** Said before its thread is terminated, by another: until that has ended, nothing that it has may be counted on. */
  doomThread(): void {
    Atomics.or(this.#words, this.#base + ROW_DOOMED, TERMINATED);
  }

  tally(tally: number): number {
    return Atomics.load(this.#words, this.#base + ROW_TALLIES + tally);
  }

  put(tally: number, value: number): void {
    Atomics.store(this.#words, this.#base + ROW_TALLIES + tally, value);
  }

  add(tally: number, count: number): void {
    Atomics.add(this.#words, this.#base + ROW_TALLIES + tally, count);
  }
}
