import type { Random } from '../chaos/random.js';

const SIGN = 2 ** 31;
const BOUNDARIES: readonly number[] = [
  0,
  1,
  -1,
  2,
  3,
  7,
  8,
  9,
  -8,
  255,
  256,
  4095,
  4096,
  0xffff,
  0x10000,
  2 ** 30,
  SIGN - 8,
  SIGN - 1,
  -SIGN,
  -SIGN + 8,
];
const NUDGES: readonly number[] = [1, -1, 2, 4, 7, 8, -8, 16, -16, 64, -64];
const DOUBLES: readonly number[] = [0, -0, -1, 0.5, 1e300, -1e300, 2 ** 53, NaN, Infinity, -Infinity];

/**
 * A 32-bit word that somebody could write in the place of `current`: anything, a boundary, nearly what is there, or
 * what stands somewhere else.
 *
 * @param unit - a size that matters here: of the lane, of the table
 * @param elsewhere - a word of another place
 */
export function hostileWord(random: Random, current: number, unit: number, elsewhere: () => number): number {
  switch (random.between(0, 9)) {
    case 0:
      return random.between(-SIGN, SIGN - 1);
    case 1:
    case 2:
      return random.pick(BOUNDARIES);
    case 3:
    case 4:
      return (current + random.pick(NUDGES)) | 0;
    case 5:
      return (
        (current + random.pick([unit, -unit, unit / 2, unit + 8, 8 - unit, 2 * unit]) * random.pick([1, 1, 1, -1])) | 0
      );
    case 6:
      return current ^ (1 << random.between(0, 31));
    case 7:
      return random.between(0, unit) & -8;
    default:
      return elsewhere() | 0;
  }
}

/** As {@link hostileWord}, for a 64-bit float. */
export function hostileDouble(random: Random): number {
  return random.next() < 0.5 ? random.pick(DOUBLES) : (random.next() - 0.5) * 2 ** random.between(0, 80);
}

/** Bytes of no meaning. */
export function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = random.between(0, 255);
  return bytes;
}
