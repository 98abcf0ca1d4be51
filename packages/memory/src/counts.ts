/** Throws `TypeError` or `RangeError` unless `value` is an integer from 0 on. */
export function checkCount(name: string, value: number): void {
  if (typeof value !== 'number') throw new TypeError(`"${name}" must be a number, not a ${typeof value}`);
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`"${name}" must be an integer from 0 to ${Number.MAX_SAFE_INTEGER}, not ${value}`);
  }
}
