import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCES = fileURLToPath(new URL('../native/', import.meta.url));
const OUTPUT = fileURLToPath(new URL('../build/', import.meta.url));
const FLAGS = ['-O3', '-std=c++17', '-Wall', '-Wextra', '-Werror', '-pthread'];

const INSTALL = [
  'The native programs that the bench compares with need a C++17 compiler, and there is none. Install one:',
  '  Debian, Ubuntu   apt-get install g++',
  '  Fedora           dnf install gcc-c++',
  '  Alpine           apk add g++',
  'or name yours in CXX, or leave the comparisons out: --only ringway,unix-socket,cp',
].join('\n');

/** Something that a program needs besides the compiler, and without which it is left out. */
export interface Library {
  readonly name: string;
  /** A header that is there when the library is. */
  readonly header: string;
  /** Names of the package that has it. */
  readonly packages: Readonly<Record<string, string>>;
}

/** Runs the compiler, with `input` on its standard input. Resolves to what it prints. */
async function compile(args: readonly string[], input: string, signal: AbortSignal): Promise<string> {
  const running = promisify(execFile)(process.env.CXX ?? 'g++', args, { signal });
  // One that is not there, or ends early, takes no input; that it failed is told by the promise.
  running.child.stdin?.on('error', () => undefined).end(input);
  try {
    const { stdout } = await running;
    return stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(INSTALL, { cause: error });
    throw error;
  }
}

/** A C++ program in `benchmarks/native`: built when it is first used, and when a source there has changed. */
export class NativeProgram {
  /** Where it stands when it is built. */
  readonly path: string;
  readonly #source: string;
  readonly #library: Library | undefined;

  /** @param name - of the program; its source is called the same, with underscores */
  constructor(name: string, library?: Library) {
    this.path = join(OUTPUT, name);
    this.#source = join(SOURCES, `${name.replaceAll('-', '_')}.cc`);
    this.#library = library;
  }

  /**
   * Resolves to why it is left out and what to install, if it needs a library that is not there. Rejects with what to
   * install when there is no compiler, and with what the compiler says when it fails.
   */
  async build(signal: AbortSignal): Promise<string | undefined> {
    if (this.#isBuilt()) return undefined;
    const missing = await this.#missing(signal);
    if (missing !== undefined) return missing;
    mkdirSync(OUTPUT, { recursive: true });
    // Under another name first: a build that is interrupted must not look like one that is done.
    const unfinished = `${this.path}.${process.pid}`;
    await compile([...FLAGS, '-o', unfinished, this.#source], '', signal);
    renameSync(unfinished, this.path);
    return undefined;
  }

  #isBuilt(): boolean {
    if (!existsSync(this.path)) return false;
    const built = statSync(this.path).mtimeMs;
    return readdirSync(SOURCES).every((name) => statSync(join(SOURCES, name)).mtimeMs <= built);
  }

  async #missing(signal: AbortSignal): Promise<string | undefined> {
    if (this.#library === undefined) return undefined;
    const { name, header, packages } = this.#library;
    const found = await compile(['-E', '-P', '-x', 'c++', '-'], `#if __has_include(<${header}>)\n1\n#endif\n`, signal);
    if (found.trim() === '1') return undefined;
    const install = Object.entries(packages).map(([system, command]) => `  ${system.padEnd(16)} ${command}`);
    return [`${name} is left out: its headers are not installed. To compare with it:`, ...install].join('\n');
  }
}
