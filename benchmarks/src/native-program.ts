import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCES = fileURLToPath(new URL('../native/', import.meta.url));
const OUTPUT = fileURLToPath(new URL('../build/native-ring', import.meta.url));
const MAIN = join(SOURCES, 'native_ring.cc');
const FLAGS = ['-O3', '-std=c++17', '-Wall', '-Wextra', '-Werror'];

const INSTALL = [
  'The native program that the bench compares with needs a C++17 compiler, and there is none. Install one:',
  '  Debian, Ubuntu   apt-get install g++',
  '  Fedora           dnf install gcc-c++',
  '  Alpine           apk add g++',
  'or name yours in CXX, or leave the comparison out: --only ringway,unix-socket',
].join('\n');

function compiler(): string {
  return process.env.CXX ?? 'g++';
}

function isBuilt(): boolean {
  if (!existsSync(OUTPUT)) return false;
  const built = statSync(OUTPUT).mtimeMs;
  return readdirSync(SOURCES).every((name) => statSync(join(SOURCES, name)).mtimeMs <= built);
}

/** The C++ program in `benchmarks/native`: built when it is first used, and when its sources have changed. */
export const nativeProgram = {
  path: OUTPUT,

  /** Rejects with what to install when there is no compiler, and with what the compiler says when it fails. */
  async build(signal: AbortSignal): Promise<void> {
    if (isBuilt()) return;
    mkdirSync(dirname(OUTPUT), { recursive: true });
    // Under another name first: a build that is interrupted must not look like one that is done.
    const unfinished = `${OUTPUT}.${process.pid}`;
    try {
      await promisify(execFile)(compiler(), [...FLAGS, '-o', unfinished, MAIN], { signal });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Error(INSTALL, { cause: error });
      throw error;
    }
    renameSync(unfinished, OUTPUT);
  },
};
