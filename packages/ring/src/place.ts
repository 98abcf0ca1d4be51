import { Segment } from '@ringway/memory';

/** Where an object is. */
export interface PlaceOptions {
  /** Directory of the object, instead of POSIX shared memory. Default `RINGWAY_DIR`, else none. */
  readonly dir?: string | undefined;
}

/** A queue, or something else, that exists. */
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

/** What there is of one kind in a place. */
export function segmentsIn(kind: number, options: PlaceOptions): QueueInfo[] {
  return Segment.list({ ...placeOf(options), kind }).map(({ name, size, creationId, codecName }) => ({
    name,
    size,
    creationId,
    codec: codecName,
  }));
}
