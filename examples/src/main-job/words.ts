const SPACE = 0x20;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;

/** Whether a byte separates words: space, tab, line feed, vertical tab, form feed, carriage return. */
export function isSeparator(byte: number): boolean {
  return byte === SPACE || (byte >= TAB && byte <= CARRIAGE_RETURN);
}

/** Words of a text, in bytes: UTF-8 has no separator within a character. */
export function countWords(bytes: Uint8Array): number {
  let words = 0;
  let inside = false;
  for (const byte of bytes) {
    const separator = isSeparator(byte);
    if (inside === separator) {
      inside = !separator;
      if (inside) words++;
    }
  }
  return words;
}
