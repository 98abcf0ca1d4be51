import { FLAG_REDELIVERED, FLAG_TORN, INTENDED, SENT, readJournals } from './journal.js';

/** What went wrong, and how much was looked at. */
export interface Verdict {
  readonly sent: number;
  readonly received: number;
  readonly redelivered: number;
  /** `send` told that it was in shared memory, and nobody got it. */
  lost: number;
  /** Nobody sent it, or it came torn. */
  invented: number;
  /** Came twice without being flagged. */
  doubled: number;
  /** Came to one consumer before an earlier one of the same producer, unflagged. */
  reordered: number;
  /** The first findings, in words. */
  readonly findings: string[];
}

const MOST_FINDINGS = 20;

/** Compares what producers have on record with what consumers have. */
export function judge(folder: string): Verdict {
  const intended = new Map<number, number>();
  const sent = new Map<number, number>();
  for (const { id, records } of readJournals(folder, 'producer')) {
    for (let at = 0; at < records.length; at += 3) {
      if (records[at] === INTENDED) intended.set(id, records[at + 1]);
      else if (records[at] === SENT) sent.set(id, records[at + 1]);
    }
  }
  const findings: string[] = [];
  const found = (text: string): void => {
    if (findings.length < MOST_FINDINGS) findings.push(text);
  };
  const verdict = {
    sent: [...sent.values()].reduce((sum, count) => sum + count, 0),
    received: 0,
    redelivered: 0,
    lost: 0,
    invented: 0,
    doubled: 0,
    reordered: 0,
    findings,
  };
  /** By producer: for each sequence, 0 never received, 1 received, 2 received unflagged. */
  const receipts = new Map<number, Uint8Array>();
  for (const { id, records } of readJournals(folder, 'consumer')) {
    const last = new Map<number, number>();
    for (let at = 0; at < records.length; at += 3) {
      const [producer, sequence, flags] = [records[at], records[at + 1], records[at + 2]];
      verdict.received++;
      const most = intended.get(producer) ?? 0;
      if ((flags & FLAG_TORN) !== 0 || sequence === 0 || sequence > most) {
        verdict.invented++;
        found(`consumer ${id} got what nobody sent: producer ${producer} sequence ${sequence} flags ${flags}`);
        continue;
      }
      let seen = receipts.get(producer);
      if (seen === undefined) receipts.set(producer, (seen = new Uint8Array(most + 1)));
      if ((flags & FLAG_REDELIVERED) !== 0) {
        verdict.redelivered++;
        seen[sequence] = Math.max(seen[sequence], 1);
        continue;
      }
      if (seen[sequence] === 2) {
        verdict.doubled++;
        found(`consumer ${id} got producer ${producer} sequence ${sequence} a second time, unflagged`);
      }
      seen[sequence] = 2;
      const before = last.get(producer) ?? 0;
      if (sequence <= before) {
        verdict.reordered++;
        found(`consumer ${id} got producer ${producer} sequence ${sequence} after ${before}`);
      }
      last.set(producer, sequence);
    }
  }
  for (const [producer, count] of sent) {
    const seen = receipts.get(producer);
    for (let sequence = 1; sequence <= count; sequence++) {
      if (seen !== undefined && seen[sequence] !== 0) continue;
      verdict.lost++;
      found(`nobody got producer ${producer} sequence ${sequence} of ${count}`);
    }
  }
  return verdict;
}
