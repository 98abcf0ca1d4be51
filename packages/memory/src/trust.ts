import { RingwayError } from './errors.js';

const ROOT = 0;

/** User ids whose objects this process may open: its own, root's, and those that the caller named. */
export type Trust = readonly number[];

/** @param others - user ids to trust besides one's own and root */
export function trustOf(others: readonly number[] | undefined): Trust {
  for (const uid of others ?? []) {
    if (!Number.isInteger(uid) || uid < 0) throw new RangeError(`trust must hold user ids, got ${uid}`);
  }
  const own = process.geteuid?.();
  return own === undefined ? [ROOT, ...(others ?? [])] : [own, ROOT, ...(others ?? [])];
}

/** Throws `ERR_RINGWAY_OWNER` unless `uid` is trusted. */
export function checkOwner(uid: number, trust: Trust, path: string, cause?: unknown): void {
  if (trust.includes(uid)) return;
  throw new RingwayError(
    'ERR_RINGWAY_OWNER',
    `${path} belongs to user ${uid}; only those of users ${[...new Set(trust)].join(', ')} are opened. Who owns it could watch ` +
      'and forge every message. If that is wanted, name the user in trust',
    cause === undefined ? undefined : { cause },
  );
}
