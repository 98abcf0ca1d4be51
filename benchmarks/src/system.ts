import type { Case } from './cases.js';

/** A process to start: what, and with which descriptors besides the standard ones (they become 3, 4, …). */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly descriptors?: readonly number[];
}

/** One run as a system has prepared it: two fresh processes, the receiver's started first. */
export interface Setup {
  readonly receiver: Command;
  readonly sender: Command;
  /** Both have joined: what others could still find them by can go. */
  joined(): void;
  /** Whatever happened: leaves nothing behind. Both processes are gone. */
  dispose(): void;
}

/** What a run may choose besides its case. */
export interface RunOptions {
  /** Number of the message that the sender spoils, or -1. */
  readonly spoil: number;
  /** Arguments for every Node that is started. */
  readonly nodeArguments: readonly string[];
}

/** Something that carries messages from one process to another. */
export interface System {
  readonly name: string;
  /** Whether it can do what a case asks for. */
  takes(asked: Case): boolean;
  /** Once, before its first run. Rejects with what to do about it. */
  ready(signal: AbortSignal): Promise<void>;
  prepare(asked: Case, options: RunOptions): Setup;
}
