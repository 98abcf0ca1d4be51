import type { Outcome } from './scenario.js';
import { EVENT } from './shared.js';

/** Messages of one producer: `number / SENDER` tells which. */
export const SENDER = 1000;

/**
 * What must hold after every run (DESIGN's promises): nothing lost, nothing invented, each message whole and delivered once unless it is marked as redelivered and counted, in order per
 * producer and consumer but for what is redelivered. Returns what is wrong.
 */
export function verdictOf({ log, left }: Outcome): string | undefined {
  const tried = new Set<number>();
  const sent = new Set<number>();
  const got = new Set<number>();
  const acked = new Set<number>();
  /** Somebody has handled it, or has found it at the end. */
  const handled = new Set<number>();
  const last = new Map<string, number>();
  const held = new Map<number, number[]>();
  /** Acknowledged, and so was all that its consumer got before: it must not come again, not even as redelivered. */
  const done = new Set<number>();
  /** Sent back: there may be two of it. */
  const back = new Set<number>();
  const arrive = (who: number, number: number, redelivered: boolean, again: boolean): string | undefined => {
    if (number < 0) return 'a message came that is not whole';
    if (!tried.has(number)) return `message ${number} was invented: nobody sent it`;
    if (done.has(number) && !back.has(number))
      return `message ${number} came again, after it and all before it was acknowledged`;
    if (got.has(number) && !redelivered) return `message ${number} came twice, and was not marked as redelivered`;
    if (got.has(number) && !again) return `message ${number} came twice, and was not counted the first time`;
    got.add(number);
    if (redelivered) return undefined;
    const source = `${who}<${Math.floor(number / SENDER)}`;
    const before = last.get(source);
    if (before !== undefined && before >= number) return `message ${number} came after ${before}: out of order`;
    last.set(source, number);
    return undefined;
  };
  for (const { who, event, number } of log) {
    if (event === EVENT.tried) tried.add(number);
    else if (event === EVENT.sent) sent.add(number);
    else if (event === EVENT.acking || event === EVENT.buried) handled.add(number);
    else if (event === EVENT.back) back.add(number);
    else if (event === EVENT.acked) {
      acked.add(number);
      const mine = held.get(who) ?? [];
      while (mine.length > 0 && acked.has(mine[0])) done.add(mine.shift() ?? -1);
    } else if (event === EVENT.got || event === EVENT.late || event === EVENT.redelivered) {
      const wrong = arrive(who, number, event !== EVENT.got, event === EVENT.redelivered);
      if (wrong !== undefined) return wrong;
      held.set(who, [...(held.get(who) ?? []), number]);
    }
  }
  for (const { number, redelivered, again = false } of left) {
    const wrong = arrive(-1, number, redelivered, again);
    if (wrong !== undefined) return `${wrong} (found at the end)`;
    handled.add(number);
  }
  // Who only got it, and left or died before he acknowledged it, must have left it to somebody else.
  for (const number of sent) if (!handled.has(number)) return `message ${number} was lost`;
  return undefined;
}
