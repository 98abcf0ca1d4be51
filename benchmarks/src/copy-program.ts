import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CopySystem } from './copy-cases.js';
import { Deadline } from './deadline.js';

/** Longest time of a program, in milliseconds: then something hangs. */
const LIMIT_MS = 600_000;

/** A program and its first arguments. */
type Program = readonly [file: string, ...args: string[]];

/** Where a package says that its program of the same name stands. */
export function parseBin(manifest: string, name: string): string {
  const { bin } = JSON.parse(manifest) as { readonly bin?: Readonly<Record<string, unknown>> };
  const path = bin?.[name];
  if (typeof path === 'string') return path;
  throw new Error(`the package of ${name} names no program ${name} in its bin`);
}

/** `ringway` as it is installed, without what finds it (npx alone takes longer than the copy). */
function ringwayProgram(nodeArguments: readonly string[]): Program {
  const manifest = new URL('../package.json', import.meta.resolve('ringway'));
  const bin = new URL(parseBin(readFileSync(manifest, 'utf8'), 'ringway'), manifest);
  return [process.execPath, ...nodeArguments, fileURLToPath(bin), 'cp'];
}

/** The program that a system copies by. */
export function copyProgram(system: CopySystem, nodeArguments: readonly string[]): Program {
  return system === 'ringway' ? ringwayProgram(nodeArguments) : ['cp'];
}

/**
 * Runs a program with two more arguments. Resolves to the seconds that it took, its start and its end included. Rejects
 * with what it said unless it ends well; then, too, it is gone.
 *
 * @param signal - ends it, at once
 */
export async function timeProgram(
  [file, ...args]: Program,
  source: string,
  target: string,
  signal: AbortSignal,
): Promise<number> {
  const limit = new Deadline(signal, LIMIT_MS, `${file} was not through after ${LIMIT_MS / 1000} s`);
  const began = performance.now();
  const child = spawn(file, [...args, source, target], { stdio: ['ignore', 'ignore', 'pipe'] });
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  limit.signal.addEventListener('abort', kill);
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  try {
    const [code, killed] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    const seconds = (performance.now() - began) / 1000;
    if (code === 0) return seconds;
    limit.signal.throwIfAborted();
    throw new Error(`${file} ended with ${String(code ?? killed)}\n${complaints}`.trim());
  } finally {
    limit.clear();
  }
}
