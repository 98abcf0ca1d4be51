import type { MultiCase } from './multi-cases.js';
import type { Role } from './peer-spec.js';

/** What a process of a run with several producers or consumers is told when it is started. */
export interface MultiPeerSpec {
  readonly case: MultiCase;
  readonly role: Role;
  /** Which of those with this role it is, from 0. */
  readonly index: number;
  /** Where all meet. */
  readonly place: string;
  /** Number of the message that each sender spoils, or -1. */
  readonly spoil: number;
}

/** What a receiver tells of a phase, besides when it had received all, in microseconds of the clock that all processes share. */
export interface MultiReport {
  readonly at: number;
  /** How many messages, the sum of their numbers modulo 2^32, and their exclusive or: together they tell whether each came once. */
  readonly received: number;
  readonly sum: number;
  readonly xor: number;
  /** Messages of which it was told that it missed them. */
  readonly missed?: number;
}
