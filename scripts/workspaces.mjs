import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';

const readManifest = (directory) => JSON.parse(readFileSync(join(root, directory, 'package.json'), 'utf8'));

/** Every workspace as `{ directory, manifest }`, in the order of the root's `workspaces` field. */
export function workspaces() {
  return readManifest('.')
    .workspaces.flatMap((pattern) => {
      if (!pattern.endsWith('/*')) return [pattern];
      const parent = pattern.slice(0, -2);
      return readdirSync(join(root, parent)).map((name) => `${parent}/${name}`);
    })
    .filter((directory) => existsSync(join(root, directory, 'package.json')))
    .map((directory) => ({ directory, manifest: readManifest(directory) }));
}
