// A process that spoils segments, one after the other, and says what it found. It may die of one: which one is on
// record.
import { openSync, writeSync } from 'node:fs';

import { Companion } from './companion.js';
import { describe, type Finding } from './findings.js';
import { Leaks } from './leaks.js';
import { fuzzSegment, type Kind } from './segment.js';

/** What it is to do. */
export interface Orders {
  readonly seed: number;
  /** The first segment, how far from one to the next, and where to stop. */
  readonly first: number;
  readonly step: number;
  readonly end: number;
  /** Part of the name of all queues. */
  readonly prefix: string;
  /** Where to write which segment is at work. */
  readonly progress: string;
  /** Whether to print what is done. */
  readonly traced: boolean;
}

/** What it says. */
export type Report =
  { readonly finding: Finding; readonly kind?: Kind } | { readonly done: Partial<Record<Kind, number>> };

const LEAKS_EVERY = 2000;

const orders = JSON.parse(process.argv[2]) as Orders;
const progress = openSync(orders.progress, 'r+');
const record = Buffer.alloc(8);
const counts: Partial<Record<Kind, number>> = {};
let current = orders.first;

function say(report: Report): void {
  process.send?.(report);
}

// What nobody awaits, and what is thrown into the event loop, would end a program.
process.on('uncaughtException', (error, origin) => {
  say({ finding: { kind: 'crash', segment: current, what: `${origin}: ${describe(error)}` } });
});

let finished = false;
process.on('disconnect', () => {
  // Nobody listens any more, and nobody would end it.
  if (!finished) process.exit(1);
});

const companion = new Companion();
const leaks = new Leaks(orders.prefix);

async function lookForLeaks(): Promise<void> {
  const found = await leaks.look();
  if (found.length > 0) say({ finding: { kind: 'leak', segment: current, what: found.join('; ') } });
}

for (let done = 0; current < orders.end; current += orders.step) {
  record.writeDoubleLE(current);
  writeSync(progress, record, 0, record.length, 0);
  const name = `${orders.prefix}${current}`;
  const { kind, findings } = await fuzzSegment(orders.seed, current, name, companion, orders.traced);
  counts[kind] = (counts[kind] ?? 0) + 1;
  for (const finding of findings) say({ finding, kind });
  if (++done % LEAKS_EVERY === 0) await lookForLeaks();
}
await companion.end();
await lookForLeaks();
say({ done: counts });
finished = true;
process.disconnect();
