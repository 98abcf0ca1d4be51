// `npm run fuzz -- [--segments N] [--seed S] [--jobs J] [--only K]`: queues in a known state are overwritten with
// garbage before and while they are used. Whoever uses them must get a typed error, or bytes from inside; no crash, no
// wait that cannot be aborted, nothing that stays behind. `--only` replays one segment and tells each step.
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { Finding } from './findings.js';
import { Job } from './job.js';
import { KINDS, type Kind } from './segment.js';

const PROGRESS_MS = 10_000;
const MOST_PRINTED = 20;

const { values } = parseArgs({
  options: {
    segments: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    jobs: { type: 'string', default: String(availableParallelism()) },
    only: { type: 'string' },
  },
});

function whole(name: string, text: string, least: number): number {
  const number = Number(text);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new RangeError(`--${name} must be a whole number from ${least}, not ${text}`);
}

const seed = whole('seed', values.seed, 0);
const only = values.only === undefined ? undefined : whole('only', values.only, 0);
const segments = only === undefined ? whole('segments', values.segments, 1) : 1;
const jobCount = only === undefined ? whole('jobs', values.jobs, 1) : 1;

/** Runs everything; returns whether nothing was found. */
async function main(): Promise<boolean> {
  const prefix = `fuzz-${process.pid}-`;
  const folder = mkdtempSync(join(tmpdir(), 'ringway-fuzz-'));
  const counts = { crash: 0, hang: 0, leak: 0 };
  let printed = 0;
  const found = (finding: Finding, kind: Kind | undefined): void => {
    counts[finding.kind]++;
    if (printed++ >= MOST_PRINTED) return;
    const { segment, what } = finding;
    console.log(`${finding.kind} in segment ${segment}${kind === undefined ? '' : ` (${kind})`}: ${what}`);
    console.log(`  replay: npm run fuzz -- --seed ${seed} --only ${segment}`);
  };
  console.log(`fuzz: seed ${seed}, ${segments} segments, ${jobCount} processes`);
  const jobs = Array.from({ length: jobCount }, (_, job) => {
    const [first, end] = only === undefined ? [job, segments] : [only, only + 1];
    const progress = join(folder, String(job));
    const traced = only !== undefined;
    return new Job({ seed, first, step: jobCount, end, prefix: `${prefix}${job}-`, progress, traced }, { found });
  });
  const began = performance.now();
  const ticker = setInterval(() => {
    console.log(`${Math.min(...jobs.map(({ current }) => current))} segments`);
  }, PROGRESS_MS);
  const interrupted = (): void => {
    for (const job of jobs) job.stop();
    process.exitCode = 1;
  };
  process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
  try {
    await Promise.all(jobs.map((job) => job.run()));
  } finally {
    clearInterval(ticker);
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
    for (const job of jobs) job.stop();
    rmSync(folder, { recursive: true });
    for (const job of jobs) job.sweep();
  }
  const seconds = (performance.now() - began) / 1000;
  const worked = KINDS.map((kind) => `${kind} ${jobs.reduce((sum, job) => sum + job.counts[kind], 0)}`);
  console.log(`${worked.join(' ')}, ${Math.round(segments / seconds)} a second`);
  console.log(`segments ${segments} crashes ${counts.crash} hangs ${counts.hang} leaks ${counts.leak}`);
  return counts.crash + counts.hang + counts.leak === 0;
}

if (!(await main())) process.exitCode = 1;
