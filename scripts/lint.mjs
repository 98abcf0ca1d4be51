// Every check that needs no run of the code. All are made, whatever the earlier ones found; only those that fail speak.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { captureNode, dependencyFile, root } from './run.mjs';
import { workspaces } from './workspaces.mjs';

const published = workspaces().filter(({ manifest }) => manifest.private !== true);
const unbuilt = published.filter(({ directory }) => !existsSync(join(root, directory, 'dist', 'index.js')));
if (unbuilt.length > 0) {
  const names = unbuilt.map(({ manifest }) => manifest.name).join(', ');
  console.error(`not built: ${names}. Run "npm run build" first: some checks look at what is published.`);
  process.exit(1);
}

const eachPackage = (tool, script, args) =>
  published.map(({ directory, manifest }) => [`${tool} ${manifest.name}`, script, [...args, directory]]);

const attwArguments = ['--profile', 'esm-only', '--format', 'ascii', '--no-color', '--pack'];
const checks = [
  ['eslint', dependencyFile('eslint', 'bin/eslint.js'), ['--max-warnings=0', '.']],
  ['prettier', dependencyFile('prettier', 'bin/prettier.cjs'), ['--check', '--log-level=warn', '.']],
  ['clang-format', join(root, 'scripts', 'clang-format.mjs'), []],
  ...eachPackage('publint', dependencyFile('publint', 'src/cli.js'), ['--strict']),
  ...eachPackage('attw', dependencyFile('@arethetypeswrong/cli', 'dist/index.js'), attwArguments),
  ['typedoc', dependencyFile('typedoc', 'bin/typedoc'), []],
];

const failed = [];
for (const [name, script, args] of checks) {
  const { code, output } = await captureNode(script, args);
  console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name}`);
  if (code !== 0) {
    failed.push(name);
    console.log(`${output.trim()}\n`);
  }
}
if (failed.length > 0) {
  console.error(`${failed.length} of ${checks.length} checks failed: ${failed.join(', ')}`);
  process.exitCode = 1;
}
