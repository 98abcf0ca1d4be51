import { Command, InvalidArgumentError, Option } from 'commander';

const MOST_CONSUMERS = 64;
const MOST_SEED = 2 ** 32 - 1;
const MOST_MEBIBYTES = 2 ** 20;

/** What the user asked for. */
export interface JobOptions {
  readonly file: string;
  /** Line by line, to consumers that count. */
  readonly lines: boolean;
  /** Slowly, and whatever dies is replaced: for a viewer who kills. */
  readonly chaos: boolean;
  /** How long `chaos` takes, if nobody kills. */
  readonly seconds: number;
  /** What each system sends in the speed phase. */
  readonly mebibytes: number;
  readonly json: boolean;
  readonly consumers: number;
  readonly seed: number;
}

/** Reads the command line. Ends the process with code 1 and a message if it is wrong. */
export function readOptions(argv: readonly string[]): JobOptions {
  const command = new Command('npm start --')
    .description('Sends a file between processes through a queue: how fast, and what a kill does to it')
    .argument('[file]', 'what is sent (default: the program of the running Node)')
    .option('--lines', 'send a text line by line to consumers that count, and compare the totals', false)
    .option(
      '--chaos',
      'print the process ids, go slowly, and replace whatever is killed until the file is through',
      false,
    )
    .option(
      '--seconds <seconds>',
      'how long --chaos takes, if nobody kills',
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
      30,
    )
    .option('--mebibytes <number>', 'what each system sends in the speed phase', wholeNumber(1, MOST_MEBIBYTES), 1024)
    .option('--consumers <number>', 'consumers of the queue', wholeNumber(1, MOST_CONSUMERS), 2)
    .addOption(
      new Option('--seed <number>', 'chooses where the kills fall (default: another one each time)').argParser(
        wholeNumber(0, MOST_SEED),
      ),
    )
    .option('--json', 'print all figures as one line of JSON last', false)
    .showHelpAfterError()
    .parse([...argv]);
  const options = command.opts<Omit<JobOptions, 'file' | 'seed'> & { seed?: number }>();
  return {
    ...options,
    seed: options.seed ?? Math.floor(Math.random() * (MOST_SEED + 1)),
    file: command.args.at(0) ?? process.execPath,
  };
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}
