let runs = 0;

/** A name for what belongs to one run: no two processes, and no two runs of one, choose the same. */
export function runName(): string {
  return `bench-${process.pid}-${++runs}`;
}
