import { messageId } from './intake.js';
import type { Lane } from './lane.js';
import type { Metadata } from './metadata.js';

/** Where a message stood. */
export interface MessageSource {
  readonly lane: Lane;
  /** Label of its publisher. */
  readonly publisher: string;
  /** Counted over all laps. */
  readonly position: number;
  readonly metadata: Metadata;
  readonly creationId: string;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** One message of a topic, a private copy: its publisher's lane is free for others. */
export class Message<T> {
  /** The message. */
  readonly value: T;
  readonly #source: MessageSource;

  /** @internal */
  constructor(value: T, source: MessageSource) {
    this.value = value;
    this.#source = source;
  }

  /** Unique in the life of the topic, the same for every subscriber: `<creation id>-<lane>-<position>`. */
  get id(): string {
    const { creationId, lane, position } = this.#source;
    return messageId(creationId, lane, position);
  }

  /** What its publisher said that it is about; undefined if nothing. */
  get key(): string | undefined {
    return this.#source.metadata.key;
  }

  /** Label of its publisher; empty if it has none. For people. */
  get publisher(): string {
    return this.#source.publisher;
  }

  /** The user's headers; empty if there are none. */
  get headers(): Readonly<Record<string, string>> {
    return this.#source.metadata.headers ?? NO_HEADERS;
  }

  /** When it was published, in milliseconds of the monotonic clock (`process.hrtime()`); undefined unless its publisher stamps messages. */
  get time(): number | undefined {
    return this.#source.metadata.time;
  }
}

/** Messages that a subscriber missed, because it was slow: between what came before this and what comes after it, of the same publisher. */
export class Gap {
  /** How many, exactly; of all keys. */
  readonly missed: number;
  /** Number of the publisher's lane. */
  readonly lane: number;
  /** Label of the publisher; empty if it has none. For people. */
  readonly publisher: string;

  /** @internal */
  constructor(missed: number, lane: Lane) {
    this.missed = missed;
    this.lane = lane.index;
    this.publisher = lane.label;
  }
}
