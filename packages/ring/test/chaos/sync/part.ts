import type { Random } from '../random.js';
import type { Findings } from './findings.js';
import type { Journal, Row } from './journal.js';
import type { Loop } from './loop.js';

/** A mistake that is made on purpose, to see that it is found. */
export type Planted = 'none' | 'ignore-lock' | 'keep-lock' | 'forget-permits';

/** Where a scenario plays. */
export interface Scene {
  /** Name of the primitive in shared memory. */
  readonly name: string;
  readonly folder: string;
  readonly journal: Journal;
  readonly findings: Findings;
  readonly planted: Planted;
}

/** Something that must not stay as it is for long while there are rows in `vain`. */
export interface Observation {
  readonly key: string;
  readonly progress: number;
  /** Those who wait for what they could have. */
  readonly vain: readonly Row[];
}

/** A thread's handles of a primitive. */
export interface Actor {
  /**
   * One acquisition, or whatever it is. False: this handle was closed with something in hand, and nothing more can be
   * done with it.
   */
  step(loop: Loop): Promise<boolean>;
  close(): void;
}

/** The parent's side. */
export interface Keeper {
  observe(): Observation[];
  /** Whether nobody may wait for long while others get what he waits for. */
  readonly fair: boolean;
  /** Called every few milliseconds. */
  supervise?(): void;
  /** While all stop: lets those go on who would wait for what does not come any more. */
  wake(): Promise<void>;
  /** When all are gone: compares the books. */
  audit(random: Random): Promise<void>;
  close(): void;
}

/** A primitive under test. */
export interface Part {
  readonly name: string;
  /** Processes at a time. */
  readonly places: number;
  /** Loops that a thread may have at a handle. */
  readonly loops: number;
  /** Whoever had a row is dead; its phase still says where he was. */
  buried(journal: Journal, row: Row): void;
  keep(scene: Scene): Keeper;
  /** Opens it in a thread; `rows` are those of its loops. */
  join(scene: Scene, rows: readonly Row[], random: Random): Actor | Promise<Actor>;
}
