import { RECORD, readJournals, type JournalRecord } from './journal.js';
import { MANNERS } from './scene.js';
import type { Entry, Truth } from './truth.js';

/** What went wrong, and how much was looked at. */
export interface Verdict {
  published: number;
  received: number;
  missed: number;
  subscriptions: number;
  /** Was not got by who was waited for, or is not among what another was told that it missed. */
  lost: number;
  /** Bytes that are no message, or that were taken for something that no publisher writes. */
  torn: number;
  /** Was never published, came twice, or out of order; or was counted as missed and was not. */
  invented: number;
  readonly findings: string[];
}

/** Of one publisher: until when a message was surely not, and from when it surely was published. */
interface Times {
  /** (sequence, time) of its records, in order. */
  readonly intended: JournalRecord[];
  readonly sent: JournalRecord[];
}

/** One subscription: from joining to its end or its subscriber's death. */
interface Subscription {
  readonly who: string;
  readonly manner: number;
  readonly history: number;
  readonly begun: number;
  joined: number;
  done: boolean;
  readonly records: JournalRecord[];
}

const MOST_FINDINGS = 20;

/** Compares what everybody has on record with what was published. */
export function judge(folder: string, truth: Truth): Verdict {
  const verdict: Verdict = {
    ...{ published: truth.count, received: 0, missed: 0, subscriptions: 0, lost: 0, torn: 0, invented: 0 },
    findings: [],
  };
  const found = (kind: 'lost' | 'torn' | 'invented', count: number, text: string): void => {
    verdict[kind] += count;
    if (verdict.findings.length < MOST_FINDINGS) verdict.findings.push(`${kind}: ${text}`);
  };
  if (truth.torn > 0) found('torn', truth.torn, 'the one that reads everything got what is no message');
  const times = new Map<number, Times>();
  for (const { id, records } of readJournals(folder, 'publisher')) {
    const of = (kind: number): JournalRecord[] => records.filter((each) => each.kind === kind);
    times.set(id, { intended: of(RECORD.intended), sent: of(RECORD.sent) });
    const corrupt = of(RECORD.corrupt).length;
    if (corrupt > 0) found('torn', corrupt, `publisher ${id} lost its lane`);
  }
  judgeTruth(truth, times, found);
  const lanes = [...truth.lanes].map(([lane, entries]) => new PublishedLane(lane, entries, times));
  for (const subscription of subscriptions(folder)) {
    verdict.received += subscription.records.filter(({ kind }) => kind === RECORD.message).length;
    for (const { kind, first } of subscription.records) if (kind === RECORD.gap) verdict.missed += first;
    verdict.subscriptions++;
    judgeSubscription(subscription, lanes, found);
  }
  return verdict;
}

type Found = (kind: 'lost' | 'torn' | 'invented', count: number, text: string) => void;

/** Whether the one that reads everything has got all that was sent, and nothing else. */
function judgeTruth(truth: Truth, times: ReadonlyMap<number, Times>, found: Found): void {
  const last = new Map<number, number>();
  for (const [lane, entries] of truth.lanes) {
    const over = new Set<number>();
    let current = 0;
    for (const { publisher, sequence } of entries) {
      if (publisher !== current) {
        if (over.has(publisher) || last.has(publisher)) {
          found('invented', 1, `publisher ${publisher} came back in lane ${lane}`);
        }
        over.add((current = publisher));
      }
      const expected = (last.get(publisher) ?? 0) + 1;
      if (sequence > expected) found('lost', sequence - expected, `publisher ${publisher} from ${expected}`);
      else if (sequence < expected) found('invented', 1, `publisher ${publisher}: ${sequence} after ${expected - 1}`);
      last.set(publisher, Math.max(sequence, expected));
    }
  }
  for (const [publisher, { intended, sent }] of times) {
    const got = last.get(publisher) ?? 0;
    const surely = sent.at(-1)?.first ?? 0;
    const most = intended.at(-1)?.first ?? 0;
    if (got < surely)
      found('lost', surely - got, `publisher ${publisher} sent ${surely}, nobody was told of more than ${got}`);
    if (got > most) found('invented', got - most, `publisher ${publisher} never sent more than ${most}`);
  }
}

function subscriptions(folder: string): Subscription[] {
  const all: Subscription[] = [];
  for (const { id, records } of readJournals(folder, 'subscriber')) {
    let current: Subscription | undefined;
    for (const record of records) {
      const { kind, first, second, time } = record;
      if (kind === RECORD.joining) {
        const who = `subscriber ${id} (${MANNERS[first].onSlow}, key ${MANNERS[first].key}, history ${second})`;
        current = { who, manner: first, history: second, begun: time, joined: Infinity, done: false, records: [] };
        all.push(current);
      } else if (current === undefined) throw new Error(`subscriber ${id} did something before it joined`);
      else if (kind === RECORD.joined) current.joined = time;
      else if (kind === RECORD.done) current.done = true;
      else current.records.push(record);
    }
  }
  return all;
}

