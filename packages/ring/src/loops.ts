import { checkWait, type WaitOptions } from '@ringway/sync';
import { Loop } from './loop.js';
import type { Receiver } from './receiver.js';
import type { Work } from './work.js';

/** What a form of looping does with what it receives; see LoopContext. */
interface LoopForm<D, V> {
  readonly settle: () => void;
  readonly taken: (first: D) => V;
  readonly left: () => void;
}

/** What a loop needs of what it receives, `D`, of which users get `V`. */
export interface Received<D, V> {
  /** The next one, if it is there; what goes wrong is kept. */
  takeOrKeepFailure(): D | undefined;
  /** Throws what was kept, once. */
  throwFailure(): void;
  valueOf(received: D): V;
  /** The user is done with it. */
  settle(received: D): void;
}

/** The forms in which one reader is looped over. */
export class Loops<D, V> {
  readonly #receiver: Receiver<D>;
  readonly #received: Received<D, V>;
  readonly #work: Work;
  readonly #leave: () => void;

  /** @param leave - called when a loop is left by break, return or throw */
  constructor(receiver: Receiver<D>, received: Received<D, V>, work: Work, leave: () => void) {
    this.#receiver = receiver;
    this.#received = received;
    this.#work = work;
    this.#leave = leave;
  }

  /** One message at a time, acknowledged when the next one is asked for. */
  values(options: WaitOptions | undefined): AsyncIterableIterator<V> {
    return this.#acknowledging(
      options,
      (first) => [first],
      ([first]) => this.#received.valueOf(first),
    );
  }

  /** One message at a time, with what it carries; acknowledging is the user's. */
  whole(options: WaitOptions | undefined): AsyncIterableIterator<D> {
    return this.#loop(options, {
      settle: () => undefined,
      taken: (delivery) => delivery,
      left: this.#leave,
    });
  }

  /** What is there, up to `max` messages at a time, acknowledged when the next ones are asked for. */
  batches(max: number, options: WaitOptions | undefined): AsyncIterableIterator<V[]> {
    return this.#acknowledging(
      options,
      (first) => {
        const batch = [first];
        while (batch.length < max) {
          const delivery = this.#received.takeOrKeepFailure();
          if (delivery === undefined) break;
          batch.push(delivery);
        }
        return batch;
      },
      (batch) => batch.map((received) => this.#received.valueOf(received)),
    );
  }

  /** A loop that has messages in hand until it asks for the next ones. */
  #acknowledging<Y>(
    options: WaitOptions | undefined,
    gather: (first: D) => D[],
    valueOf: (inHand: D[]) => Y,
  ): AsyncIterableIterator<Y> {
    const work = this.#work;
    const token = {};
    let inHand: D[] = [];
    return this.#loop(options, {
      settle: () => {
        for (const received of inHand) this.#received.settle(received);
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

  #loop<Y>(options: WaitOptions | undefined, form: LoopForm<D, Y>): AsyncIterableIterator<Y> {
    const receiver = this.#receiver;
    receiver.check();
    return new Loop<D, Y>({
      settle: () => {
        if (!receiver.closed) form.settle();
      },
      tryTake: () => {
        if (receiver.stopping) return undefined;
        this.#received.throwFailure();
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
