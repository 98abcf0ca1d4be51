/** What a range is locked for: any number of shared locks may overlap, an exclusive one overlaps with none. */
export type RecordMode = 'shared' | 'exclusive';

/** The bytes from `start` up to, and not including, `end`, which may be `Infinity`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A span that is locked, or shall be. */
export interface Interval extends Span {
  readonly mode: RecordMode;
}

/** Whether the two have a byte in common. */
export function overlap(one: Span, other: Span): boolean {
  return one.start < other.end && other.start < one.end;
}

/** Whether the two cannot be locked at the same time. */
export function conflict(one: Interval, other: Interval): boolean {
  return (one.mode === 'exclusive' || other.mode === 'exclusive') && overlap(one, other);
}

/**
 * Which ranges one handle has locked, and how often: the kernel keeps one mode for each byte of a description, and
 * forgets it at the first unlocking. All methods but `add` and `delete` look at every interval.
 */
export class IntervalTable<T extends Interval> {
  readonly #intervals = new Set<T>();

  /** How many intervals there are. */
  get size(): number {
    return this.#intervals.size;
  }

  /** Adds an interval, which conflicts with none of the others. */
  add(interval: T): void {
    this.#intervals.add(interval);
  }

  /** Removes an interval, by identity. False if it is not here. */
  delete(interval: T): boolean {
    return this.#intervals.delete(interval);
  }

  /** Removes all. */
  clear(): void {
    this.#intervals.clear();
  }

  /** The first added of those that conflict with `wanted`. */
  findConflict(wanted: Interval): T | undefined {
    for (const interval of this.#intervals) if (conflict(interval, wanted)) return interval;
    return undefined;
  }

  /** The parts of `span` that no interval covers, in order. */
  uncovered(span: Span): Span[] {
    const covering = [...this.#intervals]
      .filter((interval) => overlap(interval, span))
      .sort((one, other) => one.start - other.start);
    const parts: Span[] = [];
    let from = span.start;
    for (const { start, end } of covering) {
      if (start > from) parts.push({ start: from, end: start });
      from = Math.max(from, end);
    }
    if (from < span.end) parts.push({ start: from, end: span.end });
    return parts;
  }
}
