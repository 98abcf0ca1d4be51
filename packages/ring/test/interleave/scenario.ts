import type { QueueGeometry } from '../../dist/options.js';
import type { World } from './world.js';

/** What one participant does. */
export interface Program {
  readonly name: string;
  /** Before the exploration: joins, say. Runs alone; its accesses are no steps. */
  prepare?(world: World): void;
  /** What is explored. Ends by leaving; who only ends has died as far as others can see. */
  body(world: World): void | Promise<void>;
  /** Whether it may be killed, at every step. */
  readonly mortal?: boolean;
}

/** What is explored: a queue in some state, and a few participants that do something with it. */
export interface Scenario {
  readonly name: string;
  readonly geometry?: QueueGeometry;
  /** Puts the queue into its first state. Runs once, alone, and leaves. */
  setup?(world: World): void;
  readonly programs: readonly Program[];
  /** Preemptions, deaths and delayed stores at most, together. */
  readonly budget: number;
  /** How many of these may be deaths. Default 0. */
  readonly deaths?: number;
  /** Whether plain stores may be delayed, as x86 does. Default: they are visible at once. */
  readonly delays?: boolean;
  /** What must hold besides what holds for all (`verdict.ts`): what is wrong, or undefined. */
  check?(outcome: Outcome): string | undefined;
}

export interface Happening {
  readonly who: number;
  readonly event: number;
  readonly number: number;
}

/** What a run came to. */
export interface Outcome {
  readonly log: readonly Happening[];
  /** Messages that were still there afterwards. */
  readonly left: readonly { readonly number: number; readonly redelivered: boolean }[];
  readonly dead: readonly boolean[];
  readonly linked: boolean;
}
