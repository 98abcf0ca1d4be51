import { parseArgs } from 'node:util';
import type { Workshop } from './workshop.js';

/** All that a worker is told when it starts. */
export interface WorkerOptions extends Workshop {
  /** The file that is sent; consumers do without. */
  readonly file?: string | undefined;
  /** For people, in the queue's statistics. */
  readonly label?: string | undefined;
  /** The message at which the worker asks before it goes on. Default: it never asks. */
  readonly askAt?: number | undefined;
  /** How many milliseconds a producer lets pass from one message to the next. Default 0: as fast as it can. */
  readonly pauseMs?: number | undefined;
  /** Numbers of messages after which a receiver of the speed phase acknowledges; the last is all. Default none. */
  readonly milestones?: readonly number[] | undefined;
}

/** As arguments of a command line. */
export function toArguments(options: WorkerOptions): string[] {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `--${name}=${String(value)}`);
}

/** Reads the arguments of this process. Throws `TypeError`. */
export function readArguments(): WorkerOptions {
  const string = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      queue: string,
      directory: string,
      file: string,
      label: string,
      askAt: string,
      pauseMs: string,
      milestones: string,
    },
  });
  const { queue, directory, file, label, askAt, pauseMs, milestones } = values;
  if (queue === undefined || directory === undefined) throw new TypeError('this worker needs --queue and --directory');
  return {
    ...{ queue, directory, file, label },
    askAt: toNumber(askAt),
    pauseMs: toNumber(pauseMs),
    milestones: milestones?.split(',').map(Number),
  };
}

/** The file, for a worker that cannot do without. Throws `TypeError`. */
export function requireFile({ file }: WorkerOptions): string {
  if (file === undefined) throw new TypeError('this worker needs --file');
  return file;
}

/** The milestones, for a worker that cannot do without. Throws `TypeError`. */
export function requireMilestones({ milestones }: WorkerOptions): readonly number[] {
  if (milestones === undefined) throw new TypeError('this worker needs --milestones');
  return milestones;
}

function toNumber(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text);
}
