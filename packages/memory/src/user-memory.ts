import { checkCount } from './counts.js';
import { RingwayError } from './errors.js';
import { HEADER_BYTES, SIZE_UNIT } from './header-layout.js';
import type { SegmentHeader } from './header.js';
import { KIND_MEMORY, PARTICIPANT_BYTES } from './kinds.js';
import type { PlaceOptions } from './observe.js';
import type { SegmentSpec } from './segment.js';

/** Options of `Segment.memory`. */
export interface MemoryOptions extends PlaceOptions {
  /** How many bytes of one's own. Needed to make it; who opens it may leave it out. */
  readonly bytes?: number;
  /** How many handles may use locks in it at a time, 1 to 1024; each takes 256 bytes beside the others. Default 64. */
  readonly participants?: number;
  /** Permission bits of one that is made. Default 0o600. */
  readonly mode?: number;
  /** User ids whose segments are opened besides one's own and root's. Default none. */
  readonly trust?: readonly number[];
  /** `if-missing` (default): attach, or make it. `never`: `ERR_RINGWAY_NOT_FOUND` if it is missing. `always`: `ERR_RINGWAY_EXISTS` if it is not. */
  readonly create?: 'if-missing' | 'never' | 'always';
}

const DEFAULT_PARTICIPANTS = 64;
const MAX_PARTICIPANTS = 1024;
const CREATE = ['if-missing', 'never', 'always'];

/** Words of the header's geometry: participants, and the user's bytes as two 32-bit words, the low one first. */
const GEOMETRY = { participants: 0, low: 1, high: 2 } as const;
const WORD = 2 ** 32;

/** Where the user's bytes lie. */
export interface MemoryRange {
  readonly offset: number;
  readonly length: number;
}

function wholePages(bytes: number): number {
  return Math.ceil(bytes / SIZE_UNIT) * SIZE_UNIT;
}

function bytesFrom(participants: number): number {
  return wholePages(HEADER_BYTES + participants * PARTICIPANT_BYTES);
}

/** Checks the options. What is to be made, or undefined where nothing may be. */
export function memorySpec(options: MemoryOptions): SegmentSpec | undefined {
  const { bytes, participants = DEFAULT_PARTICIPANTS, create = 'if-missing', mode, dir, trust } = options;
  if (!CREATE.includes(create)) throw new RangeError(`create must be ${CREATE.join(', ')}, not ${create as string}`);
  checkCount('participants', participants);
  if (participants < 1 || participants > MAX_PARTICIPANTS) {
    throw new RangeError(`participants must be from 1 to ${MAX_PARTICIPANTS}, not ${participants}`);
  }
  if (bytes !== undefined) checkCount('bytes', bytes);
  if (bytes === 0) throw new RangeError('bytes must be at least 1');
  if (create === 'never') return undefined;
  if (bytes === undefined) {
    if (create === 'always') throw new RangeError('bytes is needed to make memory: how much of it');
    return undefined;
  }
  const offset = bytesFrom(participants);
  const size = offset + wholePages(bytes);
  return {
    kind: KIND_MEMORY,
    geometry: [participants, bytes % WORD, Math.floor(bytes / WORD)],
    size,
    codecName: '',
    codecId: 0,
    schemaId: 0,
    commit: [{ offset: HEADER_BYTES, length: size - HEADER_BYTES }],
    ...(mode === undefined ? {} : { mode }),
    ...(dir === undefined ? {} : { dir }),
    ...(trust === undefined ? {} : { trust }),
  };
}

/**
 * Where the user's bytes lie, by the header. Errors: `ERR_RINGWAY_KIND_MISMATCH` for a segment of another kind, `ERR_RINGWAY_CORRUPT_SEGMENT`,
 * `ERR_RINGWAY_OPTIONS_MISMATCH` for an option that was given and differs.
 */
export function memoryRange(header: SegmentHeader, name: string, options: MemoryOptions = {}): MemoryRange {
  if (header.kind !== KIND_MEMORY) {
    throw new RingwayError(
      'ERR_RINGWAY_KIND_MISMATCH',
      `segment ${JSON.stringify(name)} is of kind ${header.kind}: what is inside belongs to Ringway. Use Segment.memory for bytes of your own`,
    );
  }
  const participants = header.geometry[GEOMETRY.participants];
  const length = header.geometry[GEOMETRY.low] + header.geometry[GEOMETRY.high] * WORD;
  const offset = bytesFrom(participants);
  if (
    participants < 1 ||
    participants > MAX_PARTICIPANTS ||
    length < 1 ||
    offset + wholePages(length) !== header.size
  ) {
    throw new RingwayError(
      'ERR_RINGWAY_CORRUPT_SEGMENT',
      `${JSON.stringify(name)} says that it has ${length} bytes and ${participants} participants in an object of ${header.size}: that is impossible. Unlink it`,
    );
  }
  for (const [what, stated, found] of [
    ['bytes', options.bytes, length],
    ['participants', options.participants, participants],
  ] as const) {
    if (stated === undefined || stated === found) continue;
    throw new RingwayError(
      'ERR_RINGWAY_OPTIONS_MISMATCH',
      `${JSON.stringify(name)} was made with ${what} ${found}, not ${stated}: leave the option out to take what is there, or unlink it`,
    );
  }
  return { offset, length };
}
