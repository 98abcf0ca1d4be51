// Builds everything, and only what has changed: the addon, and all TypeScript. `npm ci` calls it as `prepare`.
import { join } from 'node:path';
import { prune } from './prune.mjs';
import { dependencyFile, root, runNode } from './run.mjs';

prune();

// Neither needs the other's result, and each keeps one core busy.
const codes = await Promise.all([
  runNode(join(root, 'scripts', 'build-native.mjs')),
  runNode(dependencyFile('typescript', 'bin/tsc'), ['-b']),
]);
process.exitCode = codes.find((code) => code !== 0) ?? 0;
