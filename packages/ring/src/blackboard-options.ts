import type { IdleStrategy } from '@ringway/sync';
import {
  BOARD_LABEL_BYTES,
  MAX_BOARD_BYTES,
  MAX_BOARD_KEYS,
  MAX_BOARD_PARTICIPANTS,
  MAX_LARGE_VALUE_BYTES,
  MAX_VALUE_BYTES,
  VALUE_UNIT,
  boardLayout,
} from './blackboard-layout.js';
import type { Codec } from './codec.js';
import { checkIdle, checkLabel, wholeNumber } from './options.js';
import type { StandardSchema } from './schema.js';

/** What holds where nothing else is said. */
export const BLACKBOARD_DEFAULTS = {
  maxKeys: 1024,
  valueBytes: 256,
  maxParticipants: 64,
  maxValueBytes: 1024 * 1024 * 1024,
  mode: 0o600,
} as const;

/** What must be the same for everybody: the creator chooses, others may state it and get `ERR_RINGWAY_OPTIONS_MISMATCH` where it differs. */
export interface BlackboardGeometry {
  /** Most keys, 1 to 65,536; a key stays when its value is deleted. Default 1024. All memory is reserved at the start: about 1.5 MiB with the defaults. */
  readonly maxKeys?: number | undefined;
  /** Room for a value in place, in bytes: a multiple of 8, up to 64 MiB. A larger value is put into an object of its own, which costs system calls. Default 256. */
  readonly valueBytes?: number | undefined;
  /** Most handles that write or wait at a time, 1 to 1024; those that only read are not counted. Default 64. */
  readonly maxParticipants?: number | undefined;
  /** Longest value in bytes, at most 2^32 - 1. Default 1 GiB. */
  readonly maxValueBytes?: number | undefined;
  /** The last handle that has written or waited removes the name when it closes. Default false: a blackboard stays until it is unlinked. */
  readonly ephemeral?: boolean | undefined;
}

/** Options of `Blackboard.open`. */
export interface BlackboardOptions<T> extends BlackboardGeometry {
  /** How values become bytes. Default: the creator's, if it is one of Ringway's own; for the creator, `msgpack()`. */
  readonly codec?: Codec<T> | undefined;
  /** A Standard Schema that each value must match, on both sides. */
  readonly schema?: StandardSchema<T> | undefined;
  /** Directory of the object, instead of POSIX shared memory: tmpfs or a local file system. Default `RINGWAY_DIR`, else none. */
  readonly dir?: string | undefined;
  /** Permission bits for a blackboard that is created. Default 0o600. */
  readonly mode?: number | undefined;
  /** User ids whose objects are trusted besides one's own and root's. Default none. */
  readonly trust?: readonly number[] | undefined;
  /** `if-missing` (default): attach, or create. `never`: `ERR_RINGWAY_NOT_FOUND` if it is missing. `always`: `ERR_RINGWAY_EXISTS` if it is not. */
  readonly create?: 'if-missing' | 'never' | 'always' | undefined;
  /** Of this handle, for people. At most 48 bytes of UTF-8. Default none. */
  readonly label?: string | undefined;
  /** How to wait for a new version. Default `adaptive`. */
  readonly idle?: IdleStrategy | undefined;
  /** How long `adaptive` polls before it parks, in microseconds. Default 50. */
  readonly pollMicroseconds?: number | undefined;
}

/** Checks what can be wrong with the options by themselves. Throws `RangeError`, `TypeError`. */
export function checkBlackboardOptions<T>(options: BlackboardOptions<T>): void {
  const { maxKeys, valueBytes, maxParticipants, maxValueBytes } = options;
  if (maxKeys !== undefined) wholeNumber('maxKeys', maxKeys, 1, MAX_BOARD_KEYS);
  if (valueBytes !== undefined) {
    wholeNumber('valueBytes', valueBytes, VALUE_UNIT, MAX_VALUE_BYTES);
    if (valueBytes % VALUE_UNIT !== 0) {
      throw new RangeError(`valueBytes must be a multiple of ${VALUE_UNIT}, not ${valueBytes}`);
    }
  }
  if (maxParticipants !== undefined) wholeNumber('maxParticipants', maxParticipants, 1, MAX_BOARD_PARTICIPANTS);
  if (maxValueBytes !== undefined) wholeNumber('maxValueBytes', maxValueBytes, 1, MAX_LARGE_VALUE_BYTES);
  const { size } = boardLayout(
    maxKeys ?? BLACKBOARD_DEFAULTS.maxKeys,
    valueBytes ?? BLACKBOARD_DEFAULTS.valueBytes,
    maxParticipants ?? BLACKBOARD_DEFAULTS.maxParticipants,
  );
  if (size > MAX_BOARD_BYTES) {
    throw new RangeError(
      `a blackboard has at most ${MAX_BOARD_BYTES} bytes, with this maxKeys and valueBytes it would have ${size}`,
    );
  }
  checkLabel(options.label, BOARD_LABEL_BYTES);
  checkIdle(options);
  const create: unknown = options.create ?? 'if-missing';
  if (create !== 'if-missing' && create !== 'never' && create !== 'always') {
    throw new RangeError(`create must be 'if-missing', 'never' or 'always', not ${String(create)}`);
  }
}
