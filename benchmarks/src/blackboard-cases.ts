/** Name of the scenario. */
export const BLACKBOARD = 'blackboard';

/**
 * What one process does again and again: read a value that nobody writes, read one that another process writes without a
 * pause, or, to compare with, send a message to itself through a queue and receive it.
 */
export type BlackboardWhat = 'read' | 'read-written' | 'queue';

export interface BlackboardCase {
  readonly what: BlackboardWhat;
  readonly bytes: number;
}

/** Of one read, or of one message that was sent, received and acknowledged. */
export const BLACKBOARD_UNIT = 'ns';

const BYTES = 64;

/** All cases. They are compared with each other, so their runs are interleaved. */
export const BLACKBOARD_CASES: readonly BlackboardCase[] = (['read', 'read-written', 'queue'] as const).map((what) => ({
  what,
  bytes: BYTES,
}));
