/** Bytes of the number at the beginning of each message. */
const NUMBER_BYTES = 4;
const BYTE = 256;
/** Odd: neighbouring bytes, and the same byte of neighbouring messages, differ. */
const STEP = 151;
/** Least length, and how many lengths there are: some need padding, some none. */
const LEAST_LENGTH = 8;
const LENGTHS = 120;

/** A message as somebody received it. */
export interface Seen {
  readonly number: number;
  /** Whether its length and all its bytes are those that were sent. */
  readonly whole: boolean;
  readonly redelivered: boolean;
}

/** The message with this number: the number gives its length and each of its bytes. */
export function messageOf(number: number, length: number = LEAST_LENGTH + (number % LENGTHS)): Uint8Array {
  const message = new Uint8Array(length);
  new DataView(message.buffer).setUint32(0, number, true);
  for (let at = NUMBER_BYTES; at < length; at++) message[at] = (number + at * STEP) % BYTE;
  return message;
}

/** Reads one. */
export function seen(bytes: Uint8Array, redelivered: boolean): Seen {
  if (bytes.length < NUMBER_BYTES) return { number: -1, whole: false, redelivered };
  const number = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true);
  // Those that fill a lane have a length of their own, which their bytes cannot tell: one of the two must fit.
  const whole = [messageOf(number), messageOf(number, FILLING_BYTES)].some((sent) => Buffer.compare(sent, bytes) === 0);
  return { number, whole, redelivered };
}

/** Length of the messages that fill what holds them, in bytes. */
export const FILLING_BYTES = 256;
