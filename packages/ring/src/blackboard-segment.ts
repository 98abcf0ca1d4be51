import { LocalSegment, RingwayError, Segment, type SegmentHandle, type SegmentHeader } from '@ringway/memory';
import { SLOT_STATE, Slots } from '@ringway/sync';
import {
  BOARD_FLAG,
  BOARD_SLOTS_BYTE,
  GEOMETRY_BOARD_FLAGS,
  GEOMETRY_BOARD_KEYS,
  GEOMETRY_BOARD_MAX_VALUE,
  GEOMETRY_BOARD_PARTICIPANTS,
  GEOMETRY_BOARD_VALUE,
  KIND_BLACKBOARD,
  MAX_BOARD_BYTES,
  MAX_BOARD_KEYS,
  MAX_BOARD_PARTICIPANTS,
  MAX_VALUE_BYTES,
  VALUE_UNIT,
  boardLayout,
  type BoardLayout,
} from './blackboard-layout.js';
import { BLACKBOARD_DEFAULTS, type BlackboardGeometry, type BlackboardOptions } from './blackboard-options.js';
import { msgpack } from './codec.js';
import { unlinkIfDeserted } from './ephemeral.js';
import { placeOf, type PlaceOptions } from './place.js';

/** A blackboard that exists. */
export interface BlackboardInfo {
  readonly name: string;
  /** Bytes of the object. */
  readonly size: number;
  readonly creationId: string;
  readonly codec: string;
}

/** The blackboards of a place. */
export function blackboardsIn(options: PlaceOptions): BlackboardInfo[] {
  return Segment.list({ ...placeOf(options), kind: KIND_BLACKBOARD }).map(({ name, size, creationId, codecName }) => ({
    name,
    size,
    creationId,
    codec: codecName,
  }));
}

/** The layout that a header's geometry stands for. Throws `ERR_RINGWAY_CORRUPT_SEGMENT` if it is impossible. */
export function boardLayoutOf(header: SegmentHeader, name: string): BoardLayout {
  const keys = header.geometry[GEOMETRY_BOARD_KEYS];
  const value = header.geometry[GEOMETRY_BOARD_VALUE];
  const participants = header.geometry[GEOMETRY_BOARD_PARTICIPANTS];
  const possible =
    keys >= 1 &&
    keys <= MAX_BOARD_KEYS &&
    value >= VALUE_UNIT &&
    value <= MAX_VALUE_BYTES &&
    value % VALUE_UNIT === 0 &&
    participants >= 1 &&
    participants <= MAX_BOARD_PARTICIPANTS &&
    header.geometry[GEOMETRY_BOARD_MAX_VALUE] >= 1;
  const layout = possible ? boardLayout(keys, value, participants) : undefined;
  if (layout?.size === header.size && header.size <= MAX_BOARD_BYTES) return layout;
  throw new RingwayError(
    'ERR_RINGWAY_CORRUPT_SEGMENT',
    `blackboard ${JSON.stringify(name)} says that it has ${keys} keys of ${value} bytes and ${participants} participants in an object of ` +
      `${header.size} bytes: that is impossible. Unlink it`,
  );
}

/** Whether a blackboard's creator wanted it to go with its last participant. */
export function isEphemeralBoard(segment: SegmentHandle): boolean {
  return (segment.header.geometry[GEOMETRY_BOARD_FLAGS] & BOARD_FLAG.ephemeral) !== 0;
}

