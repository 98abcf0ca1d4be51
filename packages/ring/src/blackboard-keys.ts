import { RingwayError } from '@ringway/memory';
import { BoardEntry } from './blackboard-entry.js';
import {
  ENTRY_HASH,
  ENTRY_KEY_BYTE,
  ENTRY_KEY_BYTES,
  ENTRY_KEY_LENGTH,
  ENTRY_STATE,
  ENTRY_STATE_WORD,
  GEOMETRY_BOARD_MAX_VALUE,
  HASH_FACTOR,
  HASH_START,
} from './blackboard-layout.js';
import type { Board } from './board.js';

/** Where a key stands, or may be put. */
interface Place {
  /** Index in the table; undefined: nowhere, the table is full. */
  readonly index: number | undefined;
  readonly found: boolean;
}

/** FNV-1a, 32 bits, as a signed number. */
function hashOf(key: Uint8Array): number {
  let hash = HASH_START;
  for (const byte of key) hash = Math.imul(hash ^ byte, HASH_FACTOR);
  return hash | 0;
}

/** A key as bytes. Throws `TypeError`, `RangeError`. */
function encoded(key: string): Buffer {
  if (typeof key !== 'string') throw new TypeError(`a key must be a string, not of type ${typeof key}`);
  const bytes = Buffer.from(key, 'utf8');
  if (bytes.length < 1 || bytes.length > ENTRY_KEY_BYTES) {
    throw new RangeError(`a key must have 1 to ${ENTRY_KEY_BYTES} bytes of UTF-8, not ${bytes.length}`);
  }
  // Half a surrogate pair has no UTF-8: two such keys would be one.
  if (bytes.toString('utf8') !== key) throw new RangeError('a key must be well-formed Unicode');
  return bytes;
}

/**
 * The table of keys: open addressing, linear probing from the key's hash modulo the size of the table. Keys are only added, under the gate: so whoever meets an entry that is not
 * ready knows that his key stands nowhere behind it, and an entry that its maker left half made is the next one that is made.
 */
export class BlackboardKeys {
  readonly #board: Board;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #entryWords: number;
  readonly #maxValueBytes: number;
  /** Entries stay where they are: what was found once is not looked for again. */
  readonly #known = new Map<string, BoardEntry>();

  constructor(board: Board) {
    this.#board = board;
    this.#words = board.words;
    this.#bytes = new Uint8Array(board.buffer);
    this.#entryWords = board.layout.entryBytes >>> 2;
    this.#maxValueBytes = board.segment.header.geometry[GEOMETRY_BOARD_MAX_VALUE];
  }

  /** The key's entry; undefined if nobody has written it or waited for it yet. Throws `TypeError`, `RangeError` for what cannot be a key. */
  find(key: string): BoardEntry | undefined {
    return this.#known.get(key) ?? this.#search(key);
  }

  /** The key's entry, made if need be. Throws besides `ERR_RINGWAY_TOO_MANY_KEYS`, `ERR_RINGWAY_BUSY`. */
  obtain(key: string): BoardEntry {
    const found = this.find(key);
    if (found !== undefined) return found;
    const bytes = encoded(key);
    const hash = hashOf(bytes);
    const index = this.#board.segment.withGate(() => this.#make(bytes, hash));
    return this.#remember(key, index);
  }

  /** All that stand in the table, with their names. */
  all(): { readonly key: string; readonly entry: BoardEntry }[] {
    const found: { key: string; entry: BoardEntry }[] = [];
    for (let index = 0; index < this.#board.layout.keys; index++) {
      if (!this.#isReady(index)) continue;
      const key = this.#keyOf(index).toString('utf8');
      found.push({ key, entry: this.#entry(index) });
    }
    return found;
  }

  #search(key: string): BoardEntry | undefined {
    const bytes = encoded(key);
    const { index, found } = this.#probe(bytes, hashOf(bytes));
    return found && index !== undefined ? this.#remember(key, index) : undefined;
  }

  #remember(key: string, index: number): BoardEntry {
    const entry = this.#entry(index);
    this.#known.set(key, entry);
    return entry;
  }

  #entry(index: number): BoardEntry {
    return new BoardEntry(this.#board, index, this.#maxValueBytes);
  }

  #probe(bytes: Buffer, hash: number): Place {
    const { keys } = this.#board.layout;
    const home = (hash >>> 0) % keys;
    for (let step = 0; step < keys; step++) {
      const index = (home + step) % keys;
      if (!this.#isReady(index)) return { index, found: false };
      if (this.#words[this.#word(index) + ENTRY_HASH] === hash && this.#keyOf(index).equals(bytes)) {
        return { index, found: true };
      }
    }
    return { index: undefined, found: false };
  }

  /** Under the gate: nobody else makes one now. */
  #make(bytes: Buffer, hash: number): number {
    const { segment, layout } = this.#board;
    const { index, found } = this.#probe(bytes, hash);
    if (index === undefined) {
      throw new RingwayError(
        'ERR_RINGWAY_TOO_MANY_KEYS',
        `blackboard ${JSON.stringify(segment.name)} has ${layout.keys} keys, as many as its creator allowed: a key stays when its value is ` +
          'deleted; use fewer, or create it with more maxKeys',
      );
    }
    if (found) return index;
    const word = this.#word(index);
    this.#bytes.set(bytes, word * 4 + ENTRY_KEY_BYTE);
    this.#words[word + ENTRY_KEY_LENGTH] = bytes.length;
    this.#words[word + ENTRY_HASH] = hash;
    segment.assertIntact();
    // Pairs with the load in `#isReady`: who sees `ready` sees the key. Whoever dies before this store has made nothing.
    Atomics.store(this.#words, word + ENTRY_STATE_WORD, ENTRY_STATE.ready);
    return index;
  }

  #isReady(index: number): boolean {
    return Atomics.load(this.#words, this.#word(index) + ENTRY_STATE_WORD) === ENTRY_STATE.ready;
  }

  /** A private copy. Its length is whatever stands there, but within bounds. */
  #keyOf(index: number): Buffer {
    const word = this.#word(index);
    const length = Math.min(this.#words[word + ENTRY_KEY_LENGTH] >>> 0, ENTRY_KEY_BYTES);
    const start = word * 4 + ENTRY_KEY_BYTE;
    return Buffer.from(this.#bytes.slice(start, start + length).buffer);
  }

  #word(index: number): number {
    return (this.#board.layout.entriesByte >>> 2) + index * this.#entryWords;
  }
}
