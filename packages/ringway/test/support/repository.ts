import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root directory. */
export const ROOT: string = fileURLToPath(new URL('../../../../', import.meta.url));

/** The text of a file of the repository. */
export function document(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** The README of each package, as paths from the root. */
export function packageReadmes(): string[] {
  return readdirSync(join(ROOT, 'packages'))
    .filter((name) => existsSync(join(ROOT, 'packages', name, 'package.json')))
    .map((name) => `packages/${name}/README.md`);
}
