import { EventEmitter } from 'node:events';
import { RingwayError, Segment, type SegmentHandle } from '@ringway/memory';
import { checkWait, leaving, type Peer, type WaitOptions } from '@ringway/sync';
import type { BoardEntry, Snapshot } from './blackboard-entry.js';
import { BlackboardKeys } from './blackboard-keys.js';
import { GEOMETRY_BOARD_MAX_VALUE } from './blackboard-layout.js';
import { checkBlackboardOptions, type BlackboardOptions } from './blackboard-options.js';
import {
  blackboardsIn,
  isEphemeralBoard,
  localBoardSegment,
  openBoardSegment,
  type BlackboardInfo,
} from './blackboard-segment.js';
import { blackboardStats, type BlackboardStats } from './blackboard-stats.js';
import { BlackboardWaits } from './blackboard-waits.js';
import { watchLoop, type Versioned, type WatchOptions } from './blackboard-watch.js';
import { BlackboardWriter } from './blackboard-writer.js';
import { Board } from './board.js';
import { codecByName, msgpack, type Codec } from './codec.js';
import { isDeserted, unlinkIfDeserted } from './ephemeral.js';
import { checkIdle, wholeNumber } from './options.js';
import { placeOf, type PlaceOptions } from './place.js';
import { withSchema } from './schema.js';
import { isTruncation } from './truncated.js';

/** How often an open blackboard that takes part looks whether it was unlinked, in milliseconds. */
const HOUSEKEEPING_MS = 1000;
/** How often the name may be gone again between opening and joining, before that is told. */
const MOST_REOPENINGS = 100;

/** Events of a blackboard: of its life, never values. */
export interface BlackboardEvents {
  /** A handle that wrote or waited died (it did not close): within 250 ms after the kernel has let its lock go, if anybody here waits. */
  'peer-lost': [peer: Peer];
  /** The name was removed: who has it open goes on, newcomers get another blackboard. Told by handles that write or wait. */
  unlinked: [];
}

/**
 * A blackboard on this host: the latest value of each key, written by one, read by any number. A read is consistent and never holds up the writer. This is a handle of it.
 *
 * @example
 * ```js
 * const config = Blackboard.open('config');
 * config.writer('limits').write({ rate: 10 });
 * console.log(config.get('limits'));
 * for await (const { value, version } of config.watch('limits')) console.log(version, value);
 * ```
 */
export class Blackboard<T = unknown> extends EventEmitter<BlackboardEvents> {
  readonly #codec: Codec<T>;
  readonly #options: BlackboardOptions<T>;
  readonly #reopen: ((codec: Codec<T>) => SegmentHandle) | undefined;
  readonly #writers = new Set<BlackboardWriter<T>>();
  #board: Board;
  #keys: BlackboardKeys;
  #waits: BlackboardWaits | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #unlinkedTold = false;
  /** Why it was closed, if not by the user. */
  #failure: unknown;

  private constructor(
    segment: SegmentHandle,
    options: BlackboardOptions<T>,
    reopen: ((codec: Codec<T>) => SegmentHandle) | undefined,
  ) {
    super();
    const codec = options.codec ?? codecByName(segment.header.codecName);
    this.#codec = options.schema === undefined ? codec : withSchema(codec, options.schema);
    this.#options = options;
    this.#reopen = reopen;
    this.#board = new Board(segment, this.#lost);
    this.#keys = new BlackboardKeys(this.#board);
  }

