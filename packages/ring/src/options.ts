import type { IdleStrategy } from '@ringway/sync';
import type { Codec } from './codec.js';
import type { ForwardTarget } from './forwarder.js';
import { MAX_LANE_BYTES, MAX_PARTICIPANTS, MIN_LANE_BYTES } from './layout.js';
import type { StandardSchema } from './schema.js';

/** What holds where nothing else is said. */
export const DEFAULTS = {
  laneBytes: 1024 * 1024,
  maxProducers: 64,
  maxConsumers: 64,
  maxMessageBytes: 1024 * 1024 * 1024,
  prefetch: 256,
  pollMicroseconds: 50,
  heldWarningMs: 30_000,
  mode: 0o600,
  idle: 'adaptive' as IdleStrategy,
} as const;

/** What must be the same for everybody: the creator chooses, others may state it and get `ERR_RINGWAY_OPTIONS_MISMATCH` where it differs. */
export interface QueueGeometry {
  /** Size of each producer's lane in bytes: a power of two from 4096 to 2^30. Default 1 MiB. A message above a quarter of it is spilled to an object of its own. */
  readonly laneBytes?: number | undefined;
  /** Most producers at a time, 1 to 1024. Default 64. */
  readonly maxProducers?: number | undefined;
  /** Most consumers at a time, 1 to 1024. Default 64. */
  readonly maxConsumers?: number | undefined;
  /**
   * The last participant that leaves removes the queue's name, and messages that nobody has received die with it. One whose participants all died is made
   * anew by the next opener. Default false: a queue stays until it is unlinked.
   */
  readonly ephemeral?: boolean | undefined;
  /** Longest message in bytes, at most 2^32 - 1. Default 1 GiB. */
  readonly maxMessageBytes?: number | undefined;
}

/** What every segment of messages can be opened with. */
export interface OpenOptions<T> {
  /** How messages become bytes. Default: the creator's, if it is one of Ringway's own; for the creator, `msgpack()`. */
  readonly codec?: Codec<T> | undefined;
  /** A Standard Schema that each message must match, on both sides. */
  readonly schema?: StandardSchema<T> | undefined;
  /** Directory of the object, instead of POSIX shared memory: tmpfs or a local file system. Default `RINGWAY_DIR`, else none. */
  readonly dir?: string | undefined;
  /** Permission bits for what is created. Default 0o600. */
  readonly mode?: number | undefined;
  /** User ids whose objects are trusted besides one's own and root's. Default none. */
  readonly trust?: readonly number[] | undefined;
  /** `if-missing` (default): attach, or create. `never`: `ERR_RINGWAY_NOT_FOUND` if it is missing. `always`: `ERR_RINGWAY_EXISTS` if it is not. */
  readonly create?: 'if-missing' | 'never' | 'always' | undefined;
}

/** @internal Options of a segment with lanes. */
export interface ChannelOptions<T> extends QueueGeometry, OpenOptions<T> {}

/** Options of `Queue.open`. */
export interface QueueOptions<T> extends QueueGeometry, OpenOptions<T> {
  /**
   * Where messages go that the consumers of this handle give up (`delivery.reject()`, `maxDeliveries`, `ttlMs`): the name of a queue in the same place, which is made if it is missing, or
   * an open `Queue`. It must have the same codec. Default none: what is rejected or expired is gone.
   */
  readonly deadLetter?: string | ForwardTarget | undefined;
  /** A message that was handed to consumers so often, and never acknowledged, goes to the dead letters: 1 to 2^31 - 1. Needs `deadLetter`. Default: never. */
  readonly maxDeliveries?: number | undefined;
  /** Milliseconds after which `held` is emitted for a message that stays unacknowledged. Default 30,000. */
  readonly heldWarningMs?: number | undefined;
}

