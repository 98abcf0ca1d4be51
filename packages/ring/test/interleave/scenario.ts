import type { Model } from './model.js';

/** What one participant does. */
export interface Program<W> {
  readonly name: string;
  /** Before the exploration: joins, say. Runs alone; its accesses are no steps. */
  prepare?(world: W): void;
  /** What is explored. Ends by leaving; who only ends has died as far as others can see. */
  body(world: W): void | Promise<void>;
  /** Whether it may be killed, at every step. */
  readonly mortal?: boolean;
}

/** What is explored: something shared in some state, and a few participants that do something with it. */
export interface Scenario<W, G = unknown> {
  readonly name: string;
  /** What is shared, and how it is judged. */
  readonly model: Model<W, G>;
  readonly geometry?: G;
  /** Puts it into its first state. Runs once, alone, and leaves. */
  setup?(world: W): void;
  readonly programs: readonly Program<W>[];
  /** Preemptions, deaths and delayed stores at most, together. */
  readonly budget: number;
  /** How many of these may be deaths. Default 0. */
  readonly deaths?: number;
  /** Whether plain stores may be delayed, as x86 does. Default: they are visible at once. */
  readonly delays?: boolean;
  /** What must hold besides what holds for all of its model: what is wrong, or undefined. */
  check?(outcome: Outcome): string | undefined;
}

/** Any of them: what is shared is known to its model alone. */
export type AnyScenario = Scenario<unknown>;

export interface Happening {
  readonly who: number;
  readonly event: number;
  readonly number: number;
}

/** A message that was still there at the end. */
export interface Left {
  readonly number: number;
  /** It may come late. */
  readonly redelivered: boolean;
  /** It counts as handed out before. */
  readonly again?: boolean;
}

/** What a run came to. */
export interface Outcome {
  readonly log: readonly Happening[];
  /** What was still there afterwards. */
  readonly left: readonly Left[];
  readonly dead: readonly boolean[];
  readonly linked: boolean;
}
