import { numberIn } from './peer-protocol.js';
import type { Phase } from './phases.js';
import type { SyncWhat } from './sync-cases.js';

type Line = Readonly<Record<string, unknown>>;

/** Part of the receivers that must have slept: the others do not count. */
const LEAST_SLEPT = 0.25;

function numbers(lines: readonly Line[], name: string): number[] {
  return lines.map((line) => numberIn(line, name));
}

function sum(lines: readonly Line[], name: string): number {
  return numbers(lines, name).reduce((total, value) => total + value, 0);
}

/**
 * What the reports of a phase's processes say, in the scenario's unit. Throws if increments were lost, or if the machine
 * was too busy for what was to be measured.
 *
 * @param count - what they were ordered to do
 * @param elapsed - in microseconds, as seen from here
 */
type Judge = (lines: readonly Line[], count: number, elapsed: number) => Phase;

export const SYNC_JUDGES: Readonly<Record<SyncWhat, Judge>> = {
  uncontended: (lines, count) => {
    const microseconds = sum(lines, 'microseconds');
    return { count, microseconds, outcome: { value: (microseconds * 1e3) / count } };
  },

  contended: (lines, count) => {
    const made = sum(lines, 'operations');
    if (made !== count) throw new Error(`wrong count: ${made} increments were made, and ${count} are in the counter`);
    const microseconds = Math.max(...numbers(lines, 'ended')) - Math.min(...numbers(lines, 'began'));
    return { count, microseconds, outcome: { value: (count / microseconds) * 1e6 } };
  },

  handover: (lines, count, microseconds) => {
    const taken = sum(lines, 'taken');
    const slept = sum(lines, 'slept');
    if (slept < taken * LEAST_SLEPT) {
      throw new Error(`only ${slept} of ${taken} receivers slept: the machine is too busy to measure how they wake`);
    }
    // Of both directions alike: the two CPUs need not be.
    const mean = (name: string): number => sum(lines, name) / lines.length;
    return { count, microseconds, outcome: { value: mean('p50'), p99: mean('p99') } };
  },
};
