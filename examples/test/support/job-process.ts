import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { JobFigures } from '../../dist/main-job/figures.js';

const PROGRAM = fileURLToPath(new URL('../../dist/main-job/main.js', import.meta.url));
const SHARED_MEMORY = '/dev/shm';

/** A job that runs as users run it, in a directory for temporary files of its own. */
export class JobProcess {
  readonly process: ChildProcess;
  /** Lines of stdout. */
  readonly lines: string[] = [];
  #errors = '';
  readonly #temporary = mkdtempSync(join(tmpdir(), 'ringway-main-job-test-'));
  readonly #closed: Promise<unknown>;
  readonly #listeners = new Set<() => void>();

  constructor(args: readonly string[]) {
    this.process = spawn(process.execPath, [PROGRAM, ...args], {
      env: { ...process.env, TMPDIR: this.#temporary },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.process;
    if (stdout === null || stderr === null) throw new Error('the job has no pipes');
    createInterface({ input: stdout }).on('line', (line) => {
      this.lines.push(line);
      for (const listener of this.#listeners) listener();
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    // The workers share stderr: it is closed when the last one of them is gone.
    this.#closed = once(this.process, 'close').then(() => {
      for (const listener of this.#listeners) listener();
    });
  }

  /** What it wrote to stderr. */
  get errors(): string {
    return this.#errors;
  }

  /** The exit code, when the job and all its workers are gone; null if a signal ended it. */
  async exitCode(): Promise<number | null> {
    await this.#closed;
    return this.process.exitCode;
  }

  /** The first line that matches; waits for it. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      for (const line of this.lines) {
        const match = pattern.exec(line);
        if (match !== null) return match;
      }
      if (this.process.exitCode !== null) throw new Error(`no line ${String(pattern)} in: ${this.lines.join('\n')}`);
      await this.#change();
    }
  }

  /** What `--json` printed last. */
  figures(): JobFigures {
    return JSON.parse(this.lines.at(-1) ?? '') as JobFigures;
  }

  /** Names that it left behind: temporary files and objects in shared memory. */
  remains(): string[] {
    const prefix = `ringway.${process.env.RINGWAY_NAMESPACE ?? ''}main-job-${String(this.process.pid)}-`;
    return [...readdirSync(this.#temporary), ...readdirSync(SHARED_MEMORY).filter((name) => name.startsWith(prefix))];
  }

  /** Ends what still runs, and removes its directory. */
  async dispose(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.#closed;
    rmSync(this.#temporary, { recursive: true, force: true });
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      const listener = (): void => {
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }
}
