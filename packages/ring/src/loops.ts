import { checkWait, type WaitOptions } from '@ringway/sync';
import type { Delivery } from './delivery.js';
import { Loop } from './loop.js';
import type { MessageReader } from './message-reader.js';
import type { Receiver } from './receiver.js';
import type { Work } from './work.js';

/** What a form of looping does with what it receives; see LoopContext. */
interface LoopForm<T, V> {
  readonly settle: () => void;
  readonly taken: (first: Delivery<T>) => V;
  readonly left: () => void;
}

/** The forms in which one consumer is looped over. */
export class Loops<T> {
  readonly #receiver: Receiver<T>;
  readonly #reader: MessageReader<T>;
  readonly #work: Work;
  readonly #leave: () => void;

  /** @param leave - called when a loop is left by break, return or throw */
  constructor(receiver: Receiver<T>, reader: MessageReader<T>, work: Work, leave: () => void) {
    this.#receiver = receiver;
    this.#reader = reader;
    this.#work = work;
    this.#leave = leave;
  }

  /** One message at a time, acknowledged when the next one is asked for. */
  values(options: WaitOptions | undefined): AsyncIterableIterator<T> {
    return this.#acknowledging(
      options,
      (first) => [first],
      ([{ value }]) => value,
    );
  }

  /** One message at a time; acknowledging is the user's. */
  deliveries(options: WaitOptions | undefined): AsyncIterableIterator<Delivery<T>> {
    return this.#loop(options, {
      settle: () => undefined,
      taken: (delivery) => delivery,
      left: this.#leave,
    });
  }

  /** What is there, up to `max` messages at a time, acknowledged when the next ones are asked for. */
  batches(max: number, options: WaitOptions | undefined): AsyncIterableIterator<T[]> {
    return this.#acknowledging(
      options,
      (first) => {
        const batch = [first];
        while (batch.length < max) {
          const delivery = this.#reader.takeOrKeepFailure();
          if (delivery === undefined) break;
          batch.push(delivery);
        }
        return batch;
      },
      (batch) => batch.map(({ value }) => value),
    );
  }

  /** A loop that has messages in hand until it asks for the next ones. */
  #acknowledging<V>(
    options: WaitOptions | undefined,
    gather: (first: Delivery<T>) => Delivery<T>[],
    valueOf: (inHand: Delivery<T>[]) => V,
  ): AsyncIterableIterator<V> {
    const work = this.#work;
    const token = {};
    let inHand: Delivery<T>[] = [];
    return this.#loop(options, {
      settle: () => {
        for (const delivery of inHand) delivery.ack();
        inHand = [];
        work.end(token);
      },
      taken: (first) => {
        inHand = gather(first);
        work.begin(token);
        return valueOf(inHand);
      },
      left: () => {
        this.#leave();
        work.end(token);
      },
    });
  }

  #loop<V>(options: WaitOptions | undefined, form: LoopForm<T, V>): AsyncIterableIterator<V> {
    const receiver = this.#receiver;
    receiver.check();
    return new Loop<Delivery<T>, V>({
      settle: () => {
        if (!receiver.closed) form.settle();
      },
      tryTake: () => {
        if (receiver.stopping) return undefined;
        this.#reader.throwFailure();
        checkWait(options);
        return receiver.tryReceive();
      },
      // After `stop` a loop sees the end, although the consumer is closed.
      take: () => (receiver.stopping ? Promise.resolve(undefined) : receiver.receive(options)),
      taken: form.taken,
      turn: receiver.turn,
      left: form.left,
    });
  }
}
