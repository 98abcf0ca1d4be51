import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../run.mjs';
import { headersPrefix } from './places.mjs';
import { runProgram } from './program.mjs';

const works = (command, ...args) =>
  runProgram(command, args).then(
    ({ code }) => code === 0,
    (error) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );

const needed = [
  { name: 'g++', debian: 'g++', has: () => works('g++', '--version') },
  { name: 'make', debian: 'make', has: () => works('make', '--version') },
  { name: 'clang-tidy', debian: 'clang-tidy', has: () => works('clang-tidy', '--version') },
  { name: 'valgrind', debian: 'valgrind', has: () => works('valgrind', '--version') },
  {
    name: 'doctest',
    debian: 'doctest-dev',
    has: () => works('g++', '-E', '-x', 'c++', '-include', 'doctest/doctest.h', '/dev/null'),
  },
  { name: 'the headers of Node', debian: 'libnode-dev', has: () => headersPrefix() !== undefined },
];

/** What is missing on this machine, with what to do about it, or undefined. */
export async function whatIsMissing() {
  const missing = [];
  for (const tool of needed) if (!(await tool.has())) missing.push(tool);
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    return `missing: ${names}. Debian, Ubuntu: apt-get install ${missing.map(({ debian }) => debian).join(' ')}`;
  }
  if (!existsSync(join(root, 'native', 'test-dist', 'storm.test.js'))) return 'not built: run "npm run build" first';
  return undefined;
}
