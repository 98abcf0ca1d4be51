import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files for tests, in a directory that is removed afterwards. */
export class Scratch {
  readonly directory = mkdtempSync(join(tmpdir(), 'ringway-examples-'));

  /** Makes a file; returns its path. */
  file(name: string, contents: string | Uint8Array): string {
    const path = join(this.directory, name);
    writeFileSync(path, contents);
    return path;
  }

  dispose(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
