import { execFileSync } from 'node:child_process';
import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import * as header from '../../../memory/dist/header-layout.js';
import type { Random } from '../chaos/random.js';
import { hostileWord, randomBytes } from './values.js';

const HEADER_WORDS = [
  header.MAJOR_OFFSET,
  header.MINOR_OFFSET,
  header.REQUIRED_FEATURES_OFFSET,
  header.OPTIONAL_FEATURES_OFFSET,
  header.KIND_OFFSET,
  header.CODEC_ID_OFFSET,
  header.SIZE_OFFSET,
  header.SIZE_OFFSET + 4,
  header.CREATED_TIME_OFFSET + 4,
  header.SCHEMA_ID_OFFSET,
];
/** The words that a queue gives a meaning. */
const GEOMETRY_IN_USE = 5;
const CODEC_NAMES = ['msgpack', 'json', '__proto__', '', 'typed:Float64Array', '\u0000x', 'é'.repeat(16)];
/** Beyond this an object is not grown in earnest: who believed it would reserve that much. */
const LARGEST_BYTES = 2 ** 24;

/** How the object of a segment is spoiled. */
export interface Damage {
  readonly what: string;
  /** Whether somebody who has it mapped may be killed by it (SIGBUS), for want of bytes behind his mapping. */
  readonly shrinks: boolean;
  readonly apply: () => void;
}

function writeAt(path: string, offset: number, bytes: Uint8Array): void {
  const fd = openSync(path, 'r+');
  try {
    writeSync(fd, bytes, 0, bytes.length, offset);
  } finally {
    closeSync(fd);
  }
}

/** The word there, or 0 where the object is too short for one. */
function wordAt(path: string, offset: number): number {
  const fd = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(4);
    readSync(fd, bytes, 0, bytes.length, offset);
    return bytes.readInt32LE();
  } finally {
    closeSync(fd);
  }
}

function word(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value | 0);
  return bytes;
}

function replace(path: string, make: (path: string) => void): void {
  rmSync(path, { recursive: true, force: true });
  make(path);
}

/** Puts another object in the place of the first, in one step. */
function exchange(path: string, contents: Uint8Array): void {
  const other = `${path}.other`;
  writeFileSync(other, contents);
  renameSync(other, path);
}

/** How the objects of spilled messages are spoiled: they are read, never mapped. */
function spillDamage(random: Random, path: string): Damage {
  const what = random.pick(['removed', 'cut', 'longer', 'a directory', 'a link to itself', 'other bytes'] as const);
  const apply = (): void => {
    for (const entry of readdirSync(dirname(path))) {
      if (!entry.startsWith(`${basename(path)}.`)) continue;
      const spill = join(dirname(path), entry);
      const stats = lstatSync(spill);
      // Spoiled already.
      if (!stats.isFile()) continue;
      const { size } = stats;
      if (what === 'removed') rmSync(spill);
      else if (what === 'cut') truncateSync(spill, random.between(0, size - 1));
      else if (what === 'longer') truncateSync(spill, size + random.pick([1, 2 ** 40]));
      else if (what === 'a directory') replace(spill, mkdirSync);
      else if (what === 'a link to itself') replace(spill, (at) => symlinkSync(at, at));
      else writeAt(spill, 0, randomBytes(random, Math.min(size, 16)));
    }
  };
  return { what: `spilled messages: ${what}`, shrinks: false, apply };
}

/** Chooses how to spoil an object; undefined if there is no file any more. */
export function chooseDamage(random: Random, path: string): Damage | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() !== true) return undefined;
  const { size } = stats;
  const word32 = (offset: number): number => wordAt(path, offset);
  const kinds: readonly (() => Damage)[] = [
    () => {
      const geometry = header.GEOMETRY_OFFSET + 4 * random.between(0, GEOMETRY_IN_USE - 1);
      const offset = random.next() < 0.4 ? geometry : random.pick(HEADER_WORDS);
      const value = hostileWord(random, word32(offset), size, () => word32(header.GEOMETRY_OFFSET));
      return {
        what: `header word ${offset} becomes ${value}`,
        shrinks: false,
        apply: () => writeAt(path, offset, word(value)),
      };
    },
    () => {
      const bytes = randomBytes(random, random.between(1, 64));
      const offset = random.between(0, header.SPARE_OFFSET + header.SPARE_BYTES - 1);
      return { what: `${bytes.length} bytes of the header`, shrinks: false, apply: () => writeAt(path, offset, bytes) };
    },
    () => {
      const name = Buffer.alloc(header.CODEC_NAME_BYTES);
      name.write(random.pick(CODEC_NAMES));
      return { what: 'codec name', shrinks: false, apply: () => writeAt(path, header.CODEC_NAME_OFFSET, name) };
    },
    () => {
      const length = random.pick([
        0,
        1,
        7,
        8,
        11,
        100,
        4095,
        4096,
        8192,
        size - 4096,
        size - 1,
        random.between(0, size),
      ]);
      return { what: `truncated to ${length}`, shrinks: true, apply: () => truncateSync(path, length) };
    },
    () => {
      const length = size + random.pick([1, 4096, 65_536, 2 ** 40]);
      return { what: `grown to ${length}`, shrinks: false, apply: () => truncateSync(path, length) };
    },
    () => {
      const length = Math.min(LARGEST_BYTES, size * random.pick([2, 4]));
      return {
        what: `grown to ${length}, and the header says so`,
        shrinks: false,
        apply: () => {
          truncateSync(path, length);
          writeAt(path, header.SIZE_OFFSET, word(length));
        },
      };
    },
    () => spillDamage(random, path),
    () => ({ what: 'unlinked', shrinks: false, apply: () => rmSync(path) }),
    () => ({ what: 'replaced by an empty file', shrinks: false, apply: () => exchange(path, new Uint8Array(0)) }),
    () => {
      const bytes = randomBytes(random, random.pick([8, 4096, 10_000]));
      return { what: 'replaced by random bytes', shrinks: false, apply: () => exchange(path, bytes) };
    },
    () => {
      const whole = size > LARGEST_BYTES ? new Uint8Array(size % LARGEST_BYTES) : readFileSync(path);
      return { what: 'replaced by a copy', shrinks: false, apply: () => exchange(path, whole) };
    },
    () => ({ what: 'replaced by a directory', shrinks: false, apply: () => replace(path, mkdirSync) }),
    () => ({
      what: 'replaced by a link to itself',
      shrinks: false,
      apply: () => replace(path, (at) => symlinkSync(at, at)),
    }),
    () => ({
      what: 'replaced by a FIFO',
      shrinks: false,
      apply: () => replace(path, (at) => void execFileSync('mkfifo', [at])),
    }),
  ];
  // A FIFO takes a process: not as often as the others.
  return kinds[random.between(0, kinds.length - (random.next() < 0.9 ? 2 : 1))]();
}
