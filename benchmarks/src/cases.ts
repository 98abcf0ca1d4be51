import type { IdleStrategy } from 'ringway';

/** How a sender publishes: each message alone, or several at a time. */
export type Publish = 'each' | 'batch';

/** As many messages as possible, one way. */
export interface ThroughputCase {
  readonly scenario: 'throughput';
  readonly params: { readonly bytes: number; readonly publish: Publish };
}

/** One message at a time, there and back. */
export interface RoundTripCase {
  readonly scenario: 'rtt';
  readonly params: { readonly bytes: number; readonly idle: IdleStrategy };
}

/** What a system is asked to do in a run. */
export type Case = ThroughputCase | RoundTripCase;

/** What each scenario's figures are in. */
export const UNITS = { throughput: 'msg/s', rtt: 'us' } as const;

const THROUGHPUT_BYTES: readonly number[] = [8, 64, 256, 1024, 4096, 65536];
const ROUND_TRIP_BYTES = 64;

/** All cases. Those of one group are compared with each other, so their runs are interleaved. */
export const CASE_GROUPS: readonly (readonly Case[])[] = [
  ...THROUGHPUT_BYTES.map((bytes) =>
    (['each', 'batch'] as const).map((publish): Case => ({ scenario: 'throughput', params: { bytes, publish } })),
  ),
  (['spin', 'adaptive', 'park'] as const).map((idle): Case => ({
    scenario: 'rtt',
    params: { bytes: ROUND_TRIP_BYTES, idle },
  })),
];
