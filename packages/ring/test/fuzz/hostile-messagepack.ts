import type { Random } from '../chaos/random.js';
import { randomBytes } from './values.js';

const NAMES: readonly string[] = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'then',
  'hasOwnProperty',
  '',
  'a',
];
/** Type codes: the timestamp, `undefined`, those that a well-known library gives a meaning, and one of nobody. */
const EXTENSIONS: readonly number[] = [0xff, 0, 0x42, 0x62, 0x65, 0x69, 0x70, 0x72, 0x73, 0x74, 0x78, 0x33];
const HUGE: readonly number[] = [0xffffffff, 0x7fffffff, 0x80000000, 0x01c9c380, 0x10000];

/**
 * A message that begins as MessagePack does and means harm: nested without end, lengths that nothing stands behind,
 * names that objects have already, extension types. At most `most` bytes.
 */
export function hostileMessagePack(random: Random, most: number): Uint8Array {
  const form = random.between(0, 5);
  if (form === 0) return nested(random, most);
  if (form === 1) return randomBytes(random, random.between(0, Math.min(most, 40)));
  const bytes: number[] = [];
  for (let count = random.between(1, 6); count > 0; count--) value(random, bytes, 4);
  return Uint8Array.from(bytes.slice(0, most));
}

function nested(random: Random, most: number): Uint8Array {
  const level = random.pick([
    [0x91],
    [0x81, 0xa1, 0x61],
    [0xdc, 0, 1],
    [0xdd, 0, 0, 0, 1],
    [0xdc, 0xff, 0xff],
    [0xd4, 0x73, 0],
    [0x81],
  ]);
  const bytes = new Uint8Array(random.between(1, most));
  for (let at = 0; at < bytes.length; at++) bytes[at] = level[at % level.length];
  return bytes;
}

function value(random: Random, bytes: number[], depth: number): void {
  switch (depth === 0 ? 0 : random.between(0, 7)) {
    case 0:
      bytes.push(random.between(0, 255));
      break;
    case 1:
      text(random, bytes);
      break;
    case 2:
      huge(random, bytes);
      break;
    case 3: {
      const type = random.pick(EXTENSIONS);
      const size = random.pick([1, 2, 4, 8, 16]);
      if (random.next() < 0.5) bytes.push(0xd4 + Math.log2(size), type);
      else bytes.push(0xc7, size, type);
      if (random.next() < 0.5) value(random, bytes, depth - 1);
      else bytes.push(...randomBytes(random, size));
      break;
    }
    case 4:
    case 5: {
      const count = random.between(0, 5);
      bytes.push(0x90 | count);
      for (let i = 0; i < count; i++) value(random, bytes, depth - 1);
      break;
    }
    default: {
      const count = random.between(0, 4);
      bytes.push(0x80 | count);
      for (let i = 0; i < count; i++) {
        if (random.next() < 0.8) text(random, bytes);
        else value(random, bytes, depth - 1);
        value(random, bytes, depth - 1);
      }
    }
  }
}

function text(random: Random, bytes: number[]): void {
  const name = Buffer.from(random.pick(NAMES));
  bytes.push(0xa0 | name.length, ...name);
}

/** A container, string, binary or extension that claims more than there is. */
function huge(random: Random, bytes: number[]): void {
  const head = random.pick([0xc6, 0xc9, 0xdb, 0xdd, 0xdf]);
  const length = random.pick(HUGE);
  bytes.push(head, length >>> 24, (length >>> 16) & 0xff, (length >>> 8) & 0xff, length & 0xff);
}
