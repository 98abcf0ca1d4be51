import type { SegmentHandle } from '@ringway/memory';
import { STRONG_ORDER, type Doorbells } from '@ringway/sync';
import type { BoardEntry } from './blackboard-entry.js';
import {
  BUFFERS,
  ENTRY_PUBLISHED,
  HALF_BITS,
  VALUE_BYTE,
  VALUE_HALVES,
  VALUE_KIND,
  VALUE_KIND_WORD,
  VALUE_LENGTH,
  VALUE_LOW,
  VALUE_WHICH,
} from './blackboard-layout.js';
import { SpilledValues } from './blackboard-spill.js';
import type { Board } from './board.js';

const HALF = 2 ** HALF_BITS;
/** No spilled value is published. */
const NONE = -1;

/**
 * Writing one key, for its owner: stamp, write, publish, ring; see BoardEntry for what each store is there for. Whoever dies before the store that publishes has changed nothing that anybody reads: the
 * buffer that he wrote into is not that of the published version, and the next writer begins with the same one again.
 */
export class EntryWriter {
  readonly #segment: SegmentHandle;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #entry: BoardEntry;
  readonly #doorbells: Doorbells;
  readonly #valueBytes: number;
  readonly #spilled: SpilledValues;
  /** Mine alone while I own the key: the shared words are not asked again. */
  #version: number;
  /** Which name the published value has, if it is spilled. */
  #which: number;

  /** Throws `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_SEGMENT_TRUNCATED`. */
  constructor(board: Board, entry: BoardEntry) {
    this.#segment = board.segment;
    this.#words = board.words;
    this.#bytes = new Uint8Array(board.buffer);
    this.#entry = entry;
    this.#doorbells = entry.doorbells;
    this.#valueBytes = board.layout.valueBytes;
    this.#spilled = new SpilledValues(board.segment.attachments, entry.index);
    this.#version = entry.version();
    const value = this.#buffer(this.#version);
    this.#which = this.#words[value + VALUE_KIND_WORD] === VALUE_KIND.spilled ? this.#words[value + VALUE_WHICH] : NONE;
    this.#spilled.takeOver(this.#which === NONE ? undefined : { version: this.#version, which: this.#which });
  }

  /** The version that was published last. */
  get version(): number {
    return this.#version;
  }

  /** Publishes these bytes. Throws `ERR_RINGWAY_NO_SPACE`, `ERR_RINGWAY_SEGMENT_TRUNCATED`, those of `node:fs`. */
  write(payload: Uint8Array): number {
    const version = this.#version + 1;
    if (payload.length > this.#valueBytes) return this.#writeSpilled(version, payload);
    const value = this.#stamp(version);
    this.#words[value + VALUE_LENGTH] = payload.length;
    this.#words[value + VALUE_KIND_WORD] = VALUE_KIND.inline;
    this.#bytes.set(payload, value * 4 + VALUE_BYTE);
    return this.#publish(version, NONE);
  }

  /** Publishes that there is none. Throws `ERR_RINGWAY_SEGMENT_TRUNCATED`. */
  delete(): number {
    const version = this.#version + 1;
    const value = this.#stamp(version);
    this.#words[value + VALUE_LENGTH] = 0;
    this.#words[value + VALUE_KIND_WORD] = VALUE_KIND.none;
    return this.#publish(version, NONE);
  }

  #writeSpilled(version: number, payload: Uint8Array): number {
    const which = this.#spilled.create(version, payload);
    try {
      const value = this.#stamp(version);
      this.#words[value + VALUE_LENGTH] = payload.length;
      this.#words[value + VALUE_KIND_WORD] = VALUE_KIND.spilled;
      this.#words[value + VALUE_WHICH] = which;
      return this.#publish(version, which);
    } finally {
      if (this.#version !== version) this.#spilled.remove(version, which);
    }
  }

  /**
   * Says which version is about to be written, in the buffer where it will be. Halves before low, both before the bytes: a reader who has copied one of the bytes sees it. Where
   * the processor does not keep stores in order, a load behind the last one keeps what follows behind it.
   */
  #stamp(version: number): number {
    const value = this.#buffer(version);
    const halves = Math.floor(version / HALF) | 0;
    if (STRONG_ORDER) {
      this.#words[value + VALUE_HALVES] = halves;
      this.#words[value + VALUE_LOW] = version | 0;
    } else {
      Atomics.store(this.#words, value + VALUE_HALVES, halves);
      Atomics.store(this.#words, value + VALUE_LOW, version | 0);
      Atomics.load(this.#words, value + VALUE_LOW);
    }
    return value;
  }

  /**
   * One store, behind all that it makes visible; pairs with the first load of a reader. Then a look at who sleeps: he announces himself, executes a fence for both of us, and looks at the version; so
   * either he sees it or he is seen here. Without the fence in him this store must be atomic.
   */
  #publish(version: number, which: number): number {
    // Else it would be published that what nobody has is there.
    this.#segment.assertIntact();
    const place = this.#entry.base + ENTRY_PUBLISHED;
    if (this.#doorbells.relaxed) this.#words[place] = version | 0;
    else Atomics.store(this.#words, place, version | 0);
    const before = this.#version;
    const old = this.#which;
    this.#version = version;
    this.#which = which;
    if (this.#doorbells.someoneSleeps()) this.#doorbells.ringAll();
    if (old !== NONE) this.#spilled.remove(before, old);
    return version;
  }

  #buffer(version: number): number {
    return this.#entry.values + (version % BUFFERS) * this.#entry.stride;
  }
}
