import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const running = new Set<ChildProcess>();

/** A fixture that runs in a process of its own. */
export class Fixture {
  readonly process: ChildProcess;
  #output = '';

  /** `name` is a file of `fixtures/` without its ending. {@link killFixtures} ends what still runs. */
  constructor(name: string, args: readonly (string | number)[] = [], options: readonly string[] = []) {
    const path = fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url));
    this.process = spawn(process.execPath, [...options, path, ...args.map(String)], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    running.add(this.process);
    this.process.once('exit', () => running.delete(this.process));
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
  }

  /** The process id. */
  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the fixture did not start');
    return this.process.pid;
  }

  /** Whether the process is gone. */
  get ended(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  /** Resolves to the next message of the fixture; rejects when it ends before it sends one. */
  async message<T>(): Promise<T> {
    const ended = new AbortController();
    const onExit = (): void => {
      ended.abort(new Error(`the fixture ended: ${this.#output}`));
    };
    this.process.once('exit', onExit);
    try {
      const [message] = (await once(this.process, 'message', { signal: ended.signal })) as [T];
      return message;
    } finally {
      this.process.off('exit', onExit);
    }
  }

  /** Resolves when the process has ended, to its exit code or signal, with what it printed. */
  async end(): Promise<{ status: number | string | null; output: string }> {
    if (!this.ended) await once(this.process, 'exit');
    return { status: this.process.exitCode ?? this.process.signalCode, output: this.#output };
  }

  /** Kills the process, and resolves when it is gone. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.process.kill(signal);
    await this.end();
  }
}

/** For `afterEach`. */
export async function killFixtures(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }),
  );
}

/** Gives the event loop turns until the condition holds; the test's own time limit ends the wait. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
