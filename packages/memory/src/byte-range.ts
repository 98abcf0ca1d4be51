/** A range of an object, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

/** The same bytes in as few ranges as possible, in order: so that none is counted twice. */
export function mergeRanges(ranges: readonly ByteRange[]): ByteRange[] {
  const merged: ByteRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.offset - b.offset)) {
    const last = merged.at(-1);
    if (last === undefined || range.offset > last.offset + last.length) {
      merged.push(range);
      continue;
    }
    const end = Math.max(last.offset + last.length, range.offset + range.length);
    merged[merged.length - 1] = { offset: last.offset, length: end - last.offset };
  }
  return merged;
}
