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

/** The CPUs that this process may use. */
function allowedCpus(): number[] {
  const allowed = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'));
  return allowed === null ? [] : numbers(allowed[1]);
}

/** The first two CPUs that this process may use; undefined if there are none, or nothing to pin with. */
export function findPinning(): Pinning | undefined {
  if (spawnSync(PROGRAM, ['--version'], { stdio: 'ignore' }).status !== 0) return undefined;
  const [sender, receiver] = allowedCpus() as (number | undefined)[];
  return sender === undefined || receiver === undefined ? undefined : { sender, receiver };
}

function kept(command: Command, cpus: readonly number[]): Command {
  return { ...command, file: PROGRAM, args: ['--cpu-list', cpus.join(','), command.file, ...command.args] };
}

/** The same command, kept on its CPU. */
export function pinned(command: Command, role: Role, pinning: Pinning | undefined): Command {
  return pinning === undefined ? command : kept(command, [pinning[role]]);
}

/**
 * The same command where several have the other role than the one that is `alone`: that one is kept on its CPU, the
 * others on all CPUs but that.
 */
export function pinnedAside(command: Command, alone: Role, role: Role, pinning: Pinning | undefined): Command {
  if (pinning === undefined || role === alone) return pinned(command, role, pinning);
  return kept(
    command,
    allowedCpus().filter((cpu) => cpu !== pinning[alone]),
  );
}
