import { Segment } from '@ringway/memory';
import { KIND_QUEUE } from './layout.js';

/** Where a queue's object is. */
export interface PlaceOptions {
  /** Directory of the object, instead of POSIX shared memory. Default `RINGWAY_DIR`, else none. */
  readonly dir?: string | undefined;
}

/** A queue that exists. */
export interface QueueInfo {
  readonly name: string;
  /** Bytes of the object's address range; most of it takes no memory until a lane is in use. */
  readonly size: number;
  readonly creationId: string;
  readonly codec: string;
}

/** A place as segments want it: what was not said is left out. */
export function placeOf(options: PlaceOptions): { dir?: string } {
  return options.dir === undefined ? {} : { dir: options.dir };
}

/** The queues of a place. */
export function queuesIn(options: PlaceOptions): QueueInfo[] {
  return Segment.list({ ...placeOf(options), kind: KIND_QUEUE }).map(({ name, size, creationId, codecName }) => ({
    name,
    size,
    creationId,
    codec: codecName,
  }));
}
