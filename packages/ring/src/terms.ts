import { KIND_TOPIC } from './layout.js';

/** What people call the parts of one kind of segment: the words of its API, for messages. */
export interface Terms {
  readonly segment: string;
  readonly producers: string;
  readonly consumers: string;
  readonly maxProducers: string;
  readonly maxConsumers: string;
}

const QUEUE_TERMS: Terms = {
  segment: 'queue',
  producers: 'producers',
  consumers: 'consumers',
  maxProducers: 'maxProducers',
  maxConsumers: 'maxConsumers',
};

const TOPIC_TERMS: Terms = {
  segment: 'topic',
  producers: 'publishers',
  consumers: 'subscribers',
  maxProducers: 'maxPublishers',
  maxConsumers: 'maxSubscribers',
};

/** @param kind - in the segment's header */
export function termsOf(kind: number): Terms {
  return kind === KIND_TOPIC ? TOPIC_TERMS : QUEUE_TERMS;
}
