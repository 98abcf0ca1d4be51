// One search in a process of its own: told what to do by its parent, and answers once.
import { Explorer } from './explorer.js';
import { scenarioNamed } from './scenarios/index.js';
import { Search, type SearchResult } from './search.js';
import { seeds } from './seeds/index.js';
import { tellTrace } from './trace.js';

/** What is to be searched. */
export interface Job {
  readonly scenario: string;
  /** The atomic form of every access; else plain stores may be delayed. */
  readonly strict: boolean;
  /** Name of a seeded bug, if there is to be one. */
  readonly seed: string | undefined;
  /** Departures of a schedule at most. */
  readonly budget: number;
}

export interface JobResult extends SearchResult {
  readonly seconds: number;
  /** Each step of the violation. */
  readonly trace: string | undefined;
}

export function explorerFor({ scenario, strict, seed }: Omit<Job, 'budget'>): Promise<Explorer> {
  const patches = seed === undefined ? [] : seeds.find(({ name }) => name === seed)?.patches;
  if (patches === undefined) throw new Error(`there is no seeded bug ${JSON.stringify(seed)}`);
  return Explorer.start(scenarioNamed(scenario), patches, strict);
}

export async function search(job: Job): Promise<JobResult> {
  const { deaths = 0 } = scenarioNamed(job.scenario);
  const begin = performance.now();
  const explorer = await explorerFor(job);
  try {
    const result = new Search(explorer, { actions: job.budget, deaths, delays: !job.strict }).run();
    const seconds = (performance.now() - begin) / 1000;
    const trace = result.violation === undefined ? undefined : tellTrace(explorer, result.violation.plan);
    return { ...result, seconds, trace };
  } finally {
    await explorer.close();
  }
}

/** Answers, and lets the process end. */
function answer(message: { readonly result: JobResult } | { readonly error: string }): void {
  process.send?.(message, () => {
    if (process.connected) process.disconnect();
  });
}

if (process.send !== undefined) {
  process.once('message', (job: Job) => {
    search(job).then(
      (result) => {
        answer({ result });
      },
      (error: unknown) => {
        answer({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      },
    );
  });
}
