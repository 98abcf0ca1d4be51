import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { numberIn, parseLine } from './peer-protocol.js';
import type { Command } from './system.js';

type Line = Readonly<Record<string, unknown>>;

/** A process of a run went wrong: what it said. */
export class PeerError extends Error {
  override readonly name = 'PeerError';
}

/**
 * A process of a run, seen from the one that starts it. Whatever goes wrong in it, the next call here rejects with what
 * it said.
 */
export class PeerProcess {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #orders: Writable;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<void>;
  #complaints = '';
  #end = '';

  /**
   * @param name - how messages speak of it
   * @param signal - kills the process when it aborts
   */
  constructor(name: string, { file, args, descriptors = [] }: Command, signal: AbortSignal) {
    signal.throwIfAborted();
    this.#name = name;
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe', ...descriptors] });
    // Pipes were asked for: each of them is there.
    const { stdin, stdout, stderr } = child as ChildProcessWithoutNullStreams;
    this.#child = child;
    this.#orders = stdin;
    // A process that is gone takes no orders (EPIPE); that it is gone, and why, is told by whoever waits for its next
    // line.
    stdin.on('error', () => undefined);
    stderr.setEncoding('utf8').on('data', (text: string) => (this.#complaints += text));
    this.#lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
    const kill = (): void => {
      child.kill('SIGKILL');
    };
    signal.addEventListener('abort', kill);
    this.#exited = new Promise((resolve) => {
      const over = (how: string): void => {
        signal.removeEventListener('abort', kill);
        this.#end = how;
        resolve();
      };
      child.once('error', (error) => {
        over(`did not start: ${error.message}`);
      });
      child.once('close', (code, killed) => {
        over(killed === null ? `ended with code ${String(code)}` : `was ended by ${killed}`);
      });
    });
  }

  /** The next number of that name that it reports. */
  async number(name: string): Promise<number> {
    return numberIn(await this.line(), name);
  }

  /** Its next line. */
  async line(): Promise<Line> {
    const next = await this.#lines.next();
    if (next.done !== true) return parseLine(next.value);
    await this.#exited;
    throw new PeerError(this.story);
  }

  /** Tells it to begin a phase of `count` messages. */
  order(count: number): void {
    this.#orders.write(`${count}\n`);
  }

  /** Lets it end, and waits for that. Rejects unless it ends well. */
  async finish(): Promise<void> {
    this.#orders.end();
    await this.#exited;
    if (this.#child.exitCode !== 0) throw new PeerError(this.story);
  }

  /** Whatever it is at: ends it, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** How it ended, once it has, and what it complained of. */
  get story(): string {
    return `${this.#name} ${this.#end}\n${this.#complaints}`.trim();
  }
}