  /**
   * Attaches to a blackboard, or makes it. What the creator chose holds; an option that is given and differs is an error. Takes under 1 ms, and some 0.3 ms a MiB for who makes it.
   *
   * Errors: `ERR_RINGWAY_INVALID_NAME`, `ERR_RINGWAY_NOT_FOUND` (create: 'never'), `ERR_RINGWAY_EXISTS` (create: 'always'), `ERR_RINGWAY_OPTIONS_MISMATCH`,
   * `ERR_RINGWAY_CODEC_MISMATCH`, `ERR_RINGWAY_KIND_MISMATCH`, `ERR_RINGWAY_OWNER`, `ERR_RINGWAY_NOT_A_SEGMENT`, `ERR_RINGWAY_FORMAT_VERSION`, `ERR_RINGWAY_UNSUPPORTED_FEATURE`,
   * `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_OTHER_BOOT`, `ERR_RINGWAY_NO_SPACE`, `ERR_RINGWAY_UNSUPPORTED_DIR`, `ERR_RINGWAY_UNSUPPORTED_PLATFORM`; `TypeError` and `RangeError` for
   * options; those of `node:fs`.
   *
   * @param name - `[A-Za-z0-9._-]{1,150}`
   */
  static open<T = unknown>(name: string, options: BlackboardOptions<T> = {}): Blackboard<T> {
    checkBlackboardOptions(options);
    const segment = openBoardSegment(name, options);
    try {
      return new Blackboard(segment, options, (codec) => openBoardSegment(name, { ...options, codec }));
    } catch (error) {
      segment.close();
      throw error;
    }
  }

  /** A blackboard on the heap of this thread: the same without shared memory and without the addon, on every platform. For unit tests. */
  static local<T = unknown>(
    options: Omit<BlackboardOptions<T>, 'dir' | 'mode' | 'trust' | 'create'> = {},
  ): Blackboard<T> {
    checkBlackboardOptions(options);
    const { codec = msgpack<T>() } = options;
    return new Blackboard(localBoardSegment(options, codec.name), { ...options, codec }, undefined);
  }

  /** Removes a blackboard's name; who has it open goes on, who opens the name gets another one. False if there is none. Errors as of `Segment.unlink`. */
  static unlink(name: string, options: PlaceOptions = {}): boolean {
    return Segment.unlink(name, placeOf(options));
  }

  /** Whether there is a blackboard, or another segment, of that name. Never loads the addon. */
  static exists(name: string, options: PlaceOptions = {}): boolean {
    return Segment.exists(name, placeOf(options));
  }

  /** The blackboards of a place. Read-only; never loads the addon. */
  static list(options: PlaceOptions = {}): BlackboardInfo[] {
    return blackboardsIn(options);
  }

