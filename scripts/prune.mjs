import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';
import { workspaces } from './workspaces.mjs';

const OUTPUT = /\.(js|d\.ts)(\.map)?$/;

/**
 * Removes compiled files whose source is gone. The compiler leaves them, and a test that was deleted would go on running,
 * a module that was renamed would go on being published.
 */
export function prune() {
  for (const { directory } of workspaces()) {
    const source = existsSync(join(root, directory, 'index.ts')) ? '.' : 'src';
    for (const [from, to] of [
      [source, 'dist'],
      ['test', 'test-dist'],
    ]) {
      const output = join(root, directory, to);
      if (!existsSync(output)) continue;
      for (const name of readdirSync(output, { recursive: true })) {
        if (!OUTPUT.test(name)) continue;
        if (!existsSync(join(root, directory, from, name.replace(OUTPUT, '.ts')))) rmSync(join(output, name));
      }
    }
  }
}
