import { KIND_MEMORY, RingwayError, Segment, type SegmentHandle, type SegmentHeader } from '@ringway/memory';
import { Doorbells } from './doorbell.js';
import { Participant } from './participant.js';
import { leaving } from './waits.js';
import {
  DEFAULT_PARTICIPANTS,
  GEOMETRY_PARTICIPANTS,
  MAX_PARTICIPANTS,
  PAGE_BYTES,
  RECORD_FIRST,
  RECORD_HIGH,
  RECORD_SECOND,
  RECORD_SIZE,
  RECORD_STATE,
  RECORD_TYPE,
  ROW_FIRST,
  ROW_OWNER,
  ROW_WORDS,
  SYNC_KIND,
  bodyByte,
  recordLayout,
  segmentSize,
  type RecordLayout,
} from './sync-layout.js';

/** What the creator of a record chose, and everybody else may state. */
export interface RecordSpec {
  /** One of `SYNC_KIND`. */
  readonly type: number;
  /** Its two parameters. Undefined: whatever the creator chose. */
  readonly first: number | undefined;
  readonly second: number | undefined;
  /** What stands in the state at first. Default 0. */
  readonly state?: number;
  /** What they are where nobody says anything. */
  readonly defaults: readonly [first: number, second: number];
  /** What they are called, for messages. */
  readonly names: readonly [first: string, second: string];
}

/** Where a named primitive lives. */
export interface NamedOptions {
  /** Directory of the object, instead of POSIX shared memory: tmpfs or a local file system. Default `RINGWAY_DIR`, else none. */
  readonly dir?: string | undefined;
  /** Permission bits for one that is created. Default 0o600. */
  readonly mode?: number | undefined;
  /** User ids whose objects are trusted besides one's own and root's. Default none. */
  readonly trust?: readonly number[] | undefined;
  /** `if-missing` (default): attach, or create. `never`: `ERR_RINGWAY_NOT_FOUND` if it is missing. `always`: `ERR_RINGWAY_EXISTS` if it is not. */
  readonly create?: 'if-missing' | 'never' | 'always' | undefined;
  /** Handles at a time, 1 to 1024: the creator chooses. Default 64. */
  readonly participants?: number | undefined;
}

const KIND_NAMES: ReadonlyMap<number, string> = new Map([
  [SYNC_KIND.mutex, 'mutex'],
  [SYNC_KIND.semaphore, 'semaphore'],
  [SYNC_KIND.rwLock, 'read-write lock'],
  [SYNC_KIND.condition, 'condition'],
  [SYNC_KIND.barrier, 'barrier'],
]);

/** A handle's participation for the records that the user has placed in a segment, and where those stand that are open. */
interface Placed {
  readonly participant: Participant;
  readonly open: Set<number>;
}

const placed = new WeakMap<SegmentHandle, Placed>();

/** One primitive's part of shared memory, as one handle sees it. */
export class SyncRecord {
  readonly participant: Participant;
  /** "mutex", for messages. */
  readonly what: string;
  /** Same for all handles of this thread that lead to the same record, and for no others. */
  readonly identity: string;
  readonly doorbells: Doorbells;
  /** The second set of sleepers. */
  readonly writers: Doorbells;
  /** The creator's parameters. */
  readonly first: number;
  readonly second: number;
  readonly #words: Int32Array;
  readonly #base: number;
  readonly #layout: RecordLayout;
  /** Closes what is this record's alone. */
  readonly #release: () => void;

