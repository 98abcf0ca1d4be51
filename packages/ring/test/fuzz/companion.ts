import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Command } from './stranger.js';

/** The stranger of a fuzzing process: a second process, started once and used for many segments. */
export class Companion {
  #child: ChildProcess | undefined;

  /** Runs `body` while the stranger spoils a segment. Returns how often it wrote. */
  async beside(command: Command, body: () => Promise<void>): Promise<number> {
    this.#child ??= fork(fileURLToPath(new URL('stranger.js', import.meta.url)), [], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    await this.#ask(command);
    let written: number;
    try {
      await body();
    } finally {
      written = (await this.#ask({ halt: true })).halted ?? 0;
    }
    return written;
  }

  /** Ends it; resolves when it is gone. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.disconnect();
    await gone;
  }

  async #ask(command: Command): Promise<{ halted?: number }> {
    const child = this.#child;
    if (child === undefined) throw new Error('the stranger has not been started');
    const controller = new AbortController();
    const { signal } = controller;
    const answered = once(child, 'message', { signal }) as Promise<[{ halted?: number }]>;
    const gone = once(child, 'exit', { signal }).then(([code, killed]: (string | number | null)[]) => {
      throw new Error(`the stranger ended: code ${String(code)} signal ${String(killed)}`);
    });
    child.send(command);
    try {
      return (await Promise.race([answered, gone]))[0];
    } finally {
      controller.abort();
      await Promise.allSettled([answered, gone]);
    }
  }
}
