// `npm run interleave -- [--quick] [--only TEXT] [--budget N] [--seeds with|without|only] [--replay SCENARIO/MODE/PLAN[/SEED]]`: plays all schedules of all scenarios within their budgets, on
// the compiled modules, and shows that seeded bugs are found.
import { parseArgs } from 'node:util';

import { explorerFor, type Job, type JobResult } from './job.js';
import { runJobs } from './jobs.js';
import { scenarioNamed, scenarios } from './scenarios/index.js';
import { seeds } from './seeds/index.js';
import { formatPlan, parsePlan, tellTrace } from './trace.js';

/** `--quick`: no scenario has more departures than this, and each is played in one of the memory models, by turns. */
const QUICK_BUDGET = 1;
const MODES = { atomic: true, relaxed: false } as const;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    budget: { type: 'string' },
    seeds: { type: 'string', default: 'with' },
    replay: { type: 'string' },
  },
});

function replayOf({ scenario, strict, seed }: Job, plan: string): string {
  return [scenario, strict ? 'atomic' : 'relaxed', plan, ...(seed === undefined ? [] : [seed])].join('/');
}

async function replay(text: string): Promise<boolean> {
  const [scenario, mode, plan, seed] = text.split('/');
  if (!(mode in MODES)) throw new RangeError(`a mode is atomic or relaxed, not ${mode}`);
  const explorer = await explorerFor({ scenario, strict: MODES[mode as keyof typeof MODES], seed });
  try {
    console.log(tellTrace(explorer, parsePlan(plan)));
    return explorer.run(parsePlan(plan)).wrong === undefined;
  } finally {
    await explorer.close();
  }
}

/** Every scenario in both memory models, unless it is to be quick; those that take longest first. */
function searches(): Job[] {
  const chosen = scenarios.filter(({ name }) => values.only === undefined || name.includes(values.only));
  const limit = values.budget === undefined ? (values.quick ? QUICK_BUDGET : Infinity) : Number(values.budget);
  const jobs = chosen.flatMap(({ name, budget, programs }, index) =>
    (values.quick ? [index % 2 === 0] : [true, false]).map((strict) => ({
      job: { scenario: name, strict, seed: undefined, budget: Math.min(budget, limit) },
      weight: budget * programs.length + (strict ? 0 : 1),
    })),
  );
  return jobs.sort((a, b) => b.weight - a.weight).map(({ job }) => job);
}

function seeded(): Job[] {
  return seeds
    .filter(({ name, scenario }) => values.only === undefined || `${name} ${scenario}`.includes(values.only))
    .map(({ name, scenario, relaxed }) => ({
      scenario,
      strict: relaxed !== true,
      seed: name,
      budget: scenarioNamed(scenario).budget,
    }));
}

async function main(): Promise<boolean> {
  if (values.replay !== undefined) return replay(values.replay);
  let schedules = 0;
  let violations = 0;
  let found = 0;
  const wanted = values.seeds === 'without' ? [] : seeded();
  const tell = (job: Job, result: JobResult): void => {
    const { schedules: count, seconds, longest, violation } = result;
    const mode = job.strict ? 'atomic' : 'relaxed';
    const rate = `${count} schedules, up to ${longest} steps, ${seconds.toFixed(1)} s`;
    if (job.seed !== undefined) {
      if (violation !== undefined) found++;
      console.log(
        violation === undefined
          ? `NOT FOUND  ${job.seed} (${job.scenario}, ${mode}): ${rate}`
          : `found      ${job.seed} (${job.scenario}): ${violation.wrong.split('\n')[0]} [${formatPlan(violation.plan)}]`,
      );
      return;
    }
    schedules += count;
    console.log(`${violation === undefined ? 'ok       ' : 'VIOLATION'}  ${job.scenario}, ${mode}: ${rate}`);
    if (violation === undefined) return;
    violations++;
    console.log(result.trace);
    console.log(`again: npm run interleave -- --replay ${JSON.stringify(replayOf(job, formatPlan(violation.plan)))}`);
  };
  await runJobs(wanted, tell);
  if (values.seeds !== 'only') await runJobs(searches(), tell);
  console.log(`schedules ${schedules} violations ${violations} seeded found ${found}/${wanted.length}`);
  return violations === 0 && found === wanted.length;
}

process.exitCode = (await main()) ? 0 : 1;
