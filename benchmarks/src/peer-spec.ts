import type { Case } from './cases.js';

/** The sender starts, the receiver answers: in `rtt` with a message of its own, in `throughput` not at all. */
export type Role = 'sender' | 'receiver';

/** What a process of a run is told when it is started. */
export interface PeerSpec {
  readonly system: string;
  readonly role: Role;
  readonly case: Case;
  /** Where the two meet: what that is, the system knows. */
  readonly place: string;
  /** Number of the message that the sender spoils, or -1. */
  readonly spoil: number;
}

/**
 * What a process tells of a phase: when it began to send (sender) or had received all (receiver), and where it counts
 * when it had sent all, in microseconds of the clock that all processes share; the sender of a round trip how long they took, in microseconds.
 */
export type Report = { readonly at: number; readonly done?: number } | { readonly p50: number; readonly p99: number };

/** One side of a run, within its own process: connected, and ready for orders. */
export interface Peer {
  /** One phase: sends, or receives and checks, this many messages, numbered from 0. */
  run(count: number): Report | Promise<Report>;
  close(): void;
}
