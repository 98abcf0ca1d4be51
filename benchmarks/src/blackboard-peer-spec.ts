import type { BlackboardCase } from './blackboard-cases.js';

/** What a process of a run of the blackboard is told when it is started. */
export interface BlackboardPeerSpec {
  readonly case: BlackboardCase;
  /** `measured`: what its case says, as often as it is ordered. `writer`: writes until its input ends. */
  readonly role: 'measured' | 'writer';
  /** Name of the blackboard, or the queue. */
  readonly name: string;
  /** Number of the value or message of each phase that is spoiled, or -1; a writer spoils that version and all after it. */
  readonly spoil: number;
}

/** What the measured one says of a phase. */
export interface BlackboardReport {
  readonly microseconds: number;
  /** By how many versions the value went on meanwhile. */
  readonly versions: number;
}
