/** Name of the scenario. */
export const SYNC = 'sync';

export type SyncWhat = 'uncontended' | 'contended' | 'handover';

export type SyncPrimitive = 'mutex' | 'semaphore';

/** What is asked of a system's locks. */
export interface SyncCase {
  readonly what: SyncWhat;
  readonly primitive: SyncPrimitive;
}

/** What is looked at, and in which unit. */
export const SYNC_UNITS = {
  /** Acquire and release, by a process alone. */
  uncontended: 'ns',
  /** Increments of a counter that the lock protects, by two processes together. */
  contended: 'ops/s',
  /** From before the release until a process that slept has it. */
  handover: 'us',
} as const satisfies Record<SyncWhat, string>;

const PRIMITIVES: readonly SyncPrimitive[] = ['mutex', 'semaphore'];

/** All cases. The runs of all systems at one are interleaved. */
export const SYNC_CASES: readonly SyncCase[] = [
  ...(['uncontended', 'contended'] as const).flatMap((what) =>
    PRIMITIVES.map((primitive): SyncCase => ({ what, primitive })),
  ),
  { what: 'handover', primitive: 'mutex' },
];
