import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { codeOf } from './posix-error.js';

/** Names of the files of one version of the memory controller. */
interface Files {
  readonly limit: string;
  readonly usage: string;
  /** Key in `memory.stat` of the pages that the kernel can drop at once, this group's and those below it. */
  readonly reclaimable: string;
}

const VERSION_1: Files = {
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  reclaimable: 'total_inactive_file',
};
const VERSION_2: Files = { limit: 'memory.max', usage: 'memory.current', reclaimable: 'inactive_file' };

/** Version 1 writes "no limit" as the greatest multiple of a page in 63 bits: whatever is near it limits nothing. */
const NO_LIMIT_FROM = 2 ** 60;

/** One group that accounts this process's memory: its own, or one above it. */
interface Level {
  readonly directory: string;
  readonly files: Files;
}

/** What is left under the tightest limit. */
export interface CgroupRoom {
  /** Bytes that may still be used before the kernel kills. */
  readonly available: number;
  /** Directory of the group whose limit it is. */
  readonly group: string;
}

/** The memory cgroups of this process, version 2 or 1. */
export class MemoryCgroups {
  readonly #root: string;
  #levels: readonly Level[] | undefined;

  /** @param root - directory below which `/proc` and the mount points are found; `/` but for tests */
  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Where `needed` bytes do not fit under the limits of the groups, up the whole hierarchy: the tightest one. Undefined where they
   * fit or nothing is limited. Beyond a limit `fallocate` does not fail: the kernel kills the process. Inactive page cache is no
   * obstacle, the kernel drops it first. Which groups there are is found once; the numbers are read at each call, one short file a
   * level, and more where a limit is set.
   */
  shortage(needed: number): CgroupRoom | undefined {
    this.#levels ??= findLevels(this.#root);
    try {
      return shortage(this.#levels, needed);
    } catch (error) {
      if (!isGone(error)) throw error;
      // The process was moved and its former group removed.
      this.#levels = findLevels(this.#root);
      return shortage(this.#levels, needed);
    }
  }
}

function isGone(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'ENOENT' || code === 'ENODEV';
}

function shortage(groups: readonly Level[], needed: number): CgroupRoom | undefined {
  let tightest: CgroupRoom | undefined;
  for (const { directory, files } of groups) {
    const limit = readNumber(join(directory, files.limit));
    if (limit >= NO_LIMIT_FROM) continue;
    let available = limit - readNumber(join(directory, files.usage));
    if (available < needed) available += reclaimable(directory, files);
    if (available < needed && (tightest === undefined || available < tightest.available)) {
      tightest = { available: Math.max(available, 0), group: directory };
    }
  }
  return tightest;
}

function readNumber(path: string): number {
  const text = readFileSync(path, 'latin1').trim();
  return text === 'max' ? Infinity : Number(text);
}

function reclaimable(directory: string, files: Files): number {
  const stat = readFileSync(join(directory, 'memory.stat'), 'latin1');
  const line = stat.split('\n').find((candidate) => candidate.startsWith(`${files.reclaimable} `));
  return line === undefined ? 0 : Number(line.slice(files.reclaimable.length + 1));
}

function findLevels(root: string): Level[] {
  const groups = readIfThere(join(root, 'proc/self/cgroup')).split('\n');
  const found: Level[] = [];
  for (const line of readIfThere(join(root, 'proc/self/mountinfo')).split('\n')) {
    const mount = parseMount(line);
    if (mount === undefined) continue;
    const group = groups.map(parseGroup).find((candidate) => candidate?.version === mount.version);
    if (group === undefined) continue;
    found.push(...levelsBetween({ ...mount, point: join(root, mount.point) }, group.path));
  }
  return found;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    // A kernel without control groups, or a container without them: nothing is limited that we could know of.
    if (isGone(error) || codeOf(error) === 'EACCES') return '';
    throw error;
  }
}

interface Mount {
  readonly version: 1 | 2;
  /** Which group of the hierarchy is mounted. */
  readonly root: string;
  readonly point: string;
}

/**
 * A line of `mountinfo`: id, parent, device, root, mount point, options, optional fields, a lone "-", type, source, options of the
 * super block.
 */
const MOUNT_PATTERN = /^\d+ \d+ \S+ (?<root>\S+) (?<point>\S+) .*? - (?<type>\S+) \S+ (?<options>\S+)$/;

function parseMount(line: string): Mount | undefined {
  const fields: Record<string, string | undefined> = MOUNT_PATTERN.exec(line)?.groups ?? {};
  const { root, point, type, options } = fields;
  const version = type === 'cgroup2' ? 2 : type === 'cgroup' && options?.split(',').includes('memory') ? 1 : undefined;
  if (root === undefined || point === undefined || version === undefined) return undefined;
  return { version, root: unescape(root), point: unescape(point) };
}

function unescape(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(parseInt(digits, 8)));
}

/** A line of `/proc/self/cgroup`: hierarchy, controllers, path. Version 2 is hierarchy 0 without controllers. */
function parseGroup(line: string): { version: 1 | 2; path: string } | undefined {
  const match = /^(\d+):([^:]*):(\/.*)$/.exec(line);
  if (match === null) return undefined;
  const [, hierarchy, controllers = '', path = '/'] = match;
  if (hierarchy === '0' && controllers === '') return { version: 2, path };
  return controllers.split(',').includes('memory') ? { version: 1, path } : undefined;
}

function levelsBetween(mount: Mount, group: string): Level[] {
  const files = mount.version === 2 ? VERSION_2 : VERSION_1;
  const found: Level[] = [];
  let directory = join(mount.point, pathInside(mount.root, group));
  for (;;) {
    // The root group of version 2 has no such files, and a group without the memory controller neither.
    if (existsSync(join(directory, files.limit)) && existsSync(join(directory, files.usage))) {
      found.push({ directory, files });
    }
    if (directory === mount.point || directory === '/') return found;
    directory = dirname(directory);
  }
}

/** A container often sees the path from outside, and its own group mounted as the root: then the mount point is the group. */
function pathInside(root: string, group: string): string {
  if (group.split('/').includes('..')) return '';
  if (root === '/') return group.slice(1);
  return group.startsWith(`${root}/`) ? group.slice(root.length + 1) : '';
}
