import type { BlackboardKeys } from '../../dist/blackboard-keys.js';
import type { BlackboardWaits, VersionWait } from '../../dist/blackboard-waits.js';
import type { BlackboardWriter } from '../../dist/blackboard-writer.js';
import type { BoardEntry } from '../../dist/blackboard-entry.js';
import type { Board } from '../../dist/board.js';
import { ModelSegment, type ModelObject } from './model-segment.js';
import type { Modules } from './modules.js';
import type { Scheduler } from './scheduler.js';
import { EVENT, type Shared } from './shared.js';
import { turnUntil } from './turns.js';
import { messageOf, numberOf } from './world.js';

/** What everybody writes and reads. */
const KEY = 'key';
/** Values have this many bytes, and up to two words more: so that the length of one does not fit the bytes of another. */
const LEAST_BYTES = 8;
const LENGTHS = 3;

/** How a blackboard of a model is made, and where its versions begin. */
export interface BlackboardGeometry {
  /** Room for a value in place, in bytes. */
  readonly valueBytes?: number;
  /** The version that is published at the start, without a value. What is said of versions counts from here. */
  readonly begin?: number;
}

/** One participant's view of a blackboard with one key, made anew for each run; and what scenarios are written with. */
export class BlackboardWorld {
  readonly modules: Modules;
  readonly segment: ModelSegment;
  readonly board: Board;
  readonly #scheduler: Scheduler;
  readonly #keys: BlackboardKeys;
  readonly #begin: number;
  #waits: BlackboardWaits | undefined;
  /** What ends when somebody died. */
  #wait: VersionWait | undefined;
  #writer: BlackboardWriter<Uint8Array> | undefined;

  constructor(modules: Modules, scheduler: Scheduler, shared: Shared, object: ModelObject) {
    this.modules = modules;
    this.#scheduler = scheduler;
    this.segment = new ModelSegment(scheduler, shared, object);
    this.board = new modules.Board(this.segment, () => {
      this.#lost();
    });
    this.#keys = new modules.BlackboardKeys(this.board);
    this.#begin = object.begin ?? 0;
  }

  /** The key, made if need be. */
  entry(): BoardEntry {
    return this.#keys.obtain(KEY);
  }

  /** Takes part: who only reads need not. */
  join(): void {
    if (!this.board.joined) this.board.join('');
  }

  /** Becomes the key's writer, if it is not yet, as `blackboard.writer` does; false, and said so, if somebody else is. */
  becomeWriter(): boolean {
    if (this.#writer !== undefined) return true;
    this.join();
    const { board, modules } = this;
    const entry = this.entry();
    if (!entry.seize(board.me)) {
      board.lookForDead();
      if (!entry.seize(board.me)) {
        this.say(EVENT.refused, 0);
        return false;
      }
    }
    const maxValueBytes = board.segment.header.geometry[modules.GEOMETRY_BOARD_MAX_VALUE];
    const context = { board, codec: modules.bytes(), maxValueBytes, closed: (): void => undefined };
    this.#writer = new modules.BlackboardWriter<Uint8Array>(context, KEY, entry);
    return true;
  }

  /** Publishes the next version, of which the writer says which it is. */
  write(bytes = 0): void {
    const writer = this.#writer;
    if (writer === undefined) throw new Error('there is no writer');
    const number = writer.version + 1 - this.#begin;
    this.say(EVENT.tried, number);
    const version = writer.write(messageOf(number, bytes + lengthOf(number)));
    this.say(EVENT.sent, version - this.#begin);
  }

  /** Looks at what is published, and says which version it is. Returns that. */
  read(): number {
    return this.#got(this.entry().read());
  }

  /** Blocks until there is a version above this one, and reads. */
  readAbove(number: number): number {
    this.join();
    const entry = this.entry();
    const after = this.#begin + number;
    if (entry.version() <= after) this.#waiting().block(entry, after, undefined);
    return this.read();
  }

  /** Waits on the event loop, as `blackboard.watch` does, and says which version came. */
  async watchAbove(number: number): Promise<number> {
    this.join();
    const watch = this.modules.watchLoop<Uint8Array>({
      entry: this.entry(),
      from: this.#begin + number,
      signal: undefined,
      waits: () => this.#waiting(),
      check: () => undefined,
      value: ({ bytes }) => bytes,
    });
    const next = await turnUntil(this.segment, watch.next());
    if (next.done === true) throw new Error('the watch ended, and nobody had left it');
    return this.#got({ version: next.value.version, bytes: next.value.value });
  }

  /** Waits on the event loop until there is a version above this one, or somebody has died; and reads. */
  async readAboveOrLoss(number: number): Promise<number> {
    this.join();
    const entry = this.entry();
    if (entry.version() <= this.#begin + number) {
      this.#wait = this.#waiting().wait(entry, this.#begin + number, undefined);
      await turnUntil(this.segment, this.#wait.pending.promise);
    }
    return this.read();
  }

  /** Leaves with everything that it has. */
  leave(): void {
    this.#writer?.close();
    this.board.leave();
  }

  signal(bit = 0): void {
    this.#scheduler.signal(bit);
  }

  awaitSignal(bit = 0): void {
    this.#scheduler.awaitSignal(bit);
  }

  say(event: number, number: number): void {
    this.#scheduler.log(event, number);
  }

  /** As who listens to `peer-lost` would: not in the middle of the look for the dead. */
  #lost(): void {
    queueMicrotask(() => {
      if (this.#wait !== undefined) this.#waits?.cancel(this.#wait);
    });
  }

  #waiting(): BlackboardWaits {
    return (this.#waits ??= new this.modules.BlackboardWaits(this.board, 'park', 0));
  }

  /** A value tells its version, and whether it is whole; before the first one there is none. */
  #got({ version, bytes }: { readonly version: number; readonly bytes: Uint8Array | undefined }): number {
    const number = version - this.#begin;
    const told = bytes === undefined ? 0 : numberOf(bytes);
    const isWhole = bytes === undefined || (bytes.length - lengthOf(number)) % SPILLED_BYTES === 0;
    this.say(EVENT.got, told === number && isWhole ? number : -1);
    return number;
  }
}

/** What is added to the length of a value that does not fit in place. */
export const SPILLED_BYTES = 64;

function lengthOf(number: number): number {
  return LEAST_BYTES + (number % LENGTHS) * 4;
}
