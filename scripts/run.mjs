import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);

/** The repository's root directory. */
export const root = fileURLToPath(new URL('..', import.meta.url));

/** Resolves to the exit code of a child process; a death by signal counts as 1 and is said. */
function exitCodeOf(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (signal !== null) console.error(`${child.spawnargs.join(' ')} was ended by ${signal}`);
      resolve(code ?? 1);
    });
  });
}

/** Runs a program of this repository, or of a dependency, with this Node.js and this terminal; resolves to its exit code. */
export function runNode(script, args = []) {
  return exitCodeOf(spawn(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' }));
}

/** As `runNode`, but keeps what the program prints, and resolves to `{ code, output }`. */
export async function captureNode(script, args = []) {
  const child = spawn(process.execPath, [script, ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text) => (output += text));
  }
  const code = await exitCodeOf(child);
  return { code, output };
}

/** The absolute path of a file in an installed dependency, for packages whose `exports` hide their programs. */
export function dependencyFile(name, file) {
  for (const folder of require.resolve.paths(name)) {
    try {
      return require.resolve(`${folder}/${name}/${file}`);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
    }
  }
  throw new Error(`${name} is not installed (looked for ${file}): run "npm ci" with development dependencies`);
}
