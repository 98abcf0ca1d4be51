import { RingwayError, Segment } from '@ringway/memory';
import { EXIT_CODE } from '../exit-code.js';
import { failure, report, type Failure } from '../failure.js';
import type { Output } from '../output.js';

/** Options of `ringway rm`. */
export interface RmOptions {
  readonly dir?: string;
  readonly force: boolean;
  readonly json: boolean;
}

/** Removes segments by name: all that can be removed, whatever happens to the others. Returns the exit code. */
export function rm(output: Output, names: readonly string[], { dir, force, json }: RmOptions): number {
  const place = dir === undefined ? {} : { dir };
  const removed: string[] = [];
  const failed: (Failure & { readonly name: string })[] = [];
  for (const name of names) {
    try {
      if (Segment.unlink(name, place)) removed.push(name);
      else if (!force) throw new RingwayError('ERR_RINGWAY_NOT_FOUND', `there is no segment ${name}`);
    } catch (error) {
      failed.push({ name, ...failure(error) });
      report(error);
    }
  }
  if (json) output.json({ removed, failed });
  return failed.length === 0 ? EXIT_CODE.done : EXIT_CODE.failed;
}
