import { basename, dirname, join, resolve } from 'node:path';

import { RingwayError } from './errors.js';

/** Where POSIX shared memory objects live on Linux: `shm_open` is `open` in this directory. */
const SHARED_MEMORY_DIRECTORY = '/dev/shm';
const OBJECT_PREFIX = 'ringway.';
const FILE_SUFFIX = '.ringway';

const NAME_PATTERN = /^[A-Za-z0-9._-]{1,150}$/;
const NAMESPACE_PATTERN = /^[A-Za-z0-9._-]{0,60}$/;
/** 255 bytes of a file name, less the longest prefix, name, suffix and creation id: 19 are left. */
const ATTACHMENT_PATTERN = /^[A-Za-z0-9._-]{1,19}$/;

/** Where a segment's objects are: one place for each `dir` and namespace. */
export interface Place {
  /** Absolute path of the directory. */
  readonly directory: string;
  /** Whether the directory was chosen (`dir` or `RINGWAY_DIR`), as against `/dev/shm`. */
  readonly chosen: boolean;
  /** What precedes every name in this process (`RINGWAY_NAMESPACE`), often empty. */
  readonly namespace: string;
}

/**
 * Resolves `dir` and the environment: `RINGWAY_DIR` when `dir` is not given, `RINGWAY_NAMESPACE` in front of every name. Both are
 * read at each call. Throws `ERR_RINGWAY_INVALID_NAME` for a bad namespace, `TypeError` for a `dir` that is no string or empty.
 */
export function resolvePlace(dir: string | undefined): Place {
  const namespace = process.env.RINGWAY_NAMESPACE ?? '';
  if (!NAMESPACE_PATTERN.test(namespace)) {
    throw new RingwayError(
      'ERR_RINGWAY_INVALID_NAME',
      `RINGWAY_NAMESPACE must be at most 60 characters out of A-Z a-z 0-9 . _ -, it is ${JSON.stringify(namespace)}`,
    );
  }
  if (dir !== undefined && (typeof dir !== 'string' || dir === '' || dir.includes('\0'))) {
    throw new TypeError(`dir must be the path of a directory, got ${JSON.stringify(dir)}`);
  }
  const fromEnvironment = process.env.RINGWAY_DIR;
  const chosen = dir ?? (fromEnvironment === '' ? undefined : fromEnvironment);
  return chosen === undefined
    ? { directory: SHARED_MEMORY_DIRECTORY, chosen: false, namespace }
    : { directory: resolve(chosen), chosen: true, namespace };
}

/** Throws `ERR_RINGWAY_INVALID_NAME` unless `name` can be a segment's: 1 to 150 of `A-Z a-z 0-9 . _ -`, not `.` or `..`. */
export function checkName(name: string): void {
  if (typeof name !== 'string' || !NAME_PATTERN.test(name) || name === '.' || name === '..') {
    throw new RingwayError(
      'ERR_RINGWAY_INVALID_NAME',
      `a name must be 1 to 150 characters out of A-Z a-z 0-9 . _ - (and not "." or ".."), got ${JSON.stringify(name)}`,
    );
  }
}

/**
 * Path of a segment's object: `/dev/shm/ringway.<namespace><name>`, or `<dir>/<namespace><name>.ringway`. Throws
 * `ERR_RINGWAY_INVALID_NAME`.
 */
export function objectPath(name: string, place: Place): string {
  checkName(name);
  return join(
    place.directory,
    place.chosen ? `${place.namespace}${name}${FILE_SUFFIX}` : `${OBJECT_PREFIX}${place.namespace}${name}`,
  );
}

/** The segment's name behind an entry of the place's directory, or undefined if the entry cannot be one of this namespace. */
export function nameOfEntry(entry: string, place: Place): string | undefined {
  let rest: string;
  if (place.chosen) {
    if (!entry.endsWith(FILE_SUFFIX)) return undefined;
    rest = entry.slice(0, -FILE_SUFFIX.length);
  } else {
    if (!entry.startsWith(OBJECT_PREFIX)) return undefined;
    rest = entry.slice(OBJECT_PREFIX.length);
  }
  if (!rest.startsWith(place.namespace)) return undefined;
  const name = rest.slice(place.namespace.length);
  return NAME_PATTERN.test(name) && name !== '.' && name !== '..' ? name : undefined;
}

/** Names of the objects that belong to one segment: `<object path>.<creation id>.<suffix>`. */
export class AttachmentNames {
  readonly directory: string;
  readonly #prefix: string;

  /**
   * @param path - path of the segment's object
   * @param creationId - the segment's creation id: a later segment of the same name never meets these objects
   */
  constructor(path: string, creationId: string) {
    this.directory = dirname(path);
    this.#prefix = `${basename(path)}.${creationId}.`;
  }

  /** Path of the object with this suffix. Throws `ERR_RINGWAY_INVALID_NAME`: 1 to 19 of `A-Z a-z 0-9 . _ -`. */
  path(suffix: string): string {
    if (!ATTACHMENT_PATTERN.test(suffix)) {
      throw new RingwayError(
        'ERR_RINGWAY_INVALID_NAME',
        `an attachment's suffix must be 1 to 19 characters out of A-Z a-z 0-9 . _ -, got ${JSON.stringify(suffix)}`,
      );
    }
    return join(this.directory, this.#prefix + suffix);
  }

  /** The suffix behind an entry of the directory, or undefined if it is no attachment of this segment. */
  suffix(entry: string): string | undefined {
    if (!entry.startsWith(this.#prefix)) return undefined;
    const suffix = entry.slice(this.#prefix.length);
    return ATTACHMENT_PATTERN.test(suffix) ? suffix : undefined;
  }
}
