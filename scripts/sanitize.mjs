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
async function run([name, step]) {
  const begun = Date.now();
  const { done, reports: found } = await step();
  reports += found.length;
  const seconds = ((Date.now() - begun) / 1000).toFixed(1);
  console.log(`${name.padEnd(44)} ${seconds.padStart(6)} s  ${done}, ${found.length} reports`);
  for (const report of found) console.log(`${report}\n`);
  return found.length === 0;
}

/** The longest first, since two run at a time. */
const steps = [
  ['clang-tidy', () => tidy(quick)],
  ...['native', 'ring', 'memory', 'sync'].map((part) => [
    `tests of ${part} in Node, address + undefined`,
    () => suite(part, quick),
  ]),
  ['queue storm in Node, address + undefined', () => (quick ? queueStorm(1, 16) : queueStorm(20, 50))],
  ['C++ tests, valgrind memcheck', () => unitByValgrind(quick ? 30 : 500)],
  ['seeded faults', selfTest],
  ['C++ tests, address + undefined behaviour', () => unit('asan', quick ? 100 : 3000)],
  ['C++ tests, thread', () => unit('tsan', quick ? 100 : 3000)],
];

/** Runs steps until none is left. */
async function runSteps() {
  for (let next = steps.shift(); next !== undefined; next = steps.shift()) await run(next);
}

const begun = Date.now();
// Where nothing was built, nothing can be run.
if (await run(['build', build])) await Promise.all([runSteps(), runSteps()]);
console.log(`${((Date.now() - begun) / 1000).toFixed(1)} s`);
console.log(`reports ${reports}`);
if (reports > 0) process.exitCode = 1;
