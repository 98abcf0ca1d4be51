import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A mistake that is made in the compiled code, for a run that must find it. */
export interface Mistake {
  readonly name: string;
  readonly module: string;
  /** Each must occur exactly once. */
  readonly changes: readonly (readonly [find: string, replace: string])[];
}

export const MISTAKES: readonly Mistake[] = [
  {
    name: 'blind-reader',
    module: 'cursor',
    changes: [['return this.#intent() - this.#position <= this.lane.capacity;', 'return true;']],
  },
  {
    name: 'silent-writer',
    module: 'overwriting-room',
    changes: [
      ['Atomics.store(this.#words, base + LANE_INTENT, intent | 0);', ''],
      ['Atomics.store(this.#words, base + LANE_INTENT_HALF_LAPS, Math.floor(intent / HALF_LAP) | 0);', ''],
    ],
  },
  {
    name: 'deaf-subscriber',
    module: 'cursor',
    changes: [['return this.#words[this.#row + CURSOR_EVICTED] === this.#me;', 'return false;']],
  },
  {
    name: 'careless-publisher',
    module: 'cursor-rows',
    changes: [['if (behind > held)', 'if (behind > held && behind < 0)']],
  },
];

const OTHERS = ['native', 'packages/memory', 'packages/sync'];

/** Copies packages/ring with a mistake into a folder, and returns the URL of its index. Throws where the code is not what the mistake changes. */
export function plant({ module, changes }: Mistake, folder: string): string {
  const ring = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
  const modules = join(folder, 'node_modules');
  const copy = join(modules, '@ringway', 'ring');
  mkdirSync(copy, { recursive: true });
  for (const other of OTHERS) {
    symlinkSync(join(dirname(dirname(ring)), other), join(modules, '@ringway', other.replace('packages/', '')));
  }
  const require = createRequire(import.meta.url);
  symlinkSync(dirname(dirname(require.resolve('msgpackr'))), join(modules, 'msgpackr'));
  for (const part of ['package.json', 'dist']) cpSync(join(ring, part), join(copy, part), { recursive: true });
  const path = join(copy, 'dist', `${module}.js`);
  let source = readFileSync(path, 'utf8');
  for (const [find, replace] of changes) {
    const parts = source.split(find);
    if (parts.length !== 2) throw new Error(`${module}: expected once, found ${parts.length - 1} times: ${find}`);
    source = parts.join(replace);
  }
  writeFileSync(path, source);
  return pathToFileURL(join(copy, 'dist', 'index.js')).href;
}
