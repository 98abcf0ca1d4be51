import { getSystemErrorMap, getSystemErrorName } from 'node:util';

/**
 * A refusal of the operating system, in the form in which `node:fs` throws them. Errors that come from `node:fs` itself
 * are passed on as they are: same properties, another class. Programs look at `code`.
 */
export class PosixError extends Error {
  /** Negative errno, as in `os.constants.errno` with the sign turned. */
  readonly errno: number;
  /** Name of the errno, such as `ENOMEM`. */
  readonly code: string;
  /** The call that was refused. */
  readonly syscall: string;
  /** The file that it was about, if there was one. */
  declare readonly path?: string;

  /**
   * @param errno - what the native function returned: a negative errno
   * @param syscall - the call that was refused
   * @param path - the file that it was about
   * @param why - what is known of the cause, for people
   */
  constructor(errno: number, syscall: string, path?: string, why?: string) {
    const code = getSystemErrorName(errno);
    const text = getSystemErrorMap().get(errno)?.[1] ?? 'unknown error';
    const about = path === undefined ? '' : ` '${path}'`;
    super(`${code}: ${text}, ${syscall}${about}${why === undefined ? '' : `: ${why}`}`);
    this.name = 'PosixError';
    this.errno = errno;
    this.code = code;
    this.syscall = syscall;
    if (path !== undefined) this.path = path;
  }
}

/** The `code` of whatever was thrown, or undefined if it has none. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** Name of a negative errno, such as `EAGAIN`. */
export function errnoName(errno: number): string {
  return getSystemErrorName(errno);
}