/** Options of `Topic.open`. */
export interface TopicOptions<T> extends OpenOptions<T> {
  /**
   * Size of each publisher's lane in bytes: a power of two from 4096 to 2^30. Default 1 MiB. So far a subscriber may be behind, less a sixteenth. A message above a quarter of it is spilled to an
   * object of its own.
   */
  readonly laneBytes?: number | undefined;
  /** Most publishers at a time, 1 to 1024. Default 64. */
  readonly maxPublishers?: number | undefined;
  /** Most subscribers at a time, 1 to 1024. Default 64. */
  readonly maxSubscribers?: number | undefined;
  /** The last participant that leaves removes the topic's name. Default false: a topic stays until it is unlinked. */
  readonly ephemeral?: boolean | undefined;
  /** Longest message in bytes, at most 2^32 - 1. Default 1 GiB. */
  readonly maxMessageBytes?: number | undefined;
}

/** Options of `topic.subscriber`. */
export interface SubscriberOptions {
  /** For people. At most 48 bytes of UTF-8. Default none. */
  readonly label?: string | undefined;
  /**
   * What happens when this subscriber is a whole lane behind. `block` (default): publishers wait for it, and it misses nothing. `drop`: it skips to the middle of what is there, and is told exactly how many messages it
   * missed. `disconnect`: it is closed, and its next call throws `ERR_RINGWAY_SLOW_SUBSCRIBER`.
   */
  readonly onSlow?: 'block' | 'drop' | 'disconnect' | undefined;
  /** How many of the last messages of each publisher to begin with, as far as they are still there: 0 to 2^31 - 1. Default 0: what is published from now on. */
  readonly history?: number | undefined;
  /** Only messages with one of these keys are handed out; others are passed over without being decoded. Default: all. */
  readonly keys?: Iterable<string> | undefined;
  /** With `onSlow: 'drop'`: what was missed comes in its place as a `Gap`. Default false: only the event `missed` tells. */
  readonly gaps?: boolean | undefined;
  /** How to wait for messages. Default `adaptive`. */
  readonly idle?: IdleStrategy | undefined;
  /** How long `adaptive` polls before it parks, in microseconds. Default 50. */
  readonly pollMicroseconds?: number | undefined;
  /** Whether leaving a loop over this subscriber closes it. Default true. */
  readonly closeOnReturn?: boolean | undefined;
}

/** Options of `queue.producer`. */
export interface ProducerOptions {
  /** For people, and to go on in the lane of a dead producer with the same label. At most 48 bytes of UTF-8. Default none. */
  readonly label?: string | undefined;
  /**
   * Consumers take the messages of producers with a higher priority first, -1000 to 1000; of the same priority in turn. Not strictly: one look in 16 goes to all in turn, so that none starves, and
   * what a consumer has in hand it keeps. Default 0.
   */
  readonly priority?: number | undefined;
  /** `each` (default): a message is visible when `send` returns. `tick`: published together at the end of this turn of the event loop, or every 16 KiB. */
  readonly publish?: 'each' | 'tick' | undefined;
  /** Stamp every message with the time of its publication. Default false. */
  readonly timestamps?: boolean | undefined;
  /** How to wait for room. Default `adaptive`. */
  readonly idle?: IdleStrategy | undefined;
  /** How long `adaptive` polls before it parks, in microseconds. Default 50. */
  readonly pollMicroseconds?: number | undefined;
}

/** Options of `queue.consumer`. */
export interface ConsumerOptions {
  /** For people. At most 48 bytes of UTF-8. Default none. */
  readonly label?: string | undefined;
  /** Most messages that are claimed at a time, 1 to 65,536. Others cannot get them; 1 for slow handlers. Default 256. */
  readonly prefetch?: number | undefined;
  /** How to wait for messages. Default `adaptive`. */
  readonly idle?: IdleStrategy | undefined;
  /** How long `adaptive` polls before it parks, in microseconds. Default 50. */
  readonly pollMicroseconds?: number | undefined;
  /** Whether leaving a loop over this consumer closes it. Default true. */
  readonly closeOnReturn?: boolean | undefined;
}

const IDLE_STRATEGIES: readonly IdleStrategy[] = ['adaptive', 'park', 'spin'];

