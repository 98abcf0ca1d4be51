import { RingwayError } from '@ringway/memory';

/**
 * Tags of a frame's metadata list; each entry is {u8 tag, u8 spare, u16 bytes, data padded to 8}. Unknown tags from 128 on are
 * skipped, unknown ones below are refused. Those without a meaning yet are reserved for it.
 */
export const METADATA_TAG = {
  /** Monotonic milliseconds as f64: when it was published. */
  time: 1,
  /** Monotonic milliseconds as f64: from then on nobody is given it. */
  expiry: 2,
  /** Monotonic milliseconds as f64: nobody is given it before. */
  notBefore: 3,
  /** u32: deliveries before this copy was published. */
  attempts: 4,
  /** The id of the first of its copies, ASCII. */
  origin: 5,
  /** What a message is about, UTF-8: subscribers choose by it. */
  key: 6,
  correlationId: 7,
  replyTo: 8,
  traceparent: 9,
  contentType: 10,
  /** User headers: JSON object of strings, UTF-8. */
  headers: 11,
  /** u32: the lane's epoch; on the first frame of each producer of a lane. */
  epoch: 12,
} as const;

const TAG_OPTIONAL = 128;
const HIGHEST_TAG = METADATA_TAG.epoch;
const ENTRY_HEADER_BYTES = 4;
/** Metadata of one frame at most: what fits the header's u16, as a multiple of 8. */
export const MAX_METADATA_BYTES = 0xfff8;

/** What a message carries besides its payload. */
export interface Metadata {
  /** CLOCK_MONOTONIC of the publication, in milliseconds; comparable between processes of one boot. */
  readonly time?: number | undefined;
  /** CLOCK_MONOTONIC, in milliseconds: from then on nobody is given it. */
  readonly expiry?: number | undefined;
  /** CLOCK_MONOTONIC, in milliseconds: nobody is given it before. */
  readonly notBefore?: number | undefined;
  /** The id of the message of which this is a copy. */
  readonly origin?: string | undefined;
  /** Deliveries of this message before this copy was published. */
  readonly attempts?: number | undefined;
  /** What it is about. */
  readonly key?: string | undefined;
  /** The user's own. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The lane's epoch; only on the first frame of a producer. */
  readonly epoch?: number | undefined;
}

const NO_METADATA: Metadata = Object.freeze({});

/**
 * Encodes the list, each entry padded to 8 bytes.
 *
 * @throws RangeError when it is longer than {@link MAX_METADATA_BYTES}; TypeError when a header is no string
 */
export function encodeMetadata(metadata: Metadata): Uint8Array {
  const entries: [tag: number, data: Buffer][] = [];
  if (metadata.epoch !== undefined) entries.push([METADATA_TAG.epoch, u32(metadata.epoch)]);
  for (const name of ['time', 'expiry', 'notBefore'] as const) {
    const at = metadata[name];
    if (at !== undefined) entries.push([METADATA_TAG[name], f64(at)]);
  }
  if (metadata.attempts !== undefined) entries.push([METADATA_TAG.attempts, u32(metadata.attempts)]);
  if (metadata.origin !== undefined) entries.push([METADATA_TAG.origin, Buffer.from(metadata.origin, 'latin1')]);
  if (metadata.key !== undefined) entries.push([METADATA_TAG.key, Buffer.from(metadata.key, 'utf8')]);
  if (metadata.headers !== undefined) {
    for (const [name, value] of Object.entries(metadata.headers)) {
      if (typeof value !== 'string') {
        throw new TypeError(`header ${JSON.stringify(name)} must be a string, it is of type ${typeof value}`);
      }
    }
    entries.push([METADATA_TAG.headers, Buffer.from(JSON.stringify(metadata.headers), 'utf8')]);
  }
  const size = entries.reduce((sum, [, data]) => sum + entryBytes(data.length), 0);
  if (size > MAX_METADATA_BYTES) {
    throw new RangeError(
      `metadata takes ${size} bytes, at most ${MAX_METADATA_BYTES} fit a message: shorten the headers`,
    );
  }
  const bytes = Buffer.alloc(size);
  let at = 0;
  for (const [tag, data] of entries) {
    bytes.writeUInt8(tag, at);
    bytes.writeUInt16LE(data.length, at + 2);
    data.copy(bytes, at + ENTRY_HEADER_BYTES);
    at += entryBytes(data.length);
  }
  return bytes;
}

/**
 * Decodes a private copy of a metadata list.
 *
 * @throws RingwayError `ERR_RINGWAY_FORMAT` for an entry that runs over the end, an unknown tag below 128, or bad contents
 */
