// Checks the layout of all C++ sources; with --write corrects it.
import { readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { dependencyFile, root, runNode } from './run.mjs';
import { workspaces } from './workspaces.mjs';

const sources = workspaces()
  .map(({ directory }) => join(directory, 'src'))
  .filter((folder) => existsSync(join(root, folder)))
  .flatMap((folder) => readdirSync(join(root, folder), { recursive: true }).map((name) => join(folder, name)))
  .filter((path) => /\.(cc|h)$/.test(path));
const mode = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '-Werror'];

// Without a file clang-format would wait for its standard input.
if (sources.length > 0) {
  process.exitCode = await runNode(dependencyFile('clang-format', 'index.js'), ['--style=file', ...mode, ...sources]);
}