  get name(): string {
    return this.#board.segment.name;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Becomes the writer of a key, which is made if need be. A dead one's key is taken over at once, with the value that he published last. Takes under 1 ms for the first one of a handle.
   *
   * Errors: `ERR_RINGWAY_KEY_TAKEN` (somebody has it, in this handle or elsewhere), `ERR_RINGWAY_TOO_MANY_KEYS`, `ERR_RINGWAY_TOO_MANY_PARTICIPANTS`, `ERR_RINGWAY_UNLINKED`,
   * `ERR_RINGWAY_BUSY`, `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_SEGMENT_TRUNCATED`; `TypeError` and `RangeError` for what cannot be a key.
   *
   * @param key - 1 to 64 bytes of UTF-8
   */
  writer(key: string): BlackboardWriter<T> {
    this.#join();
    const board = this.#board;
    const entry = this.#keys.obtain(key);
    if (!entry.seize(board.me)) {
      board.lookForDead();
      if (!entry.seize(board.me)) throw this.#taken(key, entry);
    }
    const closed = (gone: BlackboardWriter<T>): void => {
      this.#writers.delete(gone);
    };
    const maxValueBytes = board.segment.header.geometry[GEOMETRY_BOARD_MAX_VALUE];
    try {
      const writer = new BlackboardWriter<T>({ board, codec: this.#codec, maxValueBytes, closed }, key, entry);
      this.#writers.add(writer);
      return writer;
    } catch (error) {
      leaving(board.segment, () => {
        entry.disown(board.me);
      });
      throw error;
    }
  }

  /**
   * The latest value of a key with its version; undefined if there is none (never written, or deleted). Needs no slot, takes no lock and makes no system call; about 0.2 us for a small value.
   *
   * Errors: `ERR_RINGWAY_DECODE`, `ERR_RINGWAY_SCHEMA`, `ERR_RINGWAY_CORRUPT_SEGMENT`, `ERR_RINGWAY_SEGMENT_TRUNCATED`, `ERR_RINGWAY_CLOSED`; those of `node:fs` for a value that is larger
   * than `valueBytes`; `TypeError` and `RangeError` for what cannot be a key.
   */
  read(key: string): Versioned<T> | undefined {
    const found = this.#snapshot(key);
    if (found?.bytes === undefined) return undefined;
    return { value: this.#decoded(key, found.version, found.bytes), version: found.version };
  }

  /** The latest value of a key, as {@link Blackboard.read}. */
  get(key: string): T | undefined {
    const found = this.#snapshot(key);
    return found?.bytes === undefined ? undefined : this.#decoded(key, found.version, found.bytes);
  }

  /** The version of a key, which grows by one with each write and each deletion; 0: never written. Copies nothing: some 30 ns. Errors as of {@link Blackboard.read}, but none of decoding. */
  version(key: string): number {
    this.#check();
    const entry = this.#keys.find(key);
    if (entry !== undefined) return entry.version();
    this.#board.segment.assertIntact();
    return 0;
  }

  /** The keys that have a value, in no order. */
  keys(): string[] {
    this.#check();
    const keys = this.#keys
      .all()
      .filter(({ entry }) => entry.hasValue())
      .map(({ key }) => key);
    this.#board.segment.assertIntact();
    return keys;
  }

  /**
   * The values of a key as they come: the present one first, if there is any, then each time the newest. Versions in between may be passed over; none comes twice, and none after a later one. A deletion comes as
   * the value undefined. A key that nobody has written yet is waited for (and takes an entry of the table). Keeps the process alive only while somebody asks for the next one; `break` ends it.
   *
   * Errors, of the call: those of {@link Blackboard.writer} but `ERR_RINGWAY_KEY_TAKEN`. Of `next()`: those of {@link Blackboard.read}, after which it can be called again; `AbortError`.
   */
  watch(key: string, options: WatchOptions = {}): AsyncIterableIterator<Versioned<T | undefined>> {
    const { from = 0, ...wait } = options;
    wholeNumber('from', from, 0, Number.MAX_SAFE_INTEGER);
    checkWait({ signal: wait.signal });
    this.#join();
    const entry = this.#keys.obtain(key);
    return watchLoop<T>({
      entry,
      from,
      signal: wait.signal,
      waits: () => this.#waiting(),
      check: () => {
        this.#check();
      },
      value: ({ version, bytes }) => (bytes === undefined ? undefined : this.#decoded(key, version, bytes)),
    });
  }

  /**
   * Blocks the thread until a key has a version above `after`, and returns what is the newest then; a deletion as the value undefined. For workers and scripts. Errors: those of {@link Blackboard.watch}, and
   * `ERR_RINGWAY_TIMEOUT`; on a heap (`local`) `ERR_RINGWAY_DEADLOCK` instead of waiting.
   *
   * @param timeout - milliseconds, default no limit
   */
  waitSync(key: string, after: number, { timeout }: Pick<WaitOptions, 'timeout'> = {}): Versioned<T | undefined> {
    wholeNumber('after', after, 0, Number.MAX_SAFE_INTEGER);
    checkWait({ timeout });
    this.#join();
    const entry = this.#keys.obtain(key);
    if (entry.version() <= after) this.#waiting().block(entry, after, timeout);
    const { version, bytes } = entry.read();
    return { value: bytes === undefined ? undefined : this.#decoded(key, version, bytes), version };
  }

  /** What stands on it, and who writes, for people. */
  stats(): BlackboardStats {
    this.#check();
    const stats = blackboardStats(this.#board, this.#keys);
    this.#board.segment.assertIntact();
    return stats;
  }

  /** Immediate, idempotent, never throws: closes its writers; waits reject with `ERR_RINGWAY_CLOSED`. Values stay. */
  close(): void {
    if (this.#closed) return;
    for (const writer of this.#writers) writer.close();
    this.#closed = true;
    clearInterval(this.#timer);
    this.#waits?.fail(this.#closedError());
    const { segment } = this.#board;
    leaving(segment, () => {
      if (this.#board.joined) this.#leave();
    });
    segment.close();
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #snapshot(key: string): Snapshot | undefined {
    this.#check();
    const entry = this.#keys.find(key);
    if (entry !== undefined) return entry.read();
    // Zeros are no keys.
    this.#board.segment.assertIntact();
    return undefined;
  }

  #decoded(key: string, version: number, bytes: Uint8Array): T {
    try {
      return this.#codec.decode(bytes);
    } catch (error) {
      if (error instanceof RingwayError && error.code === 'ERR_RINGWAY_SCHEMA') throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new RingwayError(
        'ERR_RINGWAY_DECODE',
        `codec ${this.#codec.name} cannot decode version ${version} of ${JSON.stringify(key)}, ${bytes.length} bytes: ${why}`,
        { cause: error },
      );
    }
  }

  #waiting(): BlackboardWaits {
    const { idle, pollMicroseconds } = checkIdle(this.#options);
    return (this.#waits ??= new BlackboardWaits(this.#board, idle, pollMicroseconds));
  }

  /** Where the name was removed before this handle took part, it is opened anew: that is what the user asked for. */
  #join(): void {
    this.#check();
    for (let tries = 0; !this.#board.joined; tries++) {
      try {
        this.#board.join(this.#options.label ?? '');
      } catch (error) {
        const unlinked = error instanceof RingwayError && error.code === 'ERR_RINGWAY_UNLINKED';
        if (!unlinked || this.#reopen === undefined || tries === MOST_REOPENINGS) throw error;
        this.#replace(this.#reopen(this.#codec));
      }
    }
    this.#timer ??= setInterval(this.#housekeep, HOUSEKEEPING_MS).unref();
  }

  #replace(segment: SegmentHandle): void {
    try {
      const board = new Board(segment, this.#lost);
      this.#board.segment.close();
      this.#board = board;
      this.#keys = new BlackboardKeys(board);
    } catch (error) {
      segment.close();
      throw error;
    }
  }

  /** If this was the last of all, what should go with him goes. */
  #leave(): void {
    const { segment, layout } = this.#board;
    this.#board.leave();
    if (isEphemeralBoard(segment)) unlinkIfDeserted(segment, layout.participants);
    // Whose name is gone is joined by nobody any more: what was spilled from it goes with its last participant.
    if (!segment.isLinked() && isDeserted(segment, layout.participants)) {
      for (const suffix of segment.attachments.list('')) segment.attachments.remove(suffix);
    }
  }

  readonly #housekeep = (): void => {
    try {
      if (!this.#unlinkedTold && !this.#board.segment.isLinked()) {
        this.#unlinkedTold = true;
        this.#emitLater('unlinked');
      }
    } catch (error) {
      if (isTruncation(error)) {
        this.#waits?.fail(error);
        return;
      }
      // The descriptor was taken away, or the like: nothing here works any more, and the others count us as dead.
      this.#failure = error;
      this.close();
    }
  };

  readonly #lost = (peer: Peer): void => {
    this.#emitLater('peer-lost', peer);
  };

  /** Not in the middle of a step of ours: a listener may throw, which is its caller's affair, or close the blackboard. */
  #emitLater<E extends keyof BlackboardEvents>(event: E, ...values: BlackboardEvents[E]): void {
    queueMicrotask(() => {
      (this as EventEmitter).emit(event, ...values);
    });
  }

  #check(): void {
    // Or its descriptor was taken away.
    if (this.#closed || this.#board.segment.closed) throw this.#closedError();
  }

  #closedError(): RingwayError {
    const message = 'this blackboard was closed: open it again';
    return new RingwayError(
      'ERR_RINGWAY_CLOSED',
      message,
      this.#failure === undefined ? undefined : { cause: this.#failure },
    );
  }

  #taken(key: string, entry: BoardEntry): RingwayError {
    const { slots } = this.#board;
    const { owner } = entry;
    const slot = slots.slotOf(owner);
    // It may have left meanwhile.
    const peer = slot < 0 ? undefined : slots.peer(slot);
    const other = peer === undefined ? 'or had one just now' : `${JSON.stringify(peer.label)} (process ${peer.pid})`;
    const who = owner === this.#board.me ? 'this handle itself' : other;
    return new RingwayError(
      'ERR_RINGWAY_KEY_TAKEN',
      `key ${JSON.stringify(key)} of blackboard ${JSON.stringify(this.name)} has a writer, ${who}: there is one at a time; close that one first`,
    );
  }
}
