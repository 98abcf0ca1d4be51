// Checks the layout of all C++ sources; with --write corrects it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { dependencyFile, root, runNode } from './run.mjs';
import { workspaces } from './workspaces.mjs';

const NOT_OURS = new Set(['node_modules', 'build', 'dist', 'test-dist']);

/** All C++ files below a folder, but for what was installed or built. */
function sourcesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : sourcesBelow(path);
    return /\.(cc|h)$/.test(entry.name) ? [path] : [];
  });
}

const sources = workspaces().flatMap(({ directory }) => sourcesBelow(directory));
const mode = process.argv.includes('--write') ? ['-i'] : ['--dry-run', '-Werror'];

// Without a file clang-format would wait for its standard input.
if (sources.length > 0) {
  process.exitCode = await runNode(dependencyFile('clang-format', 'index.js'), ['--style=file', ...mode, ...sources]);
}
