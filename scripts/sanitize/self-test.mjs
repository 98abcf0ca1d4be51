// Faults that are there on purpose: each must be reported, or the silence about all else would mean nothing.
import { join } from 'node:path';
import { builds, makeVariables, seededAddon, unitTests } from './places.mjs';
import { preload } from './preload.mjs';
import { runProgram } from './program.mjs';
import { judge, judgeByValgrind } from './steps.mjs';

const faults = (kind) => join(builds, kind, 'faults');

const inNode = async (fault) =>
  judge(process.execPath, ['-e', 'const [, path, fault] = process.argv; require(path)[fault]();', seededAddon, fault], {
    env: { LD_PRELOAD: await preload() },
  });

/** Each with the words that its one report must have. */
const seeds = [
  { fault: 'heap-overflow', by: 'asan', says: 'heap-buffer-overflow' },
  { fault: 'use-after-free', by: 'asan', says: 'heap-use-after-free' },
  { fault: 'leak', by: 'asan', says: 'Direct leak of 64 byte' },
  { fault: 'integer-overflow', by: 'asan', says: 'signed integer overflow' },
  { fault: 'race', by: 'tsan', says: 'data race' },
  { fault: 'uninitialized', by: 'valgrind', says: 'uninitialised value' },
  { fault: 'leak', by: 'valgrind', says: 'definitely lost' },
  { fault: 'heap-overflow', by: 'node', says: 'heap-buffer-overflow' },
  { fault: 'leak', by: 'node', says: 'Direct leak of 64 byte' },
  { fault: 'integer-overflow', by: 'node', says: 'signed integer overflow' },
];

const ways = {
  asan: (fault) => judge(faults('asan'), [fault]),
  tsan: (fault) => judge(faults('tsan'), [fault]),
  valgrind: (fault) => judgeByValgrind(faults('plain'), [fault]),
  node: inNode,
};

/** Resolves like a step; its reports are the faults that were not seen, or seen twice. */
export async function selfTest() {
  const missed = [];
  for (const { fault, by, says } of seeds) {
    const { outcome, reports } = await ways[by](fault);
    if (reports.length === 1 && reports[0].includes(says)) continue;
    missed.push(
      `${fault} by ${by}: ${reports.length} reports, not one that says "${says}"\n${reports.join('\n')}\n${outcome.output}`,
    );
  }
  const clean = await inNode('toString');
  if (clean.reports.length > 0) missed.push(`no fault by node: ${clean.reports.join('\n')}`);
  const tidy = await runProgram('make', ['-C', unitTests, 'tidy-seeded', ...makeVariables()]);
  if (tidy.code === 0 || !tidy.output.includes('bugprone-use-after-move')) missed.push(`clang-tidy: ${tidy.output}`);
  return { done: `${seeds.length + 1 - missed.length} of ${seeds.length + 1} faults seen`, reports: missed };
}
