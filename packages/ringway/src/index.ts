/**
 * Ringway moves messages between processes on one host through POSIX shared memory.
 *
 * @packageDocumentation
 */
export { ERROR_CODES, PosixError, RingwayError, Segment, support } from '@ringway/memory';
export type { ErrorCode, Support } from '@ringway/memory';
export type { IdleStrategy, Peer } from '@ringway/sync';
export {
  Consumer,
  DEFAULTS,
  DecodeError,
  Delivery,
  Producer,
  Queue,
  bytes,
  json,
  msgpack,
  text,
  typed,
} from '@ringway/ring';
export type {
  Codec,
  ConsumerOptions,
  Held,
  Holder,
  LaneStats,
  MessageOptions,
  NumberArray,
  NumberArrayConstructor,
  PlaceOptions,
  PollHandler,
  ProducerOptions,
  QueueEvents,
  QueueGeometry,
  QueueInfo,
  QueueOptions,
  QueueStats,
  Reservation,
  RunHandler,
  RunOptions,
  SchemaResult,
  SendOptions,
  StandardSchema,
  WaitOptions,
} from '@ringway/ring';
