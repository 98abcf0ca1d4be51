import { RingwayError, type SegmentHandle } from '@ringway/memory';
import { Doorbells, NOBODY, STRONG_ORDER } from '@ringway/sync';
import {
  BUFFERS,
  ENTRY_OWNER,
  ENTRY_PUBLISHED,
  ENTRY_SLEEPERS,
  HALF_BITS,
  SPILL_NAMES,
  VALUE_BYTE,
  VALUE_HALVES,
  VALUE_KIND,
  VALUE_KIND_WORD,
  VALUE_LENGTH,
  VALUE_LOW,
  VALUE_WHICH,
} from './blackboard-layout.js';
import { spilledValue } from './blackboard-spill.js';
import type { Board } from './board.js';

/** Versions are told apart over 2^32 by counting these. */
const HALF = 2 ** HALF_BITS;
/** A word that nobody else sees: storing into it keeps the loads before it before it, where the processor does not by itself. */
const BARRIER = new Int32Array(1);
/**
 * Tries of one read. A correct writer makes one fail only by writing three more values while it lasts, so not even a reader that is late nine times in ten comes to a thousandth
 * part of this; a stranger who writes here could go on for ever.
 */
const MOST_TRIES = 65_536;
/** So often may a stamp be another than what is published while nothing is published. A correct writer does that once in 2^32 versions, if the reader sleeps as long. */
const MOST_CONTRADICTIONS = 3;

/** A value that was published, as a private copy of its bytes; without any if there is none. */
export interface Snapshot {
  readonly version: number;
  readonly bytes: Uint8Array | undefined;
}

/** The version of a stamp. Halves are stored before the low word, and may be one ahead; then their lowest bit is not the highest of that. */
export function stampedVersion(halves: number, low: number): number {
  const ahead = (halves ^ (low >>> HALF_BITS)) & 1;
  return ((halves - ahead) >>> 0) * HALF + (low & (HALF - 1));
}

/**
 * One key as this handle sees it. Reading only; writing is EntryWriter's.
 *
 * **A read takes no lock.** The writer stamps the buffer with the version that it is about to write, writes, and publishes the version by one store; the next three
 * versions go into the three other buffers. So while the stamp of a buffer is a version that was published, that version stands whole in it. A reader looks at what is published, at the
 * stamp, once more at what is published, copies, and looks at the stamp again. What he takes is right because
 *
 * - the stamp is stored before the bytes, and the reader looks at it after them: had he copied a byte of a later version, he would see its stamp. Without the last look he takes
 *   half of one value and half of another;
 * - what is published is stored after the bytes, and the reader looks at it before them. Without the look *between* stamp and copy a reader that slept for 2^32 versions would
 *   take for published what has the same lower 32 bits, and is being written: then the version before it is what is published. A later one is as good as the same;
 * - the stamp has 64 bits: a reader that slept does not take a buffer for untouched that was written 2^30 times meanwhile. It is read halves, low, (copy), low, halves, and stored
 *   halves, low: halves that are the same at both ends never changed in between, and while they stand the low word only grows. So the same low word twice is the same
 *   version all the time between. In any other order a reader might meet the old halves with the new low word;
 * - a version never goes back: the stamp that is found is at least what was published before it was looked at.
 *
 * A length is judged after the last look: before it, it may be of no version at all. It bounds the copy in any case.
 */
export class BoardEntry {
  /** Index in the table of keys. */
  readonly index: number;
  /** First of its words in the segment's words. */
  readonly base: number;
  /** First word of its first buffer. */
  readonly values: number;
  /** Words of a buffer. */
  readonly stride: number;
  readonly #segment: SegmentHandle;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #valueBytes: number;
  readonly #maxValueBytes: number;
  readonly #board: Board;
  #doorbells: Doorbells | undefined;
  /** Length of the last value that was read: the next one may have the same. */
  #expected = 0;

  /** @param maxValueBytes - longest value, as the segment's creator chose */
  constructor(board: Board, index: number, maxValueBytes: number) {
    const { layout } = board;
    this.index = index;
    this.base = (layout.entriesByte + index * layout.entryBytes) >>> 2;
    this.values = (layout.buffersByte + index * BUFFERS * layout.bufferBytes) >>> 2;
    this.stride = layout.bufferBytes >>> 2;
    this.#board = board;
    this.#segment = board.segment;
    this.#words = board.words;
    this.#bytes = new Uint8Array(board.buffer);
    this.#valueBytes = layout.valueBytes;
    this.#maxValueBytes = maxValueBytes;
  }

