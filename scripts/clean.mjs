// Removes all that a build, a coverage run or the documentation made, and nothing else.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';
import { workspaces } from './workspaces.mjs';

const made = ['coverage', join('docs', 'api'), join('native', 'test', 'cpp', 'build')];
for (const { directory } of workspaces()) {
  for (const name of ['dist', 'test-dist', 'build']) made.push(join(directory, name));
}
for (const path of made) rmSync(join(root, path), { recursive: true, force: true });
