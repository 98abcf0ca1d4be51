/**
 * What the processes of a run say to the one that started them, in lines of JSON on the standard output:
 * `{"ready":true}` when connected and, by the receiver, for each order; a report at the end of each phase. Orders come
 * as lines on the standard input, a number of messages each; its end is the end of the run. The native program speaks
 * the same.
 */
export const READY = '{"ready":true}';

/** One line of a peer, taken apart. Throws if it is none. */
export function parseLine(line: string): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(line);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`a peer said ${JSON.stringify(line)}, which is no report`);
}

/** A number in such a line. Throws if it is missing. */
export function numberIn(report: Readonly<Record<string, unknown>>, name: string): number {
  const value = report[name];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  throw new Error(`a peer reported ${JSON.stringify(report)}, without a number for ${name}`);
}
