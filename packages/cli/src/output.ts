import type { Writable } from 'node:stream';

/** Whoever read our output has closed it: nothing is left to be done, and nothing went wrong. */
export class PipeClosed extends Error {
  constructor(cause: unknown) {
    super('the output was closed by its reader', { cause });
    this.name = 'PipeClosed';
  }
}

/** What a command prints for people or programs. */
export class Output {
  readonly #stream: Writable;
  #error: Error | undefined;

  constructor(stream: Writable) {
    this.#stream = stream;
    // An error comes at some later turn, when nobody waits for it: it is kept until somebody prints or finishes.
    stream.on('error', (error) => {
      this.#error ??= error;
    });
  }

  /** Prints a line. */
  line(text: string): void {
    this.#stream.write(`${text}\n`);
  }

  /** Prints a value as one line of JSON. */
  json(value: unknown): void {
    this.line(JSON.stringify(value));
  }

  /** Resolves when all was handed to the system. Rejects with {@link PipeClosed}, or with why it could not be written (`ENOSPC`). */
  async finish(): Promise<void> {
    await new Promise<void>((resolve) => {
      // Called when all that was written before has gone, or cannot go.
      this.#stream.write('', (error) => {
        this.#error ??= error ?? undefined;
        resolve();
      });
    });
    if (this.#error === undefined) return;
    throw isClosedPipe(this.#error) ? new PipeClosed(this.#error) : this.#error;
  }
}

function isClosedPipe(error: Error): boolean {
  return 'code' in error && error.code === 'EPIPE';
}
