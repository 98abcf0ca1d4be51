import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Native } from '@ringway/native';

const release = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'build', 'Release');

const told = process.env.RINGWAY_ADDON ?? '';

/** The addon that {@link load} of the package loads, too. */
export const ADDON = told === '' ? join(release, 'ringway.node') : told;

/** Where the helper that forks was built. */
export const FORKER = join(release, 'forker.so');

/** Loads the addon anew: each call makes an instance with its own threads and mappings. */
export function instantiate(path: string = ADDON): Native {
  return loadAddon(path) as Native;
}

/** Loads any addon, and returns what it exports. */
export function loadAddon(path: string): unknown {
  const module = { exports: {} };
  process.dlopen(module, path);
  return module.exports;
}
