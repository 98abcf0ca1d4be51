import type { RingwayError } from '@ringway/memory';
import type { ConsumerCore } from './consumer-core.js';
import type { Delivery } from './delivery.js';
import { closedError, type MessageReader } from './message-reader.js';
import type { Poller } from './poller.js';
import type { Source } from './receiver.js';

/** One consumer as a receiver sees it. */
export class ConsumerSource<T> implements Source<Delivery<T>> {
  readonly word = 'consumer';
  /** Each message is for one of them. */
  readonly oneOfMany = true;
  readonly #core: ConsumerCore;
  readonly #reader: MessageReader<T>;
  readonly #poller: Poller;

  constructor(core: ConsumerCore, reader: MessageReader<T>, poller: Poller) {
    this.#core = core;
    this.#reader = reader;
    this.#poller = poller;
  }

  get slot(): number {
    return this.#core.slot;
  }

  get closed(): boolean {
    return this.#core.closed;
  }

  get busy(): boolean {
    return this.#poller.busy;
  }

  get endedEarly(): boolean {
    return this.#reader.endedEarly;
  }

  get leavesWork(): boolean {
    return this.#core.blocked || this.#reader.endedEarly;
  }

  take(): Delivery<T> | undefined {
    return this.#reader.take();
  }

  putBack(delivery: Delivery<T>): void {
    this.#reader.putBack(delivery);
  }

  keepFailure(error: RingwayError): void {
    this.#reader.keepFailure(error);
  }

  closedError(): RingwayError {
    return closedError();
  }

  hasEnded(): boolean {
    return this.#core.hasEnded();
  }

  endSeen(): void {
    this.#core.endSeen();
  }

  wantEnd(): void {
    this.#core.wantEnd();
  }

  lookForDead(): void {
    this.#core.lookForDead();
  }
}
