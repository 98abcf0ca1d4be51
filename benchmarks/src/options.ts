import { parseArgs } from 'node:util';

export const USAGE = `Usage: npm run bench -- [options]

  --quick        3 short runs instead of 5
  --only NAMES   only these, separated by commas: scenarios (throughput, rtt, footprint), systems (ringway, native-ring,
                 unix-socket), and parameters (bytes=64, publish=each, idle=spin)
  --json FILE    write machine, rows and ratios as JSON
  --runs N       runs of each system at each case
  --seconds S    about how long each run is measured
  --spoil N      the senders spoil message N of each phase: the bench must fail
  --profile DIR  write a CPU profile of every Node process of a run to DIR
  --help         this text`;

const FULL = { runs: 5, seconds: 1 };
const QUICK = { runs: 3, seconds: 0.3 };

/** What the command line asks for. */
export interface Options {
  readonly help: boolean;
  readonly only: readonly string[];
  readonly json: string | undefined;
  readonly runs: number;
  readonly seconds: number;
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
    spoil: number('spoil', values.spoil, 0, true) ?? -1,
    profile: values.profile,
  };
}