/** Opens the segment of a blackboard, or makes it; what was given agrees with what its creator chose. Errors as of `Blackboard.open`. */
export function openBoardSegment<T>(name: string, options: BlackboardOptions<T>): Segment {
  const open = opener(name, options);
  let segment = open();
  try {
    // Its participants died, the last one before he could remove it. (One that nobody has joined yet is somebody's who is about to.)
    while (
      isEphemeralBoard(segment) &&
      wasJoined(segment, boardLayoutOf(segment.header, name)) &&
      unlinkIfDeserted(segment, segment.header.geometry[GEOMETRY_BOARD_PARTICIPANTS])
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

/** The segment of a blackboard on the heap. */
export function localBoardSegment(geometry: BlackboardGeometry, codecName: string): LocalSegment {
  const { kind, geometry: words, size } = boardSpec(geometry);
  return LocalSegment.create('local', { kind, geometry: words, size, codecName, codecId: 0, schemaId: 0 });
}

function wasJoined(segment: SegmentHandle, layout: BoardLayout): boolean {
  const slots = new Slots(segment, segment.map(0, layout.size), BOARD_SLOTS_BYTE, layout.participants);
  for (let slot = 0; slot < layout.participants; slot++) {
    if (slots.state(slot) !== SLOT_STATE.free || slots.generation(slot) !== 0) return true;
  }
  return false;
}

/** What the creator commits and fills, besides the header. */
function boardSpec(options: BlackboardGeometry): {
  kind: number;
  geometry: number[];
  size: number;
  commit: { offset: number; length: number }[];
} {
  const { maxKeys, valueBytes, maxParticipants, maxValueBytes } = BLACKBOARD_DEFAULTS;
  const geometry: number[] = [];
  geometry[GEOMETRY_BOARD_KEYS] = options.maxKeys ?? maxKeys;
  geometry[GEOMETRY_BOARD_VALUE] = options.valueBytes ?? valueBytes;
  geometry[GEOMETRY_BOARD_PARTICIPANTS] = options.maxParticipants ?? maxParticipants;
  geometry[GEOMETRY_BOARD_MAX_VALUE] = options.maxValueBytes ?? maxValueBytes;
  geometry[GEOMETRY_BOARD_FLAGS] = options.ephemeral === true ? BOARD_FLAG.ephemeral : 0;
  const { size } = boardLayout(
    geometry[GEOMETRY_BOARD_KEYS],
    geometry[GEOMETRY_BOARD_VALUE],
    geometry[GEOMETRY_BOARD_PARTICIPANTS],
  );
  const offset = BOARD_SLOTS_BYTE;
  return { kind: KIND_BLACKBOARD, geometry, size, commit: [{ offset, length: size - offset }] };
}

function opener<T>(name: string, options: BlackboardOptions<T>): () => Segment {
  const expectations = {
    ...placeOf(options),
    kind: KIND_BLACKBOARD,
    ...(options.trust === undefined ? {} : { trust: options.trust }),
  };
  const spec = {
    ...boardSpec(options),
    ...expectations,
    mode: options.mode ?? BLACKBOARD_DEFAULTS.mode,
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
function checkInherited(segment: Segment, options: BlackboardGeometry): void {
  const { geometry } = segment.header;
  const ephemeral = options.ephemeral === undefined ? undefined : Number(options.ephemeral);
  const given: [name: string, mine: number | undefined, theirs: number][] = [
    ['maxKeys', options.maxKeys, geometry[GEOMETRY_BOARD_KEYS]],
    ['valueBytes', options.valueBytes, geometry[GEOMETRY_BOARD_VALUE]],
    ['maxParticipants', options.maxParticipants, geometry[GEOMETRY_BOARD_PARTICIPANTS]],
    ['maxValueBytes', options.maxValueBytes, geometry[GEOMETRY_BOARD_MAX_VALUE]],
    ['ephemeral', ephemeral, Number(isEphemeralBoard(segment))],
  ];
  for (const [name, mine, theirs] of given) {
    if (mine === undefined || mine === theirs) continue;
    throw new RingwayError(
      'ERR_RINGWAY_OPTIONS_MISMATCH',
      `blackboard ${JSON.stringify(segment.name)} was created with ${name} ${theirs}, this call says ${mine}: ` +
        'leave the option out to take what is there',
    );
  }
}

function checkCodec(segment: Segment, codec: { readonly name: string }): void {
  const { codecName } = segment.header;
  if (codec.name === codecName) return;
  throw new RingwayError(
    'ERR_RINGWAY_CODEC_MISMATCH',
    `blackboard ${JSON.stringify(segment.name)} was created with codec ${JSON.stringify(codecName)}, this handle has ` +
      `${JSON.stringify(codec.name)}: open it with the same codec`,
  );
}
