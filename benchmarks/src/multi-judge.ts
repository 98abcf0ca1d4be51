import { numberIn } from './peer-protocol.js';
import type { Phase } from './phases.js';

type Line = Readonly<Record<string, unknown>>;

/** 0 ^ 1 ^ … ^ (count - 1). */
function xorBelow(count: number): number {
  const rest = count % 4;
  if (rest === 0) return 0;
  if (rest === 1) return count - 1;
  return rest === 2 ? 1 : count;
}

/**
 * What the reports of a phase say. Throws unless each message of each sender was received, once: receivers have seen that
 * the numbers that they got grow, and how many of them there are, their sum and their exclusive or tell the rest.
 *
 * @param each - how many each sender has sent
 */
export function judgeMulti(sent: readonly Line[], received: readonly Line[], each: number): Phase {
  const numbers = (lines: readonly Line[], name: string): number[] => lines.map((line) => numberIn(line, name));
  const total = (name: string): number => numbers(received, name).reduce((sum, value) => sum + value, 0);
  const count = sent.length * each;
  const found = [total('received'), total('sum') | 0, numbers(received, 'xor').reduce((all, value) => all ^ value, 0)];
  const sum = (BigInt(sent.length) * BigInt(each) * BigInt(each - 1)) / 2n;
  const expected = [count, Number(BigInt.asIntN(32, sum)), sent.length % 2 === 0 ? 0 : xorBelow(each)];
  if (found.some((value, index) => value !== expected[index])) {
    throw new Error(
      `wrong messages: ${count} were sent, of sum ${expected[1]} and exclusive or ${expected[2]}; ` +
        `${found[0]} were received, of sum ${found[1]} and exclusive or ${found[2]}`,
    );
  }
  const microseconds = Math.max(...numbers(received, 'at')) - Math.min(...numbers(sent, 'at'));
  return { count, microseconds, outcome: { value: (count / microseconds) * 1e6 } };
}

/**
 * The same for a topic, whose every receiver gets everything, or knows exactly how many it missed. What it finds is the sender's rate.
 *
 * @param count - how many the one sender has sent
 */
export function judgeTopic(sent: Line, received: readonly Line[], count: number): Phase {
  for (const line of received) {
    const [got, missed] = [numberIn(line, 'received'), numberIn(line, 'missed')];
    if (got + missed !== count) {
      throw new Error(`wrong messages: ${count} were sent, ${got} were received and ${missed} counted as missed`);
    }
  }
  const microseconds = numberIn(sent, 'done') - numberIn(sent, 'at');
  return { count, microseconds, outcome: { value: (count / microseconds) * 1e6 } };
}