  /** Of those who wait for this key, and no other: a slot's doorbell may wait for many. */
  get doorbells(): Doorbells {
    const { segment, buffer, layout, slots } = this.#board;
    return (this.#doorbells ??= new Doorbells(
      segment,
      buffer,
      (this.base + ENTRY_SLEEPERS) * 4,
      layout.participants,
      slots,
    ));
  }

  /** Owner word of the writer. */
  get owner(): number {
    return Atomics.load(this.#words, this.base + ENTRY_OWNER);
  }

  /**
   * Makes `me` the writer, if nobody is or if the owner is past (proved dead or left). One compare-and-swap decides. Then all who sleep are woken: they wait for the deaths of those whom they saw
   * when they fell asleep, and one who dies between publishing and ringing must be among them.
   */
  seize(me: number): boolean {
    const { owner } = this;
    if (owner !== NOBODY && !this.#board.slots.isPast(owner)) return false;
    const mine = Atomics.compareExchange(this.#words, this.base + ENTRY_OWNER, owner, me) === owner;
    if (mine && this.doorbells.someoneSleeps()) this.doorbells.ringAll();
    return mine;
  }

  /** The writer leaves. */
  disown(me: number): void {
    Atomics.compareExchange(this.#words, this.base + ENTRY_OWNER, me, NOBODY);
  }

  /** The version that is published; 0: none ever was. Throws `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_SEGMENT_TRUNCATED`. */
  version(): number {
    const place = this.base + ENTRY_PUBLISHED;
    for (let tries = 0, contradictions = 0; tries < MOST_TRIES; tries++) {
      const published = Atomics.load(this.#words, place);
      const value = this.#buffer(published);
      const halves = STRONG_ORDER ? this.#words[value + VALUE_HALVES] : Atomics.load(this.#words, value + VALUE_HALVES);
      const low = STRONG_ORDER ? this.#words[value + VALUE_LOW] : Atomics.load(this.#words, value + VALUE_LOW);
      const again = STRONG_ORDER ? this.#words[place] : Atomics.load(this.#words, place);
      if (low === published && ((again - low) | 0) >= 0) {
        this.#segment.assertIntact();
        return stampedVersion(halves, low);
      }
      if (again === published && ++contradictions === MOST_CONTRADICTIONS) break;
    }
    return this.#contradiction();
  }

  /** What is published. Throws `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_SEGMENT_TRUNCATED`, and those of `node:fs` for a spilled value. */
  read(): Snapshot {
    const place = this.base + ENTRY_PUBLISHED;
    // Before the version is looked at: to get memory takes longer than to write a value.
    let copy = new Uint8Array(this.#expected);
    for (let tries = 0, contradictions = 0; tries < MOST_TRIES; tries++) {
      const published = Atomics.load(this.#words, place);
      const value = this.#buffer(published);
      // Behind the atomic load, plain ones come in order where the processor keeps it.
      const halves = STRONG_ORDER ? this.#words[value + VALUE_HALVES] : Atomics.load(this.#words, value + VALUE_HALVES);
      const low = STRONG_ORDER ? this.#words[value + VALUE_LOW] : Atomics.load(this.#words, value + VALUE_LOW);
      const again = STRONG_ORDER ? this.#words[place] : Atomics.load(this.#words, place);
      if (low !== published || ((again - low) | 0) < 0) {
        if (again === published && ++contradictions === MOST_CONTRADICTIONS) break;
        continue;
      }
      const length = this.#words[value + VALUE_LENGTH] >>> 0;
      const kind = this.#words[value + VALUE_KIND_WORD];
      const which = this.#words[value + VALUE_WHICH];
      const fits = kind === VALUE_KIND.inline && length <= this.#valueBytes;
      if (fits && length > copy.length) {
        copy = new Uint8Array(length);
        continue;
      }
      const start = value * 4 + VALUE_BYTE;
      // A private copy, which no decoder sees changing (P2).
      if (fits) copy.set(this.#bytes.subarray(start, start + length));
      if (!STRONG_ORDER) Atomics.store(BARRIER, 0, 0);
      const lowAfter = STRONG_ORDER ? this.#words[value + VALUE_LOW] : Atomics.load(this.#words, value + VALUE_LOW);
      const halvesAfter = STRONG_ORDER
        ? this.#words[value + VALUE_HALVES]
        : Atomics.load(this.#words, value + VALUE_HALVES);
      if (lowAfter !== low || halvesAfter !== halves) continue;
      this.#segment.assertIntact();
      const version = stampedVersion(halves, low);
      if (fits) {
        this.#expected = length;
        return { version, bytes: length === copy.length ? copy : copy.slice(0, length) };
      }
      if (kind === VALUE_KIND.none) return { version, bytes: undefined };
      if (kind !== VALUE_KIND.spilled || length > this.#maxValueBytes || which < 0 || which >= SPILL_NAMES) {
        throw this.#impossible(kind, length);
      }
      const bytes = spilledValue(this.#segment.attachments, this.index, version, which, length);
      if (bytes !== undefined) return { version, bytes };
      // Its writer removes it as soon as there is a newer version.
      if (this.version() === version && ++contradictions === MOST_CONTRADICTIONS) throw this.#gone(version);
    }
    return this.#contradiction();
  }

  /** For people: the length of the value that is published, as it is said to be; 0 if there is none. */
  length(): number {
    const value = this.#buffer(Atomics.load(this.#words, this.base + ENTRY_PUBLISHED));
    return this.#words[value + VALUE_KIND_WORD] === VALUE_KIND.none ? 0 : this.#words[value + VALUE_LENGTH] >>> 0;
  }

  /** Whether a value is published, as against none or a deletion. */
  hasValue(): boolean {
    const value = this.#buffer(Atomics.load(this.#words, this.base + ENTRY_PUBLISHED));
    return this.#words[value + VALUE_KIND_WORD] !== VALUE_KIND.none;
  }

  #buffer(version: number): number {
    return this.values + (version & (BUFFERS - 1)) * this.stride;
  }

  #contradiction(): never {
    // Zeros of memory that is gone contradict each other, too.
    this.#segment.assertIntact();
    throw this.#corrupt('its words contradict each other, or never stand still');
  }

  #impossible(kind: number, length: number): RingwayError {
    return this.#corrupt(`its value is said to be of kind ${kind} and to have ${length} bytes`);
  }

  #gone(version: number): RingwayError {
    return this.#corrupt(`the object that holds version ${version} was removed`);
  }

  #corrupt(why: string): RingwayError {
    return new RingwayError(
      'ERR_RINGWAY_CORRUPT_SEGMENT',
      `key ${this.index} of blackboard ${JSON.stringify(this.#segment.name)} cannot be read: ${why}. Somebody wrote there who should not. ` +
        'What its writer writes next mends it; else unlink the blackboard and make it anew',
    );
  }
}
