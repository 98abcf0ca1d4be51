import { readFileSync } from 'node:fs';

const BOOT_ID_FILE = '/proc/sys/kernel/random/boot_id';

let known: string | undefined;

/** Identity of this run of the kernel, a lower-case UUID. Read once. */
export function bootId(): string {
  known ??= readFileSync(BOOT_ID_FILE, 'latin1').trim().toLowerCase();
  return known;
}
