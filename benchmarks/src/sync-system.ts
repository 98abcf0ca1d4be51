import type { Role } from './peer-spec.js';
import type { SyncCase } from './sync-cases.js';
import type { Command, RunOptions } from './system.js';

/** One run as a system has prepared it: fresh processes, the sender's started first. */
export interface SyncSetup {
  command(role: Role): Command;
  /** All have joined: what others could still find them by can go. */
  joined(): void;
  /** Whatever happened: leaves nothing behind. The processes are gone. */
  dispose(): void;
}

/** Something that keeps processes out of each other's way. */
export interface SyncSystem {
  readonly name: string;
  /** Whether it can do what a case asks for. */
  takes(asked: SyncCase): boolean;
  /** Once, before its first run. Resolves to why it is left out, if it is; rejects with what to do about it. */
  ready(signal: AbortSignal): Promise<string | undefined>;
  prepare(asked: SyncCase, options: RunOptions): SyncSetup;
}
