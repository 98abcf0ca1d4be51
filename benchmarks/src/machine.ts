import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import type { Pinning } from './pinning.js';

/** Where the figures come from. */
export interface Machine {
  readonly cpu: string;
  /** Logical CPUs that this process may use. */
  readonly cpus: number;
  readonly architecture: string;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly v8: string;
  /** Load average of the last minute when the bench began: above 0, the machine was at work for others too. */
  readonly load: number;
  /** Which CPU each process of a run is kept on by taskset; null: the kernel chooses. */
  readonly pinned: Pinning | null;
  /** Whether these two are threads of one core; null if unknown, or not pinned. */
  readonly siblings: boolean | null;
  readonly date: string;
}

/** The CPU that shares a core with this one tells so in the same words. */
function core(cpu: number): string | undefined {
  try {
    return readFileSync(`/sys/devices/system/cpu/cpu${cpu}/topology/thread_siblings_list`, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function siblings({ sender, receiver }: Pinning): boolean | null {
  const first = core(sender);
  const second = core(receiver);
  return first === undefined || second === undefined ? null : first === second;
}

/** Looks at this machine. */
export function describeMachine(pinning: Pinning | undefined): Machine {
  return {
    cpu: cpus().at(0)?.model ?? 'unknown',
    cpus: availableParallelism(),
    architecture: arch(),
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.versions.node,
    v8: process.versions.v8,
    load: loadavg()[0],
    pinned: pinning ?? null,
    siblings: pinning === undefined ? null : siblings(pinning),
    date: new Date().toISOString(),
  };
}
