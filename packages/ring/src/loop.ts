import type { Turn } from '@ringway/sync';

/** What a loop over a consumer needs of it. `D` is what is received, `V` what the loop yields. */
export interface LoopContext<D, V> {
  /** The last one that was yielded is done: the next one is asked for. */
  settle(): void;
  /** The next one, if it is there. */
  tryTake(): D | undefined;
  /** The next one; undefined at the end. */
  take(): Promise<D | undefined>;
  /** What to yield for it. */
  taken(delivery: D): V;
  readonly turn: Turn;
  /** The loop was left by break, return or throw. */
  left(): void;
}

/**
 * An async iterator over a consumer. Calls of `next` that overlap are served one after the other. Gives the event loop a turn when
 * the source is never empty (P7).
 */
export class Loop<D, V> implements AsyncIterableIterator<V> {
  readonly #context: LoopContext<D, V>;
  #pending: Promise<unknown> | undefined;
  #done = false;
  #turnOwed = false;

  constructor(context: LoopContext<D, V>) {
    this.#context = context;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<V>> {
    if (this.#pending === undefined) {
      try {
        const result = this.#immediately();
        if (result !== undefined) return Promise.resolve(result);
      } catch (error) {
        return Promise.reject(error);
      }
    }
    const before = this.#pending ?? Promise.resolve();
    // What went wrong before was told to who asked then.
    const result = before.then(
      () => this.#later(),
      () => this.#later(),
    );
    this.#pending = result;
    const over = (): void => {
      if (this.#pending === result) this.#pending = undefined;
    };
    result.then(over, over);
    return result;
  }

  async return(): Promise<IteratorResult<V>> {
    await this.#leave();
    return { done: true, value: undefined };
  }

  async throw(error: unknown): Promise<IteratorResult<V>> {
    await this.#leave();
    throw error;
  }

  /** As an async generator's, it comes after what was asked for before; which closing the consumer ends at once. */
  async #leave(): Promise<void> {
    this.#context.left();
    while (this.#pending !== undefined) await Promise.allSettled([this.#pending]);
    this.#done = true;
    this.#context.left();
  }

  #immediately(): IteratorResult<V> | undefined {
    if (this.#done) return { done: true, value: undefined };
    const context = this.#context;
    context.settle();
    if (context.turn.spent()) {
      this.#turnOwed = true;
      return undefined;
    }
    const delivery = context.tryTake();
    return delivery === undefined ? undefined : { done: false, value: context.taken(delivery) };
  }

  async #later(): Promise<IteratorResult<V>> {
    const context = this.#context;
    if (this.#turnOwed) {
      this.#turnOwed = false;
      await context.turn.next();
    }
    if (this.#done) return { done: true, value: undefined };
    context.settle();
    const delivery = await context.take();
    if (delivery !== undefined) return { done: false, value: context.taken(delivery) };
    this.#done = true;
    return { done: true, value: undefined };
  }
}
