// The steps of `npm run sanitize`. Each resolves to `{ done, reports }`: what was done, in some words, and a list of texts.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { dependencyFile, root } from '../run.mjs';
import { buildAddon } from './addon.mjs';
import { removeLeftovers } from './leftovers.mjs';
import { makeVariables, builds, sanitizedAddon, unitTests } from './places.mjs';
import { runProgram } from './program.mjs';
import { preload } from './preload.mjs';
import { ReportDirectory, sanitizerReports } from './reports.mjs';
import { suites } from './suites.mjs';

const MINUTE_MS = 60_000;
/** A hang ends here, a slow machine does not: alone, each step of the quick form takes less than half a minute. */
const QUICK_LIMIT_MS = 10 * MINUTE_MS;
const FULL_LIMIT_MS = 30 * MINUTE_MS;

/** What a program has to say that failed for another reason than a report. */
function failure({ code, signal, output }) {
  if (code === 0) return [];
  return [`ended with ${signal ?? `exit code ${code}`}:\n${output.trim().slice(-4000)}`];
}

const make = (targets, options = []) =>
  runProgram('make', ['-C', unitTests, '--no-print-directory', ...options, ...targets, ...makeVariables()], {
    limitMs: FULL_LIMIT_MS,
  });

/** Runs a program whose sanitizers write into a directory of its own; a failure is a report, too. */
export async function judge(command, args, options = {}) {
  const directory = new ReportDirectory();
  try {
    const outcome = await runProgram(command, args, {
      ...options,
      env: { ...directory.environment(), ...options.env },
    });
    // UndefinedBehaviorSanitizer does not use the files when AddressSanitizer is there, too.
    const reports = [...directory.read(), ...sanitizerReports(outcome.output)];
    // A program that fails without a report may have been ended by its sanitizer all the same.
    if (outcome.code !== 0 && reports.length === 0) outcome.output += `\n${directory.text()}`;
    return { outcome, reports };
  } finally {
    directory.remove();
  }
}

/** As `judge`, under valgrind. */
export async function judgeByValgrind(program, args = [], options = {}) {
  const directory = new ReportDirectory();
  try {
    const outcome = await runProgram(
      'valgrind',
      [
        '--leak-check=full',
        // Else the return from a handler of SIGBUS, which has put a page under the address, ends in a fault of valgrind's own (3.19).
        '--vex-guest-chase=no',
        // A child that was forked and never execs has lost what the parent's other threads knew of.
        '--child-silent-after-fork=yes',
        `--suppressions=${join(unitTests, 'valgrind.supp')}`,
        `--log-file=${directory.valgrindLog}`,
        '-q',
        program,
        ...args,
      ],
      options,
    );
    return { outcome, reports: directory.read() };
  } finally {
    directory.remove();
  }
}

/** Builds the C++ tests in all kinds, and the addon. */
export async function build() {
  const jobs = `-j${availableParallelism()}`;
  const units = await make(['asan', 'tsan', 'plain', 'addon'], [jobs]);
  const addon = await buildAddon();
  return {
    done: 'addon and C++ tests',
    reports: [units, addon].flatMap((outcome) => failure(outcome)),
  };
}

/** clang-tidy; without its analyzer when it is to be `quick`. */
export async function tidy(quick) {
  const outcome = await make([quick ? 'tidy-at-once' : 'tidy'], [`-j${availableParallelism()}`, '--keep-going']);
  const found = outcome.output.split(/^(?=\S+:\d+:\d+: (?:error|warning):)/m).slice(1);
  return {
    done: quick ? 'all checks but the analyzer' : 'all checks',
    reports: found.length > 0 ? found : failure(outcome),
  };
}

/** The assertions that doctest has counted. */
function assertionsOf({ output }) {
  const [, count] = /assertions: +(\d+) \|/.exec(output) ?? [];
  if (count === undefined) throw new Error(`no tests were run:\n${output}`);
  return `${count} assertions`;
}

/** The C++ tests under the sanitizers of a kind, `asan` or `tsan`. */
export async function unit(kind, rounds) {
  const { outcome, reports } = await judge(join(builds, kind, 'unit'), [], {
    cwd: unitTests,
    env: { RINGWAY_TEST_ROUNDS: String(rounds) },
  });
  const failed = failure(outcome);
  return { done: failed.length > 0 ? 'failed' : assertionsOf(outcome), reports: [...reports, ...failed] };
}

/** The C++ tests under valgrind. Not under helgrind, which takes atomic operations for races; ThreadSanitizer knows them. */
export async function unitByValgrind(rounds) {
  const { outcome, reports } = await judgeByValgrind(join(builds, 'plain', 'unit'), [], {
    cwd: unitTests,
    env: { RINGWAY_TEST_ROUNDS: String(rounds) },
  });
  const failed = failure(outcome);
  return { done: failed.length > 0 ? 'failed' : assertionsOf(outcome), reports: [...reports, ...failed] };
}

/** The tests of a part of the project, in Node, with the sanitized addon. */
export async function suite(part, quick) {
  const { files, skipped, quickFiles } = suites[part];
  const chosen = quick ? quickFiles() : files();
  const grep = skipped.length > 0 ? ['--grep', skipped.map(({ title }) => title).join('|'), '--invert'] : [];
  const { outcome, reports } = await judge(
    process.execPath,
    [
      dependencyFile('mocha', 'bin/mocha.js'),
      '--no-config',
      '--require',
      join(root, 'scripts', 'mocha-hooks.mjs'),
      '--reporter',
      'dot',
      '--timeout',
      '120000',
      ...grep,
      ...chosen,
    ],
    {
      env: { LD_PRELOAD: await preload(), RINGWAY_ADDON: sanitizedAddon, RINGWAY_STORM_ROUNDS: quick ? '1' : '10' },
      limitMs: quick ? QUICK_LIMIT_MS : FULL_LIMIT_MS,
    },
  );
  // The hooks of mocha choose the namespace, and sweep it where they come to it.
  if (outcome.late) removeLeftovers(`test-${outcome.pid}-`);
  const failed = failure(outcome);
  const [, passing] = /(\d+) passing/.exec(outcome.output) ?? [];
  if (failed.length === 0 && passing === undefined) throw new Error(`no tests were run:\n${outcome.output}`);
  return { done: `${passing ?? 0} tests`, reports: [...reports, ...failed] };
}

/** Workers that use queues and are terminated, in Node, with the sanitized addon. */
export async function queueStorm(rounds, workers) {
  const namespace = `storm-${process.pid}-`;
  const { outcome, reports } = await judge(
    process.execPath,
    [join(root, 'scripts', 'sanitize', 'queue-storm.mjs'), String(rounds), String(workers)],
    {
      env: { LD_PRELOAD: await preload(), RINGWAY_ADDON: sanitizedAddon, RINGWAY_NAMESPACE: namespace },
      limitMs: rounds > 1 ? FULL_LIMIT_MS : QUICK_LIMIT_MS,
    },
  );
  const failed = failure(outcome);
  removeLeftovers(namespace);
  return {
    done: failed.length > 0 ? 'failed' : outcome.output.trim().split('\n').at(-1),
    reports: [...reports, ...failed],
  };
}
