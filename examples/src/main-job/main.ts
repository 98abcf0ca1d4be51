import { constants } from 'node:os';
import { InputError, inspectInput } from './input.js';
import { Job } from './job.js';
import { readOptions, type JobOptions } from './options.js';
import { Report } from './report.js';
import { openWorkshop, removeWorkshop } from './workshop.js';

/** By these the user ends the job: everything is removed first. */
const ENDINGS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** What a shell adds to a signal's number. */
const SIGNAL_EXIT = 128;

/** The user ended the job. */
class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: (typeof ENDINGS)[number]) {
    super(`ended by ${signal}`);
    this.exitCode = SIGNAL_EXIT + constants.signals[signal];
  }
}

/** Runs the job; returns the exit code. */
async function main(options: JobOptions): Promise<number> {
  const input = await inspectInput(options.file);
  const over = new AbortController();
  for (const signal of ENDINGS) process.once(signal, () => over.abort(new Interrupted(signal)));
  process.stdout.once('error', (error) => over.abort(error));
  const workshop = openWorkshop();
  // Also after an error that nobody caught.
  process.once('exit', () => removeWorkshop(workshop));
  try {
    const figures = await new Job(options, input, workshop, new Report(), over.signal).run();
    if (options.json) console.log(JSON.stringify(figures));
    return figures.ok ? 0 : 1;
  } catch (error) {
    over.signal.throwIfAborted();
    throw error;
  }
}

main(readOptions(process.argv)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = error instanceof Interrupted ? error.exitCode : 1;
    console.error(error instanceof InputError || error instanceof Interrupted ? error.message : error);
  },
);