function judgeSubscription(subscription: Subscription, lanes: readonly PublishedLane[], found: Found): void {
  const { who, records } = subscription;
  const byLane = new Map<number, JournalRecord[]>(lanes.map(({ lane }) => [lane, []]));
  for (const record of records) {
    const { kind, first, second, third } = record;
    if (kind === RECORD.torn) found('torn', 1, `${who} got what is no message from lane ${first}`);
    else if (kind === RECORD.corrupt) found('torn', 1, `${who} found what no publisher writes`);
    else {
      const lane = kind === RECORD.message ? third : second;
      const here = byLane.get(lane);
      if (here === undefined) found('invented', 1, `${who}: nothing was published in lane ${lane}`);
      else here.push(record);
    }
  }
  for (const lane of lanes) new LaneOfOne(subscription, lane, found).judge(byLane.get(lane.lane) ?? []);
}

/** What was published in one lane, with when that was at the earliest and at the latest. */
class PublishedLane {
  readonly lane: number;
  readonly entries: readonly Entry[];
  /** By place: before this time it was not published, and after the other it was; infinite where nobody knows. */
  readonly begunAt: Float64Array;
  readonly sentAt: Float64Array;
  readonly #places = new Map<number, number>();

  constructor(lane: number, entries: readonly Entry[], times: ReadonlyMap<number, Times>) {
    this.lane = lane;
    this.entries = entries;
    this.begunAt = new Float64Array(entries.length).fill(-Infinity);
    this.sentAt = new Float64Array(entries.length).fill(Infinity);
    let [intended, sent] = [0, 0];
    for (const [at, { publisher, sequence }] of entries.entries()) {
      if (entries.at(at - 1)?.publisher !== publisher) intended = sent = 0;
      this.#places.set(publisher * 2 ** 32 + sequence, at);
      const of = times.get(publisher);
      if (of === undefined) continue;
      while (intended < of.intended.length && of.intended[intended].first < sequence) intended++;
      while (sent < of.sent.length && of.sent[sent].first < sequence) sent++;
      if (intended < of.intended.length) this.begunAt[at] = of.intended[intended].time;
      if (sent < of.sent.length) this.sentAt[at] = of.sent[sent].time;
    }
  }

  placeOf(publisher: number, sequence: number): number | undefined {
    return this.#places.get(publisher * 2 ** 32 + sequence);
  }
}

/** What one subscription got from one lane. */
class LaneOfOne {
  readonly #one: Subscription;
  readonly #lane: PublishedLane;
  readonly #found: Found;

  constructor(one: Subscription, lane: PublishedLane, found: Found) {
    this.#one = one;
    this.#lane = lane;
    this.#found = found;
  }

  judge(records: readonly JournalRecord[]): void {
    const { entries } = this.#lane;
    /** Where it stands: undefined before its first message. */
    let next: number | undefined;
    let missed = 0;
    for (const { kind, first, second } of records) {
      if (kind === RECORD.gap) {
        missed += first;
        continue;
      }
      const at = this.#lane.placeOf(first, second);
      if (at === undefined) this.#tell('invented', 1, `publisher ${first} has not published ${second} there`);
      else if (next !== undefined && at < next)
        this.#tell('invented', 1, `publisher ${first}: ${second} again, or late`);
      else {
        if (!this.#isWanted(entries[at])) this.#tell('invented', 1, `publisher ${first}: ${second} has another key`);
        this.#judgePassed(next, at, missed);
        next = at + 1;
        missed = 0;
      }
    }
    if (this.#one.done) this.#judgePassed(next, entries.length, missed);
  }

  /** Whether what lies between two messages is what it was told that it missed, or does not concern it. */
  #judgePassed(next: number | undefined, to: number, missed: number): void {
    const { joined, begun, history } = this.#one;
    const { onSlow } = MANNERS[this.#one.manner];
    const { entries, begunAt, sentAt } = this.#lane;
    // What was begun after it had joined, and what lies behind something that it got. But who is waited for may begin further on than his history.
    const counts = next !== undefined && onSlow === 'drop';
    let concerned = 0;
    let possible = next === undefined ? history : 0;
    for (let at = next ?? 0; at < to; at++) {
      if (next !== undefined || sentAt[at] >= begun) possible++;
      if (this.#isWanted(entries[at]) && (counts || begunAt[at] > joined)) concerned++;
    }
    const place =
      to < entries.length ? `publisher ${entries[to].publisher} message ${entries[to].sequence}` : 'the end';
    if (concerned > missed) this.#tell('lost', concerned - missed, `${concerned} before ${place}, told of ${missed}`);
    if (missed > possible) {
      this.#tell('invented', missed - possible, `told of ${missed} missed before ${place}, ${possible} were there`);
    }
    if (onSlow !== 'drop' && missed > 0) this.#tell('invented', missed, 'it misses nothing, and was told so');
  }

  #isWanted({ key }: Entry): boolean {
    const wanted = MANNERS[this.#one.manner].key;
    return wanted === 0 || wanted === key;
  }

  #tell(kind: 'lost' | 'torn' | 'invented', count: number, text: string): void {
    this.#found(kind, count, `${this.#one.who}, lane ${this.#lane.lane}: ${text}`);
  }
}
