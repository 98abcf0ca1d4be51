// The bench: `npm run bench -- [options]`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { bench, type Wanted } from './bench.js';
import { blackboard } from './blackboard.js';
import { copy } from './copy.js';
import { FOOTPRINT, FOOTPRINT_UNITS, footprint } from './footprint.js';
import { describeMachine } from './machine.js';
import { multi } from './multi.js';
import { USAGE, parseOptions, type Options } from './options.js';
import { findPinning } from './pinning.js';
import { ratiosOf } from './ratios.js';
import { describe, ratiosTable, rowsTable } from './report.js';
import type { Row } from './row.js';
import { Selection } from './selection.js';
import { sync } from './sync.js';
import { SYSTEMS } from './systems/index.js';

/** What a shell expects of a program that a signal ended, without the signal's number. */
const SIGNALLED = 128;
const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

/** Where the figures of a terminal go meanwhile; a file gets none. */
function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what}`);
}

function profileArguments({ profile }: Options): string[] {
  if (profile === undefined) return [];
  const directory = resolve(profile);
  mkdirSync(directory, { recursive: true });
  return ['--cpu-prof', '--cpu-prof-dir', directory];
}

async function measure(options: Options, signal: AbortSignal): Promise<void> {
  const selection = new Selection(options.only);
  const { runs, seconds, spoil } = options;
  const pinning = findPinning();
  const machine = describeMachine(pinning);
  console.log(`${describe(machine)}\n`);

  const rows: Row[] = [];
  const show = (found: Row[]): void => {
    progress('');
    rows.push(...found);
    console.log(`${rowsTable(found)}\n`);
  };
  const wants = selection.wants.bind(selection);
  const leftOut = (why: string): void => {
    progress('');
    console.log(`${why}\n`);
  };
  const how: Wanted = { runs, seconds, spoil, pinning, nodeArguments: profileArguments(options), wants, progress };
  for await (const found of bench({ ...how, systems: SYSTEMS }, signal)) show(found);
  const whats = Object.keys(FOOTPRINT_UNITS);
  if (whats.some((what) => wants('ringway', FOOTPRINT, { what }))) show(await footprint(runs, progress, signal));
  for await (const found of multi(how, signal)) show(found);
  for await (const found of blackboard(how, signal)) show(found);
  for await (const found of sync(how, leftOut, signal)) show(found);
  for await (const found of copy({ ...how, bytes: options.copyBytes }, leftOut, signal)) show(found);
  if (rows.length === 0) throw new RangeError(`--only ${options.only.join(',')} leaves nothing to run`);

  const ratios = ratiosOf(rows);
  if (ratios.length > 0) console.log(ratiosTable(ratios));
  if (options.json !== undefined)
    writeFileSync(options.json, `${JSON.stringify({ machine, rows, ratios }, undefined, 2)}\n`);
}

/** Resolves to the exit code. */
async function main(): Promise<number> {
  const interrupted = new AbortController();
  let code = 0;
  for (const [name, number] of Object.entries(SIGNALS)) {
    process.once(name, () => {
      code = SIGNALLED + number;
      interrupted.abort(new Error(`interrupted by ${name}`));
    });
  }
  try {
    const options = parseOptions(process.argv.slice(2));
    if (options.help) console.log(USAGE);
    else await measure(options, interrupted.signal);
  } catch (error) {
    progress('');
    console.error(error instanceof Error ? error.message : error);
    code ||= 1;
  }
  return code;
}

void main().then((code) => {
  process.exitCode = code;
});
