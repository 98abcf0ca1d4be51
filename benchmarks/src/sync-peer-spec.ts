import type { Role } from './peer-spec.js';
import type { SyncCase } from './sync-cases.js';

/** What a process of Node is told when it is started. Descriptor 3 is an empty object of memory that both share. */
export interface SyncPeerSpec {
  readonly case: SyncCase;
  readonly role: Role;
  /** Name of the lock. */
  readonly name: string;
  /** Number of the increment of each phase that is lost, or -1. */
  readonly spoil: number;
}

/** Of operations by one process alone. */
export interface UncontendedReport {
  readonly microseconds: number;
}

/** What one of two processes has done, and when, in microseconds of the clock that all processes share. */
export interface ContendedReport {
  readonly operations: number;
  readonly began: number;
  readonly ended: number;
}

/** How long those handovers took for which this process slept, in microseconds. */
export interface HandoverReport {
  readonly p50: number;
  readonly p99: number;
  /** How many it received. */
  readonly taken: number;
  /** For how many of them it slept. */
  readonly slept: number;
}

export type SyncReport = UncontendedReport | ContendedReport | HandoverReport;

/** One side of a run, within its own process: ready for orders. */
export interface SyncPeer {
  /** Does it `count` times, by itself or together with the other side. */
  run(count: number): SyncReport;
  close(): void;
}
