import { existsSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CopyWhere } from './copy-cases.js';
import { SHARED_MEMORY } from './systems/inherited-memory.js';
import { runName } from './systems/names.js';

/** `f_type` of a file system in memory: TMPFS_MAGIC of `linux/magic.h`. */
const TMPFS = 0x01021994;
/** Temporary files first; where those are in memory, what outlives a start of the machine, or what is built here. */
const ON_DISK: readonly string[] = [tmpdir(), '/var/tmp', fileURLToPath(new URL('../build/', import.meta.url))];
/** Source and target. */
const FILES = 2;
const MIB = 1024 * 1024;

function isTmpfs(directory: string): boolean {
  return statfsSync(directory).type === TMPFS;
}

function directoryFor(where: CopyWhere): string | undefined {
  if (where === 'tmpfs') return isTmpfs(SHARED_MEMORY) ? SHARED_MEMORY : undefined;
  return ON_DISK.find((directory) => existsSync(directory) && !isTmpfs(directory));
}

/** Bytes that can be written there without harm to others. */
function room(directory: string, where: CopyWhere): number {
  const { bavail, bsize } = statfsSync(directory);
  // A tmpfs promises more than there is.
  return where === 'tmpfs' ? Math.min(bavail * bsize, freemem()) : bavail * bsize;
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MIB).toLocaleString('en-US')} MiB`;
}

/** A temporary directory on a file system of the kind that is asked for. */
export class CopyPlace {
  readonly source: string;
  readonly target: string;
  readonly #directory: string;

  private constructor(parent: string) {
    this.#directory = mkdtempSync(join(parent, `${runName()}-`));
    this.source = join(this.#directory, 'source');
    this.target = join(this.#directory, 'target');
  }

  /** A new one with room for a file of so many bytes and its copy; or why there is none. */
  static make(where: CopyWhere, bytes: number): CopyPlace | string {
    const parent = directoryFor(where);
    if (parent === undefined) return `copy on ${where} is left out: there is no such file system for temporary files`;
    const free = room(parent, where);
    if (free >= FILES * bytes) return new CopyPlace(parent);
    return `copy on ${where} is left out: ${parent} has room for ${mebibytes(free)}, it takes ${mebibytes(FILES * bytes)}`;
  }

  /** Removes what the last copy has made. */
  clear(): void {
    rmSync(this.target, { force: true });
  }

  dispose(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
