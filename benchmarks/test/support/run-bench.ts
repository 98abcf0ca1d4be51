import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const BENCH = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
export const SHARED_MEMORY = '/dev/shm';
/** One run of a few milliseconds each. */
const TINY = ['--runs', '1', '--seconds', '0.005'];

export interface Row {
  scenario: string;
  system: string;
  params: Record<string, string | number>;
  unit: string;
  median: number;
  min: number;
  max: number;
  runs: number;
}

export interface Results {
  machine: Record<string, unknown>;
  rows: Row[];
  ratios: { name: string; required: Record<string, number>; measured: number; met: boolean }[];
}

export interface Outcome {
  code: number | null;
  output: string;
  complaints: string;
  pid: number;
}

/** Runs the bench; `started` may act on it meanwhile. */
export async function runBench(args: readonly string[], started?: (pid: number) => void): Promise<Outcome> {
  const child = spawn(process.execPath, [BENCH, ...TINY, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { pid } = child;
  assert.ok(pid !== undefined);
  started?.(pid);
  let output = '';
  let complaints = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, complaints, pid };
}

/** What a bench of that process id has left, in shared memory and among temporary files. */
export function leftBy(pid: number): string[] {
  return [SHARED_MEMORY, tmpdir()].flatMap((directory) =>
    readdirSync(directory).filter((name) => name.includes(`bench-${pid}-`)),
  );
}

/** Processes that a bench of that process id has started and that still live. */
export function childrenOf(pid: number): string[] {
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`bench-${pid}-`);
    } catch (error) {
      // It ended between the two looks.
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ESRCH') return false;
      throw error;
    }
  });
}
