import type { Random } from '../random.js';
import { LOOPS, PHASE, PHASE_NAMES, type Phase } from './journal.js';

/** What is done to whom, and when: follows from the seed alone. */
export interface Decision {
  /** Whose process is killed. */
  readonly place: number;
  /** After so many milliseconds. */
  readonly after: number;
  /** What it should be about just then, if it comes to that soon; undefined: whatever it is. */
  readonly aim: Phase | undefined;
  /** Which of its loops. */
  readonly loop: number;
  /** Whom to stop before, and for how long. */
  readonly stop: { readonly place: number; readonly milliseconds: number } | undefined;
}

const SOON_MS = 5;
const SOON = 0.25;
const CALM = 0.25;
const CALM_MS = 400;
const STOPS = 0.12;
const SHORTEST_STOP_MS = 5;
const LONGEST_STOP_MS = 120;
/** Of those that are stopped, so many are killed while they are. */
const KILLED_STOPPED = 0.3;
const AIMS: readonly (Phase | undefined)[] = [
  undefined,
  PHASE.opening,
  PHASE.waiting,
  PHASE.waiting,
  PHASE.holding,
  PHASE.holding,
  PHASE.leaving,
  PHASE.closing,
];

/**
 * @param patient - whether nobody loses patience: then some kills are far enough apart that a wake-up that was lost
 * shows
 */
export function decide(random: Random, places: number, rate: number, patient: boolean): Decision {
  const place = random.between(0, places - 1);
  const kind = random.next();
  const most = kind < SOON ? SOON_MS : 2000 / rate;
  const after = random.next() * most + (patient && kind >= 1 - CALM ? CALM_MS : 0);
  const aim = random.pick(AIMS);
  const loop = random.between(0, LOOPS - 1);
  const stops = random.next() < STOPS;
  const milliseconds = random.between(SHORTEST_STOP_MS, LONGEST_STOP_MS);
  const other = random.between(0, places - 1);
  const stopped = random.next() < KILLED_STOPPED ? place : other;
  return { place, after, aim, loop, stop: stops ? { place: stopped, milliseconds } : undefined };
}

/** "place 2 after 31 ms when it is holding" */
export function describeDecision({ place, after, aim, stop }: Decision): string {
  const when = aim === undefined ? '' : `, when it is ${PHASE_NAMES[aim]}`;
  const before = stop === undefined ? '' : `, place ${stop.place} stopped for ${stop.milliseconds} ms`;
  return `place ${place} after ${after.toFixed(1)} ms${when}${before}`;
}
