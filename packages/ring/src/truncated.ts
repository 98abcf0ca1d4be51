import { RingwayError } from '@ringway/memory';

/** Whether an error tells that the segment has lost memory: then every later call tells it, too. */
export function isTruncation(error: unknown): boolean {
  return error instanceof RingwayError && error.code === 'ERR_RINGWAY_SEGMENT_TRUNCATED';
}

/** A step that nobody needs any more once the segment has lost memory, and where nobody is there to be told. */
export function unlessTruncated<A extends unknown[]>(step: (...given: A) => void): (...given: A) => void {
  return (...given) => {
    try {
      step(...given);
    } catch (error) {
      if (!isTruncation(error)) throw error;
    }
  };
}
