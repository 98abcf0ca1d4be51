import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Segment } from '@ringway/memory';
import type { SegmentSpec } from '@ringway/memory';

/** Makes names, directories and mounts, and removes them all. */
export class Scratch {
  readonly #cleanups: (() => void)[] = [];

  /** A name of a segment in /dev/shm that is free now, and free again at the end. */
  name(): string {
    const name = `memory-${randomBytes(6).toString('hex')}`;
    this.later(() => Segment.unlink(name));
    return name;
  }

  /** An empty directory. */
  directory(): string {
    const path = mkdtempSync(join(tmpdir(), 'ringway-test-'));
    this.later(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  /** An empty directory with a file system of its own. */
  mount(type: string, options: string): string {
    const path = this.directory();
    execFileSync('mount', ['-t', type, '-o', options, 'ringway-test', path], { stdio: 'pipe' });
    this.later(() => execFileSync('umount', ['--lazy', path], { stdio: 'pipe' }));
    return path;
  }

  /** Something to be closed at the end. */
  keep<T extends { close(): void }>(closable: T): T {
    this.later(() => closable.close());
    return closable;
  }

  /** Runs `cleanup` at the end, last one first. */
  later(cleanup: () => void): void {
    this.#cleanups.push(cleanup);
  }

  /** Removes everything, even if something cannot be removed; then throws what was thrown first. */
  clean(): void {
    const errors: unknown[] = [];
    for (const cleanup of this.#cleanups.splice(0).reverse()) {
      try {
        cleanup();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'could not clean up');
  }
}

/** Why file systems of this type cannot be mounted here, or undefined. */
export function mountRefusal(type: string): string | undefined {
  const scratch = new Scratch();
  try {
    scratch.mount(type, 'size=1m');
    return undefined;
  } catch (error) {
    return `mounting ${type} is refused: ${error instanceof Error ? (error.message.split('\n')[1] ?? error.message) : String(error)}`;
  } finally {
    scratch.clean();
  }
}

/** A small segment of kind 1: 256 KiB. */
export const SPEC: SegmentSpec = {
  kind: 1,
  geometry: [3, 1, 4, 1, 5],
  size: 256 * 1024,
  codecName: 'json',
  codecId: 2,
  schemaId: 77,
};
