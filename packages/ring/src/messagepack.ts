/**
 * Most containers inside of each other. The decoder calls itself for each, and a stack that is used up is no error that
 * can be relied on.
 */
const MAX_DEPTH = 512;

/** Extension types of plain messages: the timestamp of the specification, and the one that stands for `undefined`. */
const TIMESTAMP = 0xff;
const UNDEFINED = 0x00;

// First bytes, as the specification names them. Those below the fixed map, and from the negative fixed integers on, are
// a whole number by themselves.
const FIXMAP = 0x80;
const FIXARRAY = 0x90;
const FIXSTR = 0xa0;
const NIL = 0xc0;
const RESERVED = 0xc1;
const BIN8 = 0xc4;
const EXT8 = 0xc7;
const EXT32 = 0xc9;
const FLOAT32 = 0xca;
const FIXEXT1 = 0xd4;
const FIXEXT16 = 0xd8;
const STR8 = 0xd9;
const ARRAY16 = 0xdc;
const MAP16 = 0xde;
const MAP32 = 0xdf;
const NEGATIVE = 0xe0;

/** Bytes of the numbers from {@link FLOAT32} on: two floats, four unsigned and four signed integers. */
const NUMBER_BYTES: readonly number[] = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];

/** Values that are still to come in each open container; shared by all calls, which never overlap. */
const remaining = new Float64Array(MAX_DEPTH + 1);

/**
 * Walks one MessagePack value without making anything of it, in time and memory that the message's own length bounds:
 * whatever is promised (elements, bytes) must be there. After this a decoder allocates no more than the message is long
 * times a small factor, and nests no deeper than {@link MAX_DEPTH}.
 *
 * Throws `RangeError` for what is cut off, or nested too deep, or has bytes behind it; `TypeError` for an extension
 * that plain messages do not have, some of which decoders take for code, cycles, or definitions that outlive the
 * message.
 */
export function checkMessagePack(bytes: Uint8Array): void {
  const end = bytes.length;
  let at = 0;
  let depth = 0;
  /** Of all containers together; each takes one byte at least. */
  let outstanding = 1;
  remaining[0] = 1;
  while (outstanding > 0) {
    if (outstanding > end - at) throw cutOff(end);
    const head = bytes[at++];
    outstanding--;
    remaining[depth]--;
    let children = 0;
    if (head < FIXMAP || head >= NEGATIVE) children = 0;
    else if (head < FIXARRAY) children = (head & 0x0f) * 2;
    else if (head < FIXSTR) children = head & 0x0f;
    else if (head < NIL) at += head & 0x1f;
    else if (head >= ARRAY16) {
      const wide = head === MAP32 || head === ARRAY16 + 1;
      children = uint(bytes, at, wide ? 4 : 2) * (head >= MAP16 ? 2 : 1);
      at += wide ? 4 : 2;
    } else at = skip(bytes, at, head);
    if (children > 0) {
      if (depth === MAX_DEPTH) throw new RangeError(`it is nested more than ${MAX_DEPTH} deep`);
      remaining[++depth] = children;
      outstanding += children;
    }
    while (depth > 0 && remaining[depth] === 0) depth--;
    if (at > end) throw cutOff(end);
  }
  if (at !== end) throw new RangeError(`${end - at} bytes stand behind it`);
}

/** Position after what has bytes, but no values inside. `at` is behind its first byte. */
function skip(bytes: Uint8Array, at: number, head: number): number {
  if (head < BIN8) {
    if (head === RESERVED) throw new TypeError('it has a byte 0xc1, which MessagePack never uses');
    return at;
  }
  if (head < EXT8) return lengthThen(bytes, at, head - BIN8);
  if (head <= EXT32) {
    const width = 1 << (head - EXT8);
    checkExtension(bytes[at + width]);
    return lengthThen(bytes, at, head - EXT8) + 1;
  }
  if (head < FIXEXT1) return at + NUMBER_BYTES[head - FLOAT32];
  if (head <= FIXEXT16) {
    checkExtension(bytes[at]);
    return at + 1 + (1 << (head - FIXEXT1));
  }
  return lengthThen(bytes, at, head - STR8);
}

/** Position after a length of 1, 2 or 4 bytes (`form` 0, 1, 2) and as many bytes as it says. */
function lengthThen(bytes: Uint8Array, at: number, form: number): number {
  const width = 1 << form;
  return at + width + uint(bytes, at, width);
}

/** Big-endian; what lies behind the end counts as zero, and is found missing by the caller. */
function uint(bytes: Uint8Array, at: number, width: number): number {
  let value = 0;
  for (let i = 0; i < width; i++) value = value * 256 + (at + i < bytes.length ? bytes[at + i] : 0);
  return value;
}

function checkExtension(type: number | undefined): void {
  if (type === TIMESTAMP || type === UNDEFINED || type === undefined) return;
  const signed = type > 127 ? type - 256 : type;
  throw new TypeError(`it has an extension of type ${signed}, which this codec does not read`);
}

function cutOff(length: number): RangeError {
  return new RangeError(`it promises more than the ${length} bytes that it has`);
}