/** Throws a `RangeError` unless `value` is a whole number in the range. */
export function wholeNumber(name: string, value: number, least: number, most: number): number {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be a whole number from ${least} to ${most}, not ${String(value)}`);
}

/** Checks what the user said of the geometry; what he did not say stays undefined. */
export function checkGeometry(options: QueueGeometry): void {
  const { laneBytes, maxProducers, maxConsumers, maxMessageBytes } = options;
  if (laneBytes !== undefined) {
    wholeNumber('laneBytes', laneBytes, MIN_LANE_BYTES, MAX_LANE_BYTES);
    if ((laneBytes & (laneBytes - 1)) !== 0) {
      throw new RangeError(
        `laneBytes must be a power of two from ${MIN_LANE_BYTES} to ${MAX_LANE_BYTES}, not ${laneBytes}`,
      );
    }
  }
  if (maxProducers !== undefined) wholeNumber('maxProducers', maxProducers, 1, MAX_PARTICIPANTS);
  if (maxConsumers !== undefined) wholeNumber('maxConsumers', maxConsumers, 1, MAX_PARTICIPANTS);
  if (maxMessageBytes !== undefined) wholeNumber('maxMessageBytes', maxMessageBytes, 1, 2 ** 32 - 1);
}

/** Checks a label: what people read must fit. */
export function checkLabel(label: string | undefined, most: number): string {
  if (label === undefined) return '';
  if (typeof label !== 'string') throw new TypeError(`label must be a string, not of type ${typeof label}`);
  const length = Buffer.byteLength(label, 'utf8');
  if (length > most || label.includes('\0')) {
    throw new RangeError(`label must have at most ${most} bytes of UTF-8 and no NUL, it has ${length}`);
  }
  return label;
}

const MAX_KEY_BYTES = 255;

/** Throws a `TypeError` or `RangeError` for what is no key of a message. */
export function checkKey(key: unknown): void {
  if (typeof key !== 'string') throw new TypeError(`key must be a string, not of type ${typeof key}`);
  const length = Buffer.byteLength(key, 'utf8');
  if (length < 1 || length > MAX_KEY_BYTES) {
    throw new RangeError(`key must have 1 to ${MAX_KEY_BYTES} bytes of UTF-8, it has ${length}`);
  }
}

/** Checks an idle strategy and its polling time. */
export function checkIdle(options: { idle?: IdleStrategy | undefined; pollMicroseconds?: number | undefined }): {
  idle: IdleStrategy;
  pollMicroseconds: number;
} {
  const { idle = DEFAULTS.idle, pollMicroseconds = DEFAULTS.pollMicroseconds } = options;
  if (!IDLE_STRATEGIES.includes(idle)) {
    throw new RangeError(`idle must be 'adaptive', 'park' or 'spin', not ${idle as string}`);
  }
  return { idle, pollMicroseconds: wholeNumber('pollMicroseconds', pollMicroseconds, 0, 10_000_000) };
}

/** Throws a `RangeError` for what is no way of creating. */
export function checkCreate(create: unknown = 'if-missing'): void {
  if (create !== 'if-missing' && create !== 'never' && create !== 'always') {
    throw new RangeError(`create must be 'if-missing', 'never' or 'always', not ${String(create)}`);
  }
}

/** Checks what can be wrong with the options of a queue by themselves. Throws `RangeError`, `TypeError`. */
export function checkQueueOptions<T>(options: QueueOptions<T>): void {
  checkGeometry(options);
  if (options.heldWarningMs !== undefined)
    wholeNumber('heldWarningMs', options.heldWarningMs, 1, Number.MAX_SAFE_INTEGER);
  checkDeadLetter(options.deadLetter);
  if (options.maxDeliveries !== undefined) {
    wholeNumber('maxDeliveries', options.maxDeliveries, 1, 2 ** 31 - 1);
    if (options.deadLetter === undefined) {
      throw new RangeError(
        'maxDeliveries needs deadLetter: the queue to which messages go that were delivered so often',
      );
    }
  }
  checkCreate(options.create);
}

/** Throws a `TypeError` for what is neither a name nor an open queue. */
function checkDeadLetter(letters: unknown): void {
  if (letters === undefined || typeof letters === 'string') return;
  const { forwarder } = Object(letters) as { forwarder?: unknown };
  if (typeof forwarder !== 'function') {
    throw new TypeError('deadLetter must be the name of a queue, or an open queue');
  }
}
