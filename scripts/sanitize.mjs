// The native code under sanitizers: `npm run sanitize [-- --quick]`. The last line is `reports N`; N > 0 exits with 1.
import { build, queueStorm, suite, tidy, unit, unitByValgrind } from './sanitize/steps.mjs';
import { selfTest } from './sanitize/self-test.mjs';
import { whatIsMissing } from './sanitize/tools.mjs';

const known = new Set(['--quick']);
const unknown = process.argv.slice(2).filter((option) => !known.has(option));
if (unknown.length > 0) {
  console.error(`unknown: ${unknown.join(' ')}. Usage: npm run sanitize [-- --quick]`);
  process.exit(1);
}
const quick = process.argv.includes('--quick');

const missing = await whatIsMissing();
if (missing !== undefined) {
  console.error(missing);
  process.exit(1);
}

let reports = 0;

/** Runs a step and says what came of it; a step that throws has failed. */
async function run(name, step) {
  const begun = Date.now();
  const { done, reports: found } = await step();
  reports += found.length;
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(`${name.padEnd(44)} ${seconds.padStart(6)} s  ${done}, ${found.length} reports`);
  for (const report of found) console.log(`${report}\n`);
  return found.length === 0;
}

// Where nothing was built, nothing can be run.
const built = await run('build', build);
if (built) {
  await run('seeded faults', selfTest);
  await run('clang-tidy', () => tidy(quick));
  await run('C++ tests, address + undefined behaviour', () => unit('asan', quick ? 100 : 3000));
  await run('C++ tests, thread', () => unit('tsan', quick ? 100 : 3000));
  await run('C++ tests, valgrind memcheck', () => unitByValgrind(quick ? 30 : 500));
  for (const part of ['native', 'memory', 'sync', 'ring']) {
    await run(`tests of ${part} in Node, address + undefined`, () => suite(part, quick));
  }
  await run('queue storm in Node, address + undefined', () => queueStorm(quick ? 1 : 20));
}
console.log(`reports ${reports}`);
if (reports > 0) process.exitCode = 1;
