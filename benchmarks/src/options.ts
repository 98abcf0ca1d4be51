import { parseArgs } from 'node:util';
import { COPY_BYTES } from './copy-cases.js';

export const USAGE = `Usage: npm run bench -- [options]

  --quick         3 short runs instead of 5
  --only NAMES    only these, separated by commas: scenarios (throughput, rtt, footprint, topic, fan-in, work-sharing,
                  blackboard, sync, copy), systems (ringway, native-ring, unix-socket, boost, futex, cp), and parameters (bytes=64,
                  publish=each, idle=spin, producers=16, consumers=4, what=contended, primitive=mutex, where=disk)
  --json FILE     write machine, rows and ratios as JSON
  --runs N        runs of each system at each case
  --seconds S     about how long each run is measured; a copy takes as long as it takes
  --copy-bytes N  length of the file that is copied; default 1 GiB, for which alone a ratio is required
  --spoil N       the senders spoil message N, or lose increment N, of each phase: the bench must fail
  --profile DIR   write a CPU profile of every Node process of a run to DIR
  --help          this text`;

const FULL = { runs: 5, seconds: 1 };
const QUICK = { runs: 3, seconds: 0.3 };

/** What the command line asks for. */
export interface Options {
  readonly help: boolean;
  readonly only: readonly string[];
  readonly json: string | undefined;
  readonly runs: number;
  readonly seconds: number;
  readonly copyBytes: number;
  readonly spoil: number;
  readonly profile: string | undefined;
}

function number(name: string, text: string | undefined, least: number, whole: boolean): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= least && (!whole || Number.isSafeInteger(value)))
    return value;
  throw new RangeError(`--${name} must be a ${whole ? 'whole ' : ''}number from ${least}, not ${JSON.stringify(text)}`);
}

/** Throws for what it does not know. */
export function parseOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      json: { type: 'string' },
      runs: { type: 'string' },
      seconds: { type: 'string' },
      'copy-bytes': { type: 'string' },
      spoil: { type: 'string' },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const usual = values.quick ? QUICK : FULL;
  return {
    help: values.help,
    only: values.only.split(',').filter((name) => name !== ''),
    json: values.json,
    runs: number('runs', values.runs, 1, true) ?? usual.runs,
    seconds: number('seconds', values.seconds, 0.001, false) ?? usual.seconds,
    copyBytes: number('copy-bytes', values['copy-bytes'], 1, true) ?? COPY_BYTES,
    spoil: number('spoil', values.spoil, 0, true) ?? -1,
    profile: values.profile,
  };
}
