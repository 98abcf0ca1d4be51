import { LocalSegment, RingwayError, Segment } from '@ringway/memory';
import { Channel, layoutOf, queueGeometry, queueSpec } from './channel.js';
import { msgpack } from './codec.js';
import { isEphemeral, unlinkIfDeserted } from './ephemeral.js';
import {
  GEOMETRY_LANE_BYTES,
  GEOMETRY_MAX_CONSUMERS,
  GEOMETRY_MAX_MESSAGE,
  GEOMETRY_MAX_PRODUCERS,
  KIND_QUEUE,
} from './layout.js';
import { DEFAULTS, checkGeometry, wholeNumber, type QueueGeometry, type QueueOptions } from './options.js';
import { placeOf } from './place.js';

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
  const create: unknown = options.create ?? 'if-missing';
  if (create !== 'if-missing' && create !== 'never' && create !== 'always') {
    throw new RangeError(`create must be 'if-missing', 'never' or 'always', not ${String(create)}`);
  }
}

/** Throws a `TypeError` for what is neither a name nor an open queue. */
function checkDeadLetter(letters: unknown): void {
  if (letters === undefined || typeof letters === 'string') return;
  const { forwarder } = Object(letters) as { forwarder?: unknown };
  if (typeof forwarder !== 'function') {
    throw new TypeError('deadLetter must be the name of a queue, or an open queue');
  }
}

/**
 * Opens the segment of a queue, or makes it; what was given agrees with what its creator chose. Errors as of
 * `Queue.open`.
 */
export function openQueueSegment<T>(name: string, options: QueueOptions<T>): Segment {
  const open = opener(name, options);
  let segment = open();
  try {
    // Its participants died, the last one before he could remove it: what is in it died with them. (One that nobody has
    // joined yet is somebody's who is about to.)
    while (
      isEphemeral(segment) &&
      new Channel(segment).wasJoined &&
      unlinkIfDeserted(segment, layoutOf(segment.header, name).slotCount)
    ) {
      segment.close();
      segment = open();
    }
    checkInherited(segment, options);
    if (options.codec !== undefined) checkCodec(segment, options.codec);
    return segment;
  } catch (error) {
    segment.close();
    throw error;
  }
}

/** The segment of a queue on the heap. */
export function localQueueSegment(geometry: QueueGeometry, codecName: string): LocalSegment {
  const { kind, geometry: words, size } = queueSpec(queueGeometry(geometry));
  return LocalSegment.create('local', { kind, geometry: words, size, codecName, codecId: 0, schemaId: 0 });
}

function opener<T>(name: string, options: QueueOptions<T>): () => Segment {
  const expectations = {
    ...placeOf(options),
    kind: KIND_QUEUE,
    ...(options.trust === undefined ? {} : { trust: options.trust }),
  };
  const spec = {
    ...queueSpec(queueGeometry(options)),
    ...expectations,
    mode: options.mode ?? DEFAULTS.mode,
    codecName: (options.codec ?? msgpack()).name,
    codecId: 0,
    schemaId: 0,
  };
  return {
    never: () => Segment.open(name, expectations),
    always: () => Segment.create(name, spec),
    'if-missing': () => Segment.openOrCreate(name, spec),
  }[options.create ?? 'if-missing'];
}

/** Geometry belongs to the creator: what was given and differs is an error, with both values. */
function checkInherited(segment: Segment, options: QueueGeometry): void {
  const { geometry } = segment.header;
  const given: [name: string, mine: number | undefined, theirs: number][] = [
    ['laneBytes', options.laneBytes, geometry[GEOMETRY_LANE_BYTES]],
    ['maxProducers', options.maxProducers, geometry[GEOMETRY_MAX_PRODUCERS]],
    ['maxConsumers', options.maxConsumers, geometry[GEOMETRY_MAX_CONSUMERS]],
    ['maxMessageBytes', options.maxMessageBytes, geometry[GEOMETRY_MAX_MESSAGE]],
    [
      'ephemeral',
      options.ephemeral === undefined ? undefined : Number(options.ephemeral),
      Number(isEphemeral(segment)),
    ],
  ];
  for (const [name, mine, theirs] of given) {
    if (mine === undefined || mine === theirs) continue;
    throw new RingwayError(
      'ERR_RINGWAY_OPTIONS_MISMATCH',
      `queue ${JSON.stringify(segment.name)} was created with ${name} ${theirs}, this call says ${mine}: ` +
        'leave the option out to take what is there',
    );
  }
}

function checkCodec(segment: Segment, codec: { readonly name: string }): void {
  const { codecName } = segment.header;
  if (codec.name === codecName) return;
  throw new RingwayError(
    'ERR_RINGWAY_CODEC_MISMATCH',
    `queue ${JSON.stringify(segment.name)} was created with codec ${JSON.stringify(codecName)}, this handle has ` +
      `${JSON.stringify(codec.name)}: open it with the same codec`,
  );
}
