import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A small file system of its own, and how to be rid of it. */
export interface Mounted {
  readonly directory: string;
  readonly unmount: () => void;
}

/** Mounts a tmpfs with these options. Needs to be root. */
export function mountTmpfs(options: string): Mounted {
  const directory = mkdtempSync(join(tmpdir(), 'ringway-test-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'ringway-test', directory], { stdio: 'pipe' });
  } catch (error) {
    rmdirSync(directory);
    throw error;
  }
  const unmount = (): void => {
    execFileSync('umount', ['--lazy', directory], { stdio: 'pipe' });
    rmdirSync(directory);
  };
  return { directory, unmount };
}

/** Why that cannot be done here, or undefined. */
export function tmpfsRefusal(): string | undefined {
  try {
    mountTmpfs('size=1m').unmount();
    return undefined;
  } catch (error) {
    return `mounting tmpfs is refused: ${error instanceof Error ? (error.message.split('\n')[1] ?? error.message) : String(error)}`;
  }
}
