/** Every code that Ringway throws: `docs/errors.md` maps each to its cause and cure. */
export const ERROR_CODES = [
  'ERR_RINGWAY_ASYNC_HANDLER',
  'ERR_RINGWAY_BROKEN_BARRIER',
  'ERR_RINGWAY_BUSY',
  'ERR_RINGWAY_CLOSED',
  'ERR_RINGWAY_CODEC_MISMATCH',
  'ERR_RINGWAY_CORRUPT_LANE',
  'ERR_RINGWAY_CORRUPT_SEGMENT',
  'ERR_RINGWAY_DEADLOCK',
  'ERR_RINGWAY_DECODE',
  'ERR_RINGWAY_DESCRIPTOR',
  'ERR_RINGWAY_ENCODE',
  'ERR_RINGWAY_ENDED',
  'ERR_RINGWAY_EXISTS',
  'ERR_RINGWAY_FORMAT',
  'ERR_RINGWAY_FORMAT_VERSION',
  'ERR_RINGWAY_INVALID_NAME',
  'ERR_RINGWAY_KEY_TAKEN',
  'ERR_RINGWAY_KIND_MISMATCH',
  'ERR_RINGWAY_MESSAGE_TOO_LARGE',
  'ERR_RINGWAY_NOT_FOUND',
  'ERR_RINGWAY_NOT_A_FILE',
  'ERR_RINGWAY_NOT_A_SEGMENT',
  'ERR_RINGWAY_NOT_OWNER',
  'ERR_RINGWAY_NO_SPACE',
  'ERR_RINGWAY_OPTIONS_MISMATCH',
  'ERR_RINGWAY_OTHER_BOOT',
  'ERR_RINGWAY_OVERFLOW',
  'ERR_RINGWAY_OWNER',
  'ERR_RINGWAY_SAME_FILE',
  'ERR_RINGWAY_SCHEMA',
  'ERR_RINGWAY_SEGMENT_TRUNCATED',
  'ERR_RINGWAY_SLOW_SUBSCRIBER',
  'ERR_RINGWAY_SOURCE_TRUNCATED',
  'ERR_RINGWAY_TIMEOUT',
  'ERR_RINGWAY_TOO_MANY_CONSUMERS',
  'ERR_RINGWAY_TOO_MANY_KEYS',
  'ERR_RINGWAY_TOO_MANY_PARTICIPANTS',
  'ERR_RINGWAY_TOO_MANY_PRODUCERS',
  'ERR_RINGWAY_UNLINKED',
  'ERR_RINGWAY_UNSUPPORTED_DIR',
  'ERR_RINGWAY_UNSUPPORTED_FEATURE',
  'ERR_RINGWAY_UNSUPPORTED_PLATFORM',
] as const;

/** The closed union of Ringway's error codes. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** What Ringway throws for everything that is neither a wrong argument (`TypeError`, `RangeError`) nor a bare system error ({@link PosixError}). */
export class RingwayError extends Error {
  /** One of {@link ErrorCode}: what programs should look at. */
  readonly code: ErrorCode;

  /**
   * @param code - what happened, for programs
   * @param message - what was expected, what was found, and what to do, for people
   * @param options - `cause`: the error below this one
   */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RingwayError';
    this.code = code;
  }
}
