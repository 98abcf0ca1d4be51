export { Blackboard } from './blackboard.js';
export type { BlackboardEvents } from './blackboard.js';
export { BLACKBOARD_KIND } from './blackboard-kind.js';
export { BLACKBOARD_DEFAULTS } from './blackboard-options.js';
export type { BlackboardGeometry, BlackboardOptions } from './blackboard-options.js';
export type { BlackboardInfo } from './blackboard-segment.js';
export type { BlackboardStats, KeyStats } from './blackboard-stats.js';
export type { Versioned, WatchOptions } from './blackboard-watch.js';
export { BlackboardWriter } from './blackboard-writer.js';
export { bytes, json, msgpack, text, typed } from './codec.js';
export type { Codec, NumberArray, NumberArrayConstructor } from './codec.js';
export { Consumer } from './consumer.js';
export { DecodeError, MessageDecodeError } from './decode-error.js';
export { Delivery } from './delivery.js';
export type { NackOptions } from './delivery.js';
export type { ForwardTarget, Forwarder } from './forwarder.js';
export type { Held, QueueEvents } from './lifecycle.js';
export { Gap, Message } from './message.js';
export { DEFAULTS } from './options.js';
export type {
  ConsumerOptions,
  OpenOptions,
  ProducerOptions,
  QueueGeometry,
  QueueOptions,
  SubscriberOptions,
  TopicOptions,
} from './options.js';
export type { PlaceOptions, QueueInfo } from './place.js';
export type { PollHandler } from './poller.js';
export { Producer } from './producer.js';
export type { MessageOptions, Reservation, SendOptions } from './producer.js';
export { QUEUE_KIND, TOPIC_KIND } from './lane-kinds.js';
export { Queue } from './queue.js';
export { DEAD_LETTER_HEADERS } from './returns.js';
export type { DeadLetter, DeadLetterReason } from './returns.js';
export type { RunHandler, RunOptions } from './run.js';
export type { SchemaResult, StandardSchema } from './schema.js';
export type { Holder, LaneStats, QueueStats } from './stats.js';
export { Subscriber } from './subscriber.js';
export { Topic } from './topic.js';
export type { PublisherOptions, TopicEvents } from './topic.js';
export type { TopicHandler } from './topic-reader.js';
export type { SubscriberStats, TopicLaneStats, TopicStats } from './topic-stats.js';
export type { WaitOptions } from '@ringway/sync';
