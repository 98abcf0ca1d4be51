import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Where a script finds the packages. */
const PACKAGE = fileURLToPath(new URL('../../../', import.meta.url));

/** How a child has ended. */
export interface Outcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it said, as JSON. */
  readonly said: unknown;
  readonly stderr: string;
}

/** What a child may not do. */
export interface Confinement {
  /** As nobody, without the rights of root. */
  readonly unprivileged?: boolean;
  /** For `ulimit`: `n` descriptors, `l` KiB of locked memory. */
  readonly limits?: Readonly<Record<string, number>>;
  /** Descriptors from 3 on. */
  readonly descriptors?: readonly number[];
  readonly argv?: readonly string[];
  /** Gives it a /dev/shm of its own, mounted with these options. */
  readonly sharedMemory?: string;
}

const NOBODY = 65534;

/** A process of its own: runs a script with `posix`, `PAGE` and a few helpers in scope, which answers by `say(value)`, once. */
export function runChild(script: string, confinement: Confinement = {}): Outcome {
  const { unprivileged = false, limits = {}, descriptors = [], argv = [], sharedMemory } = confinement;
  const source = [
    `import { posix, Mapping, mapFile, anonymous } from '@ringway/memory';`,
    `import fs from 'node:fs';`,
    `const say = (value) => fs.writeSync(1, JSON.stringify(value));`,
    `const codeOf = (body) => { try { body(); return 'none'; } catch (error) { return error.code ?? error.name; } };`,
    `const PAGE = posix.getpagesize();`,
    `const argv = process.argv.slice(1);`,
    script,
  ].join('\n');
  const limited = Object.entries(limits).map(([name, value]) => `ulimit -${name} ${value} && `);
  if (sharedMemory !== undefined) limited.push(`mount -t tmpfs -o ${sharedMemory} ringway-test /dev/shm && `);
  const { status, signal, stdout, stderr } = spawnSync(
    sharedMemory === undefined ? 'sh' : 'unshare',
    [
      ...(sharedMemory === undefined ? [] : ['--mount', 'sh']),
      '-c',
      `${limited.join('')}exec "$0" "$@"`,
      process.execPath,
      '--expose-gc',
      '--input-type=module',
      '-e',
      source,
      ...argv,
    ],
    {
      cwd: PACKAGE,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe', ...descriptors],
      ...(unprivileged ? { uid: NOBODY, gid: NOBODY } : {}),
    },
  );
  return { status, signal, said: stdout === '' ? undefined : JSON.parse(stdout), stderr };
}

/** As {@link runChild}, for a script that must come to its end: what it said. */
export function hear(script: string, confinement: Confinement = {}): unknown {
  const { status, signal, said, stderr } = runChild(script, confinement);
  if (status !== 0) throw new Error(`the child ended with ${String(signal ?? status)}: ${stderr}`);
  return said;
}
