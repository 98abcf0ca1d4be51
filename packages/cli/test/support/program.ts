import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The program that people start. */
const PROGRAM = fileURLToPath(new URL('../../../ringway/bin/ringway.js', import.meta.url));

/** Why nothing can be run on a terminal here, or undefined. */
export function terminalRefusal(): string | undefined {
  const { error } = spawnSync('script', ['--version']);
  return error === undefined ? undefined : `there is no program "script" (util-linux): ${error.message}`;
}

/** How a run ended. */
export interface Ended {
  readonly status: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

/** The runs of `ringway` of one test. */
export class Program {
  readonly #running = new Set<ChildProcess>();

  /** Starts `ringway` with these arguments. */
  start(...args: string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    return this.command(process.execPath, PROGRAM, ...args);
  }

  /** Starts any program. */
  command(file: string, ...args: string[]): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running.add(child);
    return { child, ended: this.#end(child) };
  }

  /** Runs `ringway` with these arguments to its end. */
  run(...args: string[]): Promise<Ended> {
    return this.start(...args).ended;
  }

  /** Runs a line of the shell, in which `ringway` is the program. */
  shell(line: string): Promise<Ended> {
    return this.command('bash', '-c', `ringway() { "${process.execPath}" "${PROGRAM}" "$@"; }; ${line}`).ended;
  }

  /** Runs `ringway` to its end on a terminal of its own, whose output is the result's `stdout`. */
  terminal(...args: string[]): Promise<Ended> {
    const line = [process.execPath, PROGRAM, ...args].map((word) => `'${word}'`).join(' ');
    return this.command('script', '--quiet', '--return', '--command', line, '/dev/null').ended;
  }

  /** For `afterEach`: ends what still runs. */
  async kill(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (child) => {
        const gone = once(child, 'close');
        child.kill('SIGKILL');
        await gone;
      }),
    );
  }

  async #end(child: ChildProcess): Promise<Ended> {
    let stdout = '';
    let stderr = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    this.#running.delete(child);
    return { status: code ?? signal ?? 1, stdout, stderr };
  }
}
