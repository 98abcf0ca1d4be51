/** A signal that aborts when another one does, or after some time with an error of its own; until it is cleared. */
export class Deadline {
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #timer: NodeJS.Timeout;

  /** @param message - of the error when the time, in milliseconds, is over */
  constructor(outer: AbortSignal, milliseconds: number, message: string) {
    outer.throwIfAborted();
    this.signal = this.#controller.signal;
    this.#outer = outer;
    outer.addEventListener('abort', this.#follow);
    this.#timer = setTimeout(() => {
      this.#controller.abort(new Error(message));
    }, milliseconds);
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener('abort', this.#follow);
  }

  readonly #follow = (): void => {
    this.#controller.abort(this.#outer.reason);
  };
}
