import { readFileSync } from 'node:fs';

const PASSWORD_FILE = '/etc/passwd';
/** Fields of a line of it: name, password, user id. */
const NAME_FIELD = 0;
const UID_FIELD = 2;

let names: ReadonlyMap<number, string> | undefined;

/** The name of a user of this host; the number where `/etc/passwd` does not have it. Reads that file once. */
export function userName(uid: number): string {
  names ??= readNames();
  return names.get(uid) ?? String(uid);
}

function readNames(): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  for (const line of readPasswordFile().split('\n')) {
    const fields = line.split(':');
    const name = fields[NAME_FIELD];
    const uid = Number(fields[UID_FIELD]);
    // The first of several names is the one that `ls -l` shows.
    if (name !== '' && Number.isInteger(uid) && !found.has(uid)) found.set(uid, name);
  }
  return found;
}

function readPasswordFile(): string {
  try {
    return readFileSync(PASSWORD_FILE, 'utf8');
  } catch {
    // A container may have none, or hide it: numbers will do.
    return '';
  }
}
