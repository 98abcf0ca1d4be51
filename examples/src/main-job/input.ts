import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

const REASONS = new Map([
  ['ENOENT', 'there is no such file'],
  ['EACCES', 'permission denied'],
  ['ENOTDIR', 'a part of the path is no directory'],
]);

/** The file that the job is about. */
export interface Input {
  readonly path: string;
  readonly bytes: number;
}

/** What was given as FILE cannot be sent; the message is for the user. */
export class InputError extends Error {
  override readonly name = 'InputError';
}

/** Looks whether `path` is a regular file that can be read. Throws {@link InputError}. */
export async function inspectInput(path: string): Promise<Input> {
  let found: Stats;
  try {
    // Not blocking: a pipe without a writer would wait for one.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      found = await file.stat();
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = REASONS.get(code ?? '') ?? message;
    throw new InputError(`cannot read ${path}: ${why}`, { cause: error });
  }
  if (found.isDirectory()) throw new InputError(`${path} is a directory: name a file`);
  if (!found.isFile())
    throw new InputError(`${path} is not a regular file: only these have a length that is known beforehand`);
  return { path, bytes: found.size };
}
