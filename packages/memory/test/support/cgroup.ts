import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A memory cgroup with a limit. */
export interface Cgroup {
  /** Where a process writes its number to move into it. */
  readonly procs: string;
  /** Moves a process into it. */
  add(pid: number): void;
  /** Removes it; no process may be left in it. */
  remove(): void;
}

interface Hierarchy {
  readonly parent: string;
  readonly limit: string;
}

/** The places where groups with a memory limit can be made as root: version 1, or version 2 at its top. */
function hierarchy(): Hierarchy | undefined {
  const first = '/sys/fs/cgroup/memory';
  if (existsSync(join(first, 'memory.limit_in_bytes'))) return { parent: first, limit: 'memory.limit_in_bytes' };
  for (const second of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified']) {
    const enabled = join(second, 'cgroup.subtree_control');
    if (existsSync(enabled) && readFileSync(enabled, 'latin1').split(/\s+/).includes('memory')) {
      return { parent: second, limit: 'memory.max' };
    }
  }
  return undefined;
}

/** Makes one with a limit in bytes. */
export function makeCgroup(limit: number): Cgroup {
  const found = hierarchy();
  if (found === undefined) throw new Error('no hierarchy with the memory controller');
  const path = join(found.parent, `ringway-test-${process.pid}`);
  mkdirSync(path);
  const procs = join(path, 'cgroup.procs');
  const group: Cgroup = {
    procs,
    add: (pid) => writeFileSync(procs, `${pid}\n`),
    remove: () => rmdirSync(path),
  };
  try {
    writeFileSync(join(path, found.limit), `${limit}\n`);
  } catch (error) {
    group.remove();
    throw error;
  }
  return group;
}

/** Why none can be made here, or undefined. */
export function cgroupRefusal(): string | undefined {
  try {
    makeCgroup(64 * 1024 * 1024).remove();
    return undefined;
  } catch (error) {
    return `a memory cgroup cannot be made: ${error instanceof Error ? error.message : String(error)}`;
  }
}
