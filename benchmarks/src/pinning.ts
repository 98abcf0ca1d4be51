import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Role } from './peer-spec.js';
import type { Command } from './system.js';

const PROGRAM = 'taskset';

/** On which CPU each process of a run stays. */
export type Pinning = Readonly<Record<Role, number>>;

/** Numbers from a list as the kernel writes it: `0-3,8`. */
function numbers(list: string): number[] {
  return list.split(',').flatMap((part) => {
    const [first, last = first] = part.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

/** The first two CPUs that this process may use; undefined if there are none, or nothing to pin with. */
export function findPinning(): Pinning | undefined {
  if (spawnSync(PROGRAM, ['--version'], { stdio: 'ignore' }).status !== 0) return undefined;
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  const [sender, receiver] = allowed === null ? [] : (numbers(allowed[1]) as (number | undefined)[]);
  return sender === undefined || receiver === undefined ? undefined : { sender, receiver };
}

/** The same command, kept on its CPU. */
export function pinned(command: Command, role: Role, pinning: Pinning | undefined): Command {
  if (pinning === undefined) return command;
  return { ...command, file: PROGRAM, args: ['--cpu-list', String(pinning[role]), command.file, ...command.args] };
}
