import { readFileSync } from 'node:fs';

import { codeOf } from './posix-error.js';

const KIB = 1024;
const PATH = '/proc/meminfo';

/**
 * Bytes that the machine can give to processes before its kernel begins to kill: what is free, or can be dropped at
 * once. Undefined where `/proc` does not tell. Some 20 us.
 *
 * @param swap - whether what is swapped out counts as well
 */
export function availableMemory(swap: boolean): number | undefined {
  const text = readIfThere(PATH);
  const available = text === undefined ? undefined : field(text, 'MemAvailable');
  if (text === undefined || available === undefined) return undefined;
  return available + (swap ? (field(text, 'SwapFree') ?? 0) : 0);
}

function field(text: string, name: string): number | undefined {
  const found = new RegExp(`^${name}: *(\\d+) kB$`, 'm').exec(text);
  return found === null ? undefined : Number(found[1]) * KIB;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'EACCES') return undefined;
    throw error;
  }
}
