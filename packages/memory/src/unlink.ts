import { lstatSync, unlinkSync } from 'node:fs';
import type { Native } from '@ringway/native';

import { removeAttachments } from './attachments.js';
import { Descriptor } from './descriptor.js';
import { Gate } from './gate.js';
import { decodeHeader, hasMagic } from './header.js';
import { LockTable } from './lock-table.js';
import { AttachmentNames } from './names.js';
import { openObject, readFirstPage } from './object-file.js';
import type { OpenObject } from './object-file.js';
import { codeOf } from './posix-error.js';
import { trustOf } from './trust.js';

/** Whether the name leads to the object that the descriptor was opened for. */
export function leadsTo(path: string, descriptor: Descriptor): boolean {
  const there = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return there !== undefined && descriptor.isSame(there);
}

/**
 * Removes the name if it leads to this object, and the attachments if nobody takes part any more. To be called under the gate.
 *
 * @returns whether it did
 */
export function unlinkHere(
  path: string,
  descriptor: Descriptor,
  locks: LockTable,
  names: AttachmentNames | undefined,
): boolean {
  if (!leadsTo(path, descriptor)) return false;
  unlinkSync(path);
  if (names !== undefined && !locks.anyHeld()) removeAttachments(names);
  return true;
}

/** Removes a name. True: removed. False: there is none. Undefined: somebody put another one there meanwhile. */
export function unlinkObject(native: Native, path: string): boolean | undefined {
  let opened: OpenObject;
  try {
    opened = openObject(path, 'write');
  } catch (error) {
    if (codeOf(error) === 'ERR_RINGWAY_NOT_FOUND') return false;
    throw error;
  }
  const descriptor = new Descriptor(native, opened.fd);
  try {
    const names = isCutToNothing(opened) ? undefined : attachmentNamesOf(opened.fd, opened.stats.size, path);
    const locks = new LockTable(native, descriptor, path);
    const removed = new Gate(native, descriptor, path).run(() => unlinkHere(path, descriptor, locks, names));
    return removed ? true : undefined;
  } finally {
    descriptor.close();
  }
}

/** Segments are born whole, and a stranger has no business under this name: what is empty here was one, until somebody cut it. */
function isCutToNothing({ stats }: OpenObject): boolean {
  return stats.size === 0 && trustOf(undefined).includes(stats.uid);
}

/** Undefined where the header does not tell the creation id any more. Throws `ERR_RINGWAY_NOT_A_SEGMENT`: nothing else is removed. */
function attachmentNamesOf(fd: number, size: number, path: string): AttachmentNames | undefined {
  const page = readFirstPage(fd);
  try {
    return new AttachmentNames(path, decodeHeader(page, size, path).creationId);
  } catch (error) {
    if (!hasMagic(page)) throw error;
    return undefined;
  }
}
