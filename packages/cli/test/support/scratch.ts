import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Directories and mounts of a test. */
export class Scratch {
  readonly #cleanups: (() => void)[] = [];

  /** An empty directory. */
  directory(): string {
    const path = mkdtempSync(join(tmpdir(), 'ringway-cli-'));
    this.#cleanups.push(() => rmSync(path, { recursive: true, force: true }));
    return path;
  }

  /** An empty directory on a tmpfs of its own. */
  mount(size: string): string {
    const path = this.directory();
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'ringway-cli', path], { stdio: 'pipe' });
    this.#cleanups.push(() => execFileSync('umount', ['--lazy', path], { stdio: 'pipe' }));
    return path;
  }

  /** For `afterEach`: removes everything, last made first. */
  clean(): void {
    for (const cleanup of this.#cleanups.splice(0).reverse()) cleanup();
  }
}

/** Why no tmpfs can be mounted here, or undefined. */
export function mountRefusal(): string | undefined {
  const scratch = new Scratch();
  try {
    scratch.mount('1m');
    return undefined;
  } catch (error) {
    return `mounting tmpfs is refused: ${error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error)}`;
  } finally {
    scratch.clean();
  }
}
