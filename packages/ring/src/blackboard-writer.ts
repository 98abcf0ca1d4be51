import { RingwayError } from '@ringway/memory';
import { leaving } from '@ringway/sync';
import type { BoardEntry } from './blackboard-entry.js';
import type { Codec } from './codec.js';
import { EntryWriter } from './entry-writer.js';
import type { Board } from './board.js';

/** What a writer needs of its blackboard. */
export interface BlackboardWriterContext<T> {
  readonly board: Board;
  readonly codec: Codec<T>;
  /** Longest value in bytes. */
  readonly maxValueBytes: number;
  readonly closed: (writer: BlackboardWriter<T>) => void;
}

/** The writer of one key: there is one at a time. Made by `blackboard.writer(key)`. */
export class BlackboardWriter<T> {
  /** What it writes. */
  readonly key: string;
  readonly #context: BlackboardWriterContext<T>;
  readonly #entry: BoardEntry;
  readonly #writer: EntryWriter;
  #closed = false;

  /** @internal */
  constructor(context: BlackboardWriterContext<T>, key: string, entry: BoardEntry) {
    this.key = key;
    this.#context = context;
    this.#entry = entry;
    this.#writer = new EntryWriter(context.board, entry);
  }

  /** The version that was published last, by this writer or one before it; 0: none ever was. */
  get version(): number {
    return this.#writer.version;
  }

  get closed(): boolean {
    return this.#closed || this.#context.board.segment.closed;
  }

  /**
   * Publishes a value as the newest version, which it returns. Never waits for readers. Who is killed in the middle of it leaves the old value. About 0.2 us and the codec for what
   * fits into `valueBytes`; some 50 us for what does not.
   *
   * Errors: `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_ENCODE`, `ERR_RINGWAY_SCHEMA`, `ERR_RINGWAY_MESSAGE_TOO_LARGE`, `ERR_RINGWAY_NO_SPACE` and those of `node:fs` (a value that is
   * larger than `valueBytes`), `ERR_RINGWAY_SEGMENT_TRUNCATED`. The old value stays then.
   */
  write(value: T): number {
    this.#check();
    const payload = this.#encoded(value);
    // The codec is the user's: it may have closed this writer.
    this.#check();
    return this.#writer.write(payload);
  }

  /** Publishes that there is no value: `read` gives undefined, and who watches is told. Returns the version. The key stays in the table. Errors: `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_SEGMENT_TRUNCATED`. */
  delete(): number {
    this.#check();
    return this.#writer.delete();
  }

  /** Immediate, idempotent, never throws. The value stays, and somebody else can become its writer. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { board, closed } = this.#context;
    leaving(board.segment, () => {
      this.#entry.disown(board.me);
    });
    closed(this);
  }

  /** As `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #check(): void {
    if (!this.closed) return;
    throw new RingwayError(
      'ERR_RINGWAY_CLOSED',
      `this writer of ${JSON.stringify(this.key)} was closed: make another one`,
    );
  }

  #encoded(value: T): Uint8Array {
    const { codec, maxValueBytes } = this.#context;
    let payload: unknown;
    try {
      payload = codec.encode(value);
    } catch (error) {
      if (error instanceof RingwayError) throw error;
      const why = error instanceof Error ? error.message : String(error);
      throw new RingwayError('ERR_RINGWAY_ENCODE', `codec ${codec.name} cannot encode this value: ${why}`, {
        cause: error,
      });
    }
    if (!(payload instanceof Uint8Array)) {
      throw new RingwayError(
        'ERR_RINGWAY_ENCODE',
        `codec ${codec.name} must encode to a Uint8Array, it returned ${typeof payload}`,
      );
    }
    if (payload.length <= maxValueBytes) return payload;
    throw new RingwayError(
      'ERR_RINGWAY_MESSAGE_TOO_LARGE',
      `the value has ${payload.length} bytes, this blackboard takes ${maxValueBytes}: write less, or create it with a larger maxValueBytes`,
    );
  }
}