  private constructor(participant: Participant, offset: number, release: () => void) {
    const { segment, buffer, slots, slot, words } = participant;
    const layout = recordLayout(slots.count);
    this.participant = participant;
    this.#words = words;
    this.#base = offset / 4;
    this.#layout = layout;
    this.#release = release;
    this.what = KIND_NAMES.get(words[this.#base + RECORD_TYPE]) ?? 'record';
    this.identity = `${segment.header.creationId}:${offset}`;
    this.first = words[this.#base + RECORD_FIRST];
    this.second = words[this.#base + RECORD_SECOND];
    this.doorbells = new Doorbells(segment, buffer, offset + layout.sleepers, slots.count, slots);
    this.writers = new Doorbells(segment, buffer, offset + layout.writers, slots.count, slots);
    this.doorbells.enroll(slot);
    this.writers.enroll(slot);
  }

  /**
   * Opens or makes a segment that holds one record. Errors: those of `Segment.openOrCreate`, `ERR_RINGWAY_OPTIONS_MISMATCH`,
   * `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_TOO_MANY_PARTICIPANTS`, `RangeError`.
   */
  static open(name: string, spec: RecordSpec, options: NamedOptions): SyncRecord {
    const segment = openSegment(name, spec, options);
    try {
      const count = participantsOf(segment.header, name, options.participants);
      const buffer = segment.map(0, segment.header.size);
      const offset = bodyByte(count);
      check(new Int32Array(buffer), offset, spec, count, segment.name);
      const participant = Participant.join(segment, buffer, count);
      return new SyncRecord(participant, offset, () => {
        leaving(segment, () => {
          participant.leave();
        });
        segment.close();
      });
    } catch (error) {
      segment.close();
      throw error;
    }
  }

  /**
   * A record at a place that the user chose in the bytes of a segment of his. Zeroes become a record: whoever comes first makes it, under the gate. Errors:
   * `RangeError` for a place that is not aligned or too small, `ERR_RINGWAY_KIND_MISMATCH` where something else stands, `ERR_RINGWAY_OPTIONS_MISMATCH`,
   * `ERR_RINGWAY_TOO_MANY_PARTICIPANTS`.
   *
   * @param offset - in the bytes of the user, a multiple of 64
   */
  static at(segment: Segment, offset: number, spec: RecordSpec): SyncRecord {
    if (segment.header.kind !== KIND_MEMORY) {
      throw new RingwayError(
        'ERR_RINGWAY_KIND_MISMATCH',
        `segment ${JSON.stringify(segment.name)} is of kind ${segment.header.kind}: only memory of one's own has places for locks (Segment.memory)`,
      );
    }
    const room = segment.bytes.length;
    const count = segment.header.geometry[GEOMETRY_PARTICIPANTS];
    const { bytes } = recordLayout(count);
    if (!Number.isSafeInteger(offset) || offset < 0 || offset % 64 !== 0 || offset + bytes > room) {
      throw new RangeError(
        `offset must be a multiple of 64 with room for ${bytes} bytes in the ${room} of segment ${JSON.stringify(segment.name)}, not ${String(offset)}`,
      );
    }
    const known = placed.get(segment);
    if (known?.open.has(offset) === true) {
      throw new RingwayError(
        'ERR_RINGWAY_BUSY',
        `this handle of ${JSON.stringify(segment.name)} has what stands at ${offset} open already: use that one, or open the segment once more`,
      );
    }
    const start = bodyByte(count) + offset;
    const buffer = known?.participant.buffer ?? segment.map(0, segment.header.size);
    try {
      const words = new Int32Array(buffer);
      segment.withGate(() => {
        if (Atomics.load(words, start / 4 + RECORD_TYPE) === 0) initialize(words, start / 4, spec, count);
      });
      check(words, start, spec, count, segment.name);
      const { participant, open } = known ?? {
        participant: Participant.join(segment, buffer, count),
        open: new Set<number>(),
      };
      placed.set(segment, { participant, open });
      open.add(offset);
      return new SyncRecord(participant, start, () => open.delete(offset));
    } catch (error) {
      if (known === undefined) segment.unmap(buffer);
      throw error;
    }
  }

  get segment(): SegmentHandle {
    return this.participant.segment;
  }

  /** Index of one of the record's words. */
  word(word: number): number {
    return this.#base + word;
  }

  /** Index of a participant's row. */
  row(slot: number): number {
    return this.#base + this.#layout.rows / 4 + slot * ROW_WORDS;
  }

  /** One more than the highest row in use: garbage hides nothing, and leads nowhere. */
  get rowsHigh(): number {
    const high = Atomics.load(this.#words, this.#base + RECORD_HIGH);
    return high >= 0 && high <= this.participant.slots.count ? high : this.participant.slots.count;
  }

  /**
   * Makes this participant's row its own: values of another generation are void, and `clear` is called before they go. Scans see the row from here.
   *
   * @param first - what stands in its first word then
   */
  takeRow(clear: (row: number) => void, first = 0): number {
    const { slot, me } = this.participant;
    const row = this.row(slot);
    if (this.#words[row + ROW_OWNER] !== me) {
      clear(row);
      for (let word = 1; word < ROW_WORDS; word++) this.#words[row + word] = word === ROW_FIRST ? first : 0;
      // Behind the zeroes: who sees the owner sees them.
      Atomics.store(this.#words, row + ROW_OWNER, me);
    }
    for (let high = Atomics.load(this.#words, this.#base + RECORD_HIGH); high >= 0 && high <= slot;) {
      const found = Atomics.compareExchange(this.#words, this.#base + RECORD_HIGH, high, slot + 1);
      if (found === high) break;
      high = found;
    }
    return row;
  }

  /** Wakes one of those who wait: the heir if there is one, else the next behind this handle, so that all have their turn. */
  wakeOne(doorbells: Doorbells, heir: number): void {
    if (!doorbells.someoneSleeps()) return;
    if (heir >= 0) doorbells.ringSleeper(heir);
    else if (!doorbells.ringNext(this.participant.slot)) doorbells.ringOne();
  }

  /** What no participant writes stands in the record. */
  corruptError(what: string): RingwayError {
    return new RingwayError(
      'ERR_RINGWAY_CORRUPT_SEGMENT',
      `the ${this.what} in ${JSON.stringify(this.segment.name)} is damaged: ${what}. Unlink it and make it anew`,
    );
  }

  /** Throws `ERR_RINGWAY_CLOSED` if the segment was closed, `ERR_RINGWAY_SEGMENT_TRUNCATED` if memory of it is missing. */
  assertOpen(closed: boolean): void {
    if (!closed && !this.segment.closed) {
      this.segment.assertIntact();
      return;
    }
    throw new RingwayError('ERR_RINGWAY_CLOSED', `this ${this.what} was closed: open it again`);
  }

  /** Ends the participation, if the segment is this record's own. Never throws. */
  close(): void {
    this.#release();
  }
}

function openSegment(name: string, spec: RecordSpec, options: NamedOptions): Segment {
  const { create = 'if-missing', participants = DEFAULT_PARTICIPANTS, dir, mode, trust } = options;
  if (!Number.isSafeInteger(participants) || participants < 1 || participants > MAX_PARTICIPANTS) {
    throw new RangeError(
      `participants must be a whole number from 1 to ${MAX_PARTICIPANTS}, not ${String(participants)}`,
    );
  }
  if (!['if-missing', 'never', 'always'].includes(create)) {
    throw new RangeError(`create must be 'if-missing', 'never' or 'always', not ${create as string}`);
  }
  const place = { ...(dir === undefined ? {} : { dir }), ...(trust === undefined ? {} : { trust }) };
  if (create === 'never') return Segment.open(name, { kind: spec.type, ...place });
  const layout = recordLayout(participants);
  const body = bodyByte(participants);
  const size = segmentSize(participants, layout.bytes);
  const whole = {
    kind: spec.type,
    geometry: [participants],
    size,
    codecName: '',
    codecId: 0,
    schemaId: 0,
    commit: [{ offset: PAGE_BYTES, length: size - PAGE_BYTES }],
    fill: (write: (offset: number, bytes: Uint8Array) => void): void => {
      const words = new Int32Array(layout.bytes / 4);
      initialize(words, 0, spec, participants);
      write(body, new Uint8Array(words.buffer));
    },
    ...(mode === undefined ? {} : { mode }),
    ...place,
  };
  return create === 'always' ? Segment.create(name, whole) : Segment.openOrCreate(name, whole);
}

/** How many participants a segment has room for. Throws `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_OPTIONS_MISMATCH`. */
function participantsOf(header: SegmentHeader, name: string, stated: number | undefined): number {
  const count = header.geometry[GEOMETRY_PARTICIPANTS];
  if (count < 1 || count > MAX_PARTICIPANTS || bodyByte(count) + recordLayout(count).bytes > header.size) {
    throw new RingwayError(
      'ERR_RINGWAY_CORRUPT_SEGMENT',
      `${JSON.stringify(name)} says that it has ${count} participants in ${header.size} bytes: that is impossible. Unlink it`,
    );
  }
  if (stated !== undefined && stated !== count) throw mismatch(name, 'participants', stated, count);
  return count;
}

/** Writes a fresh record; its type last, since that is what makes it one. */
function initialize(words: Int32Array, base: number, spec: RecordSpec, count: number): void {
  words[base + RECORD_SIZE] = recordLayout(count).bytes;
  words[base + RECORD_FIRST] = spec.first ?? spec.defaults[0];
  words[base + RECORD_SECOND] = spec.second ?? spec.defaults[1];
  if (spec.state !== undefined) words[base + RECORD_STATE] = spec.state;
  Atomics.store(words, base + RECORD_TYPE, spec.type);
}

function check(words: Int32Array, offset: number, spec: RecordSpec, count: number, name: string): void {
  const base = offset / 4;
  const type = Atomics.load(words, base + RECORD_TYPE);
  const wanted = KIND_NAMES.get(spec.type) ?? 'record';
  if (type !== spec.type || words[base + RECORD_SIZE] !== recordLayout(count).bytes) {
    throw new RingwayError(
      'ERR_RINGWAY_KIND_MISMATCH',
      `what stands at byte ${offset} of ${JSON.stringify(name)} is ${KIND_NAMES.get(type) ?? 'something else'}, not a ${wanted}. Use another place, or zeroes`,
    );
  }
  if (spec.first !== undefined && spec.first !== words[base + RECORD_FIRST]) {
    throw mismatch(name, spec.names[0], spec.first, words[base + RECORD_FIRST]);
  }
  if (spec.second !== undefined && spec.second !== words[base + RECORD_SECOND]) {
    throw mismatch(name, spec.names[1], spec.second, words[base + RECORD_SECOND]);
  }
}

function mismatch(name: string, option: string, stated: number, found: number): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_OPTIONS_MISMATCH',
    `${JSON.stringify(name)} was created with ${option} ${found}, not ${stated}: leave the option out to take what is there, or unlink it`,
  );
}
