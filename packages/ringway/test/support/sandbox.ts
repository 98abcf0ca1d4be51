import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How a command ended. */
export interface Ended {
  readonly status: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

/** An empty folder of a user's, somewhere outside the repository, and what is run there. */
export class Sandbox {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'ringway-docs-'));
  readonly #running = new Set<ChildProcess>();

  write(name: string, text: string): void {
    writeFileSync(join(this.folder, name), text);
  }

  /** Runs a command line in a shell. */
  shell(line: string): Promise<Ended> {
    return this.#run('sh', ['-c', line]);
  }

  /** Runs Node.js. */
  node(...args: string[]): Promise<Ended> {
    return this.#run(process.execPath, args);
  }

  /** Ends what still runs and removes the folder. */
  async clean(): Promise<void> {
    await Promise.all(
      [...this.#running].map(async (child) => {
        const gone = once(child, 'close');
        child.kill('SIGKILL');
        await gone;
      }),
    );
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #run(file: string, args: readonly string[]): Promise<Ended> {
    const child = spawn(file, args, { cwd: this.folder, env: environment(), stdio: ['ignore', 'pipe', 'pipe'] });
    this.#running.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    this.#running.delete(child);
    return { status: code ?? signal ?? 1, stdout, stderr };
  }
}

/** The environment of a terminal that a user has just opened: nothing that npm sets for its scripts. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^npm_|^NODE_V8_COVERAGE$|^INIT_CWD$/i.test(name));
  // Neither the network nor the cache is needed: offline, npm fails where it would ask for either.
  return { ...Object.fromEntries(kept), npm_config_offline: 'true', npm_config_audit: 'false' };
}
