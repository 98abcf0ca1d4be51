/**
 * Then as many as take this part of the time that is measured, at the rate of the phase before; until a phase took half
 * of that.
 */
const WARM_UP_PART = 0.3;
const WARM_UP_PHASES = 5;

/** What the native programs count up to. */
const MOST = 2 ** 32 - 1;

/** What a run found, in the unit of its scenario. */
export interface Outcome {
  readonly value: number;
  /** Of what is timed one by one: 99 % took less. */
  readonly p99?: number;
}

/** Something done `count` times. */
export interface Phase {
  readonly count: number;
  readonly microseconds: number;
  readonly outcome: Outcome;
}

/** How many take about `seconds`, at the rate of a phase. */
function countFor(seconds: number, { count, microseconds }: Phase): number {
  return Math.min(MOST, Math.max(1, Math.round((count * seconds * 1e6) / microseconds)));
}

/**
 * Warms up by the work that is to be measured, then measures it for about `seconds`.
 *
 * @param first - how often it is done in the first phase: enough for the compilers
 * @param sharing - how many processes do it in turn on one CPU: each is to be warm
 */
export async function warmedUp(
  seconds: number,
  first: number,
  phase: (count: number) => Promise<Phase>,
  sharing = 1,
): Promise<Outcome> {
  const warmUp = seconds * WARM_UP_PART * sharing;
  let last = await phase(first);
  for (let phases = 1; phases < WARM_UP_PHASES && last.microseconds < (warmUp * 1e6) / 2; phases++) {
    last = await phase(countFor(warmUp, last));
  }
  const { outcome } = await phase(countFor(seconds, last));
  return outcome;
}