export function decodeMetadata(copy: Uint8Array): Metadata {
  if (copy.length === 0) return NO_METADATA;
  const bytes = Buffer.from(copy.buffer, copy.byteOffset, copy.length);
  const found: { -readonly [K in keyof Metadata]: Metadata[K] } = {};
  for (let at = 0; at < bytes.length;) {
    const tag = bytes.readUInt8(at);
    const length = bytes.readUInt16LE(at + 2);
    const start = at + ENTRY_HEADER_BYTES;
    at += entryBytes(length);
    if (at > bytes.length) throw malformed(`entry with tag ${tag} runs over the end of the list`);
    const data = bytes.subarray(start, start + length);
    if (tag === METADATA_TAG.epoch) found.epoch = number(tag, data, 4).readUInt32LE();
    else if (tag === METADATA_TAG.time) found.time = number(tag, data, 8).readDoubleLE();
    else if (tag === METADATA_TAG.expiry) found.expiry = number(tag, data, 8).readDoubleLE();
    else if (tag === METADATA_TAG.notBefore) found.notBefore = number(tag, data, 8).readDoubleLE();
    else if (tag === METADATA_TAG.origin) found.origin = origin(data);
    else if (tag === METADATA_TAG.attempts) found.attempts = number(tag, data, 4).readUInt32LE();
    else if (tag === METADATA_TAG.key) found.key = data.toString('utf8');
    else if (tag === METADATA_TAG.headers) found.headers = headers(data);
    else if (tag === 0 || (tag > HIGHEST_TAG && tag < TAG_OPTIONAL)) throw malformed(`tag ${tag} is unknown`);
  }
  return found;
}

/** What decides whether, and when, a message is handed out. */
export interface DeliveryTerms {
  expiry: number;
  notBefore: number;
  attempts: number;
}

const scratch = new DataView(new ArrayBuffer(8));

/**
 * Reads the terms of a message out of its metadata where they lie, without decoding the rest. Each byte is read once, and none outside of the list: what a stranger changes
 * meanwhile changes the terms, and nothing else. What is malformed has none; who decodes it says so.
 *
 * @param terms - filled in: 0 for no attempts, infinite for no expiry, 0 for none to wait for
 */
export function readTerms(bytes: Uint8Array, start: number, length: number, terms: DeliveryTerms): void {
  terms.expiry = Infinity;
  terms.notBefore = 0;
  terms.attempts = 0;
  const end = start + length;
  for (let at = start; at + ENTRY_HEADER_BYTES <= end;) {
    const tag = bytes[at];
    const size = bytes[at + 2] | (bytes[at + 3] << 8);
    const data = at + ENTRY_HEADER_BYTES;
    at += entryBytes(size);
    if (at > end) return;
    if (tag === METADATA_TAG.expiry && size === 8) terms.expiry = readF64(bytes, data);
    else if (tag === METADATA_TAG.notBefore && size === 8) terms.notBefore = readF64(bytes, data);
    else if (tag === METADATA_TAG.attempts && size === 4) {
      for (let byte = 0; byte < 4; byte++) scratch.setUint8(byte, bytes[data + byte]);
      terms.attempts = scratch.getUint32(0, true);
    }
  }
}

/**
 * The key in a private copy of a metadata list, as its bytes in latin1: to be compared, without decoding anything else. Undefined where there is none.
 */
export function keyBytes(copy: Uint8Array): string | undefined {
  const bytes = Buffer.from(copy.buffer, copy.byteOffset, copy.length);
  for (let at = 0; at + ENTRY_HEADER_BYTES <= bytes.length;) {
    const size = bytes[at + 2] | (bytes[at + 3] << 8);
    const data = at + ENTRY_HEADER_BYTES;
    if (bytes[at] === METADATA_TAG.key) return bytes.toString('latin1', data, data + size);
    at += entryBytes(size);
  }
  return undefined;
}

/** A key as {@link keyBytes} gives it. */
export function wantedKey(key: string): string {
  return Buffer.from(key, 'utf8').toString('latin1');
}

function readF64(bytes: Uint8Array, at: number): number {
  for (let byte = 0; byte < 8; byte++) scratch.setUint8(byte, bytes[at + byte]);
  return scratch.getFloat64(0, true);
}

function entryBytes(length: number): number {
  return (ENTRY_HEADER_BYTES + length + 7) & ~7;
}

function f64(value: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeDoubleLE(value);
  return data;
}

function u32(value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeUInt32LE(value);
  return data;
}

function number(tag: number, data: Buffer, length: number): Buffer {
  if (data.length !== length) throw malformed(`tag ${tag} has ${data.length} bytes instead of ${length}`);
  return data;
}

function headers(data: Buffer): Record<string, string> {
  let value: unknown;
  try {
    value = JSON.parse(data.toString('utf8'));
  } catch (error) {
    throw malformed('the headers are no JSON', error);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw malformed('the headers are no JSON object');
  const entries = Object.entries(value);
  // A null prototype: a header called __proto__ is a header and nothing else.
  const found = Object.create(null) as Record<string, string>;
  for (const [name, header] of entries) {
    if (typeof header !== 'string') throw malformed(`header ${JSON.stringify(name)} is no string`);
    found[name] = header;
  }
  return found;
}

/** Longer than any id: what is longer was not written here. */
const MOST_ORIGIN_BYTES = 64;

function origin(data: Buffer): string {
  if (data.length > MOST_ORIGIN_BYTES) throw malformed(`the origin has ${data.length} bytes, an id has fewer`);
  return data.toString('latin1');
}

function malformed(what: string, cause?: unknown): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_FORMAT',
    `the metadata of a message is malformed: ${what}; its producer follows another version of the format, or none`,
    cause === undefined ? undefined : { cause },
  );
}
