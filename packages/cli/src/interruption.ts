import { constants } from 'node:os';
import { EXIT_CODE } from './exit-code.js';

/** By these people and systems end a program. */
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Turns the signals that end a program into an abort, so that what was begun is cleaned up. */
export class Interruption {
  readonly #controller = new AbortController();
  readonly #listeners = ENDINGS.map((signal) => {
    const listener = (): void => {
      this.#ending ??= signal;
      this.#controller.abort(new Error(`ended by ${signal}`));
    };
    process.once(signal, listener);
    return { signal, listener };
  });
  #ending: (typeof ENDINGS)[number] | undefined;

  /** Fires at the first of the signals. A second one of the same kind ends the process at once, as it would without this. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** What the shell is told: 128 and the signal's number. Undefined if none came. */
  get exitCode(): number | undefined {
    return this.#ending === undefined ? undefined : EXIT_CODE.signal + constants.signals[this.#ending];
  }

  /** Leaves the signals to the process again. */
  end(): void {
    for (const { signal, listener } of this.#listeners) process.removeListener(signal, listener);
  }
}
