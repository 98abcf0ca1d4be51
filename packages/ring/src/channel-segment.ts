import { LocalSegment, RingwayError, Segment } from '@ringway/memory';
import { Channel, channelGeometry, channelSpec, layoutOf } from './channel.js';
import { msgpack } from './codec.js';
import { isEphemeral, unlinkIfDeserted } from './ephemeral.js';
import { GEOMETRY_LANE_BYTES, GEOMETRY_MAX_CONSUMERS, GEOMETRY_MAX_MESSAGE, GEOMETRY_MAX_PRODUCERS } from './layout.js';
import { DEFAULTS, type ChannelOptions, type QueueGeometry } from './options.js';
import { placeOf } from './place.js';
import { termsOf } from './terms.js';

/**
 * Opens a segment with lanes, or makes it; what was given agrees with what its creator chose. Errors as of `Queue.open`.
 *
 * @param kind - in the segment's header
 */
export function openChannelSegment<T>(kind: number, name: string, options: ChannelOptions<T>): Segment {
  const open = opener(kind, name, options);
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

/** A segment with lanes on the heap. */
export function localChannelSegment(kind: number, geometry: QueueGeometry, codecName: string): LocalSegment {
  const { geometry: words, size } = channelSpec(kind, channelGeometry(geometry));
  return LocalSegment.create('local', { kind, geometry: words, size, codecName, codecId: 0, schemaId: 0 });
}

function opener<T>(kind: number, name: string, options: ChannelOptions<T>): () => Segment {
  const expectations = {
    ...placeOf(options),
    kind,
    ...(options.trust === undefined ? {} : { trust: options.trust }),
  };
  const spec = {
    ...channelSpec(kind, channelGeometry(options)),
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
  const { kind, geometry } = segment.header;
  const terms = termsOf(kind);
  const given: [name: string, mine: number | undefined, theirs: number][] = [
    ['laneBytes', options.laneBytes, geometry[GEOMETRY_LANE_BYTES]],
    [terms.maxProducers, options.maxProducers, geometry[GEOMETRY_MAX_PRODUCERS]],
    [terms.maxConsumers, options.maxConsumers, geometry[GEOMETRY_MAX_CONSUMERS]],
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
      `${terms.segment} ${JSON.stringify(segment.name)} was created with ${name} ${theirs}, this call says ${mine}: ` +
        'leave the option out to take what is there',
    );
  }
}

function checkCodec(segment: Segment, codec: { readonly name: string }): void {
  const { codecName, kind } = segment.header;
  if (codec.name === codecName) return;
  throw new RingwayError(
    'ERR_RINGWAY_CODEC_MISMATCH',
    `${termsOf(kind).segment} ${JSON.stringify(segment.name)} was created with codec ${JSON.stringify(codecName)}, this handle has ` +
      `${JSON.stringify(codec.name)}: open it with the same codec`,
  );
}
