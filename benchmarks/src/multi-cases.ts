import type { Publish } from './cases.js';

/**
 * Scenarios of one pattern with several producers or consumers. One more is a name here, its cases below, and who takes
 * part in it in `peers/multi.ts`.
 */
export type MultiScenario = 'topic' | 'fan-in' | 'work-sharing';

/** What messages of the scenario `topic` go through: a queue, or a topic with subscribers of one kind. */
export type Through = 'queue' | 'block' | 'drop';

/** So many producers send to so many consumers. */
export interface MultiCase {
  readonly scenario: MultiScenario;
  readonly params: {
    readonly bytes: number;
    readonly publish: Publish;
    readonly producers: number;
    readonly consumers: number;
    /** Only of `topic`. */
    readonly through?: Through;
  };
}

/** What the figures of all of them are in: messages of all producers together, that all consumers together received. */
export const MULTI_UNIT = 'msg/s';

const BYTES = 64;
const FAN_IN_PRODUCERS: readonly number[] = [1, 4, 16];
const SHARING_CONSUMERS: readonly number[] = [1, 4];
const TOPICS: readonly (readonly [through: Through, consumers: number])[] = [
  ['queue', 1],
  ['block', 1],
  ['drop', 1],
  ['drop', 4],
  ['block', 4],
];

/**
 * All cases. The first of each group is the queue from one to one, with which the others are compared: their runs are
 * interleaved. Of a topic it is the publisher's rate that is told: it waits for subscribers that block, and for no others.
 * Work is shared by one producer that publishes in batches, which is more than a consumer can receive: else
 * it would be the producer that is measured.
 */
export const MULTI_GROUPS: readonly (readonly MultiCase[])[] = [
  TOPICS.map(([through, consumers]): MultiCase => ({
    scenario: 'topic',
    params: { bytes: BYTES, publish: 'each', producers: 1, consumers, through },
  })),
  FAN_IN_PRODUCERS.map((producers): MultiCase => ({
    scenario: 'fan-in',
    params: { bytes: BYTES, publish: 'each', producers, consumers: 1 },
  })),
  SHARING_CONSUMERS.map((consumers): MultiCase => ({
    scenario: 'work-sharing',
    params: { bytes: BYTES, publish: 'batch', producers: 1, consumers },
  })),
];
