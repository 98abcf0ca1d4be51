import { RingwayError } from '@ringway/memory';
import type { ForwardTarget, Forwarder } from './forwarder.js';

/** The queue that takes the dead letters of another one: the user's own handle, or one that is opened here when it is needed first. */
export class DeadLetters {
  readonly #queue: string;
  readonly #creationId: string;
  readonly #codecName: string;
  readonly #chosen: string | ForwardTarget | undefined;
  readonly #openNamed: (name: string) => ForwardTarget;
  #target: ForwardTarget | undefined;

  /**
   * @param queue - the other one's name
   * @param creationId - which object that is
   * @param codecName - how its messages are encoded
   */
  constructor(
    queue: string,
    creationId: string,
    codecName: string,
    chosen: string | ForwardTarget | undefined,
    openNamed: (name: string) => ForwardTarget,
  ) {
    this.#queue = queue;
    this.#creationId = creationId;
    this.#codecName = codecName;
    this.#chosen = chosen;
    this.#openNamed = openNamed;
  }

  /** Its name; undefined if there are no dead letters. */
  get name(): string | undefined {
    return typeof this.#chosen === 'string' ? this.#chosen : this.#chosen?.name;
  }

  /** Opens it, unless it is open. Throws what `Queue.open` throws, `ERR_RINGWAY_CODEC_MISMATCH`, and `ERR_RINGWAY_OPTIONS_MISMATCH` for the queue itself. */
  open(): void {
    if (this.#chosen === undefined || this.#target !== undefined) return;
    const target = typeof this.#chosen === 'string' ? this.#openNamed(this.#chosen) : this.#chosen;
    if (target.creationId === this.#creationId) {
      throw new RingwayError(
        'ERR_RINGWAY_OPTIONS_MISMATCH',
        `queue ${JSON.stringify(this.#queue)} cannot take its own dead letters: name another queue as deadLetter`,
      );
    }
    if (target.codecName !== this.#codecName) {
      throw new RingwayError(
        'ERR_RINGWAY_CODEC_MISMATCH',
        `the messages of queue ${JSON.stringify(this.#queue)} are encoded by ${JSON.stringify(this.#codecName)}, those of its dead letters, ` +
          `${JSON.stringify(target.name)}, by ${JSON.stringify(target.codecName)}: give both the same codec`,
      );
    }
    this.#target = target;
  }

  /** Where to send them. Only if there are any. */
  forwarder(): Forwarder {
    this.open();
    if (this.#target === undefined) throw new Error('no queue was chosen for dead letters');
    return this.#target.forwarder();
  }

  /** Closes it, unless it is the user's. */
  close(): void {
    if (typeof this.#chosen === 'string') this.#target?.close();
    this.#target = undefined;
  }
}
