import { bootId } from './boot.js';
import { RingwayError } from './errors.js';
import * as layout from './header-layout.js';

/** Geometry words of a segment's kind: what the creator chose, e.g. lane bytes and table sizes. Meaning belongs to the kind. */
export type Geometry = readonly number[];

/** The first page of every segment, decoded and checked; a private copy. `docs/format.md` has the offsets. */
export interface SegmentHeader {
  /** Format version; another major is refused (`ERR_RINGWAY_FORMAT_VERSION`). */
  readonly major: number;
  readonly minor: number;
  /** Feature bits. An opener refuses required ones that it does not know. */
  readonly requiredFeatures: number;
  readonly optionalFeatures: number;
  /** Which pattern lives here: 1 queue; more come with later kinds. */
  readonly kind: number;
  /** 16 unsigned 32-bit words. */
  readonly geometry: Geometry;
  /** Size of the whole object in bytes. */
  readonly size: number;
  /** Random, 64 bits, as 16 lower-case hexadecimal digits. */
  readonly creationId: string;
  /** Codec of the payloads: at most 32 bytes of UTF-8, and its number (0: not one of ours). */
  readonly codecName: string;
  readonly codecId: number;
  /** Schema id of the payloads, 0 if none was given. */
  readonly schemaId: number;
  /** `/proc/sys/kernel/random/boot_id` of the boot that made it. */
  readonly bootId: string;
  /** Milliseconds since the epoch, for people. */
  readonly createdTime: number;
}

/** What an opener demands of a header that is whole. */
export interface HeaderExpectations {
  /** The only kind that will do. */
  readonly kind: number;
  /** Required features that the opener understands, one bit each. Default none. */
  readonly knownFeatures?: number;
}

const UINT32_LIMIT = 2 ** 32;

function putUint64(view: DataView, offset: number, value: number): void {
  view.setUint32(offset, value % UINT32_LIMIT, true);
  view.setUint32(offset + 4, Math.floor(value / UINT32_LIMIT), true);
}

function getUint64(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * UINT32_LIMIT;
}

function checkUint32(value: number, what: string): void {
  if (!Number.isInteger(value) || value < 0 || value >= UINT32_LIMIT) {
    throw new RangeError(`${what} must be an unsigned 32-bit integer, got ${value}`);
  }
}

/** Whether `bytes` begin as a segment does. */
export function hasMagic(bytes: Uint8Array): boolean {
  return (
    bytes.length >= layout.MAGIC.length &&
    layout.MAGIC.every((byte, index) => byte === bytes[layout.MAGIC_OFFSET + index])
  );
}

/** The first page for a new segment. Throws `TypeError` or `RangeError` for what cannot be stored. */
export function encodeHeader(header: SegmentHeader): Uint8Array {
  const page = new Uint8Array(layout.HEADER_BYTES);
  const view = new DataView(page.buffer);
  const words: readonly (readonly [offset: number, value: number, what: string])[] = [
    [layout.MAJOR_OFFSET, header.major, 'major'],
    [layout.MINOR_OFFSET, header.minor, 'minor'],
    [layout.REQUIRED_FEATURES_OFFSET, header.requiredFeatures, 'requiredFeatures'],
    [layout.OPTIONAL_FEATURES_OFFSET, header.optionalFeatures, 'optionalFeatures'],
    [layout.KIND_OFFSET, header.kind, 'kind'],
    [layout.CODEC_ID_OFFSET, header.codecId, 'codecId'],
    [layout.SCHEMA_ID_OFFSET, header.schemaId, 'schemaId'],
  ];
  for (const [offset, value, what] of words) {
    checkUint32(value, what);
    view.setUint32(offset, value, true);
  }
  if (header.kind === 0) throw new RangeError('kind must not be 0');
  if (header.geometry.length > layout.GEOMETRY_WORDS) {
    throw new RangeError(`geometry has at most ${layout.GEOMETRY_WORDS} words, got ${header.geometry.length}`);
  }
  header.geometry.forEach((word, index) => {
    checkUint32(word, `geometry[${index}]`);
    view.setUint32(layout.GEOMETRY_OFFSET + 4 * index, word, true);
  });
  checkSize(header.size);
  putUint64(view, layout.SIZE_OFFSET, header.size);
  const name = new TextEncoder().encode(header.codecName);
  if (name.length > layout.CODEC_NAME_BYTES || name.includes(0)) {
    throw new RangeError(
      `codecName must be at most ${layout.CODEC_NAME_BYTES} bytes of UTF-8 without NUL, got ${JSON.stringify(header.codecName)}`,
    );
  }
  page.set(name, layout.CODEC_NAME_OFFSET);
  page.set(Buffer.from(header.creationId, 'hex'), layout.CREATION_ID_OFFSET);
  page.set(Buffer.from(header.bootId.replaceAll('-', ''), 'hex'), layout.BOOT_ID_OFFSET);
  putUint64(view, layout.CREATED_TIME_OFFSET, header.createdTime);
  page.set(layout.MAGIC, layout.MAGIC_OFFSET);
  return page;
}

/** Throws `RangeError` unless `size` can be a segment's: a safe integer, a multiple of 4096, at least one page. */
export function checkSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < layout.HEADER_BYTES || size % layout.SIZE_UNIT !== 0) {
    throw new RangeError(`the size of a segment must be a positive multiple of ${layout.SIZE_UNIT} bytes, got ${size}`);
  }
}

/**
 * Decodes the first page. Everything that is not plainly right is refused.
 *
 * @param page - a private copy of the first {@link layout.HEADER_BYTES} bytes, or of as many as there were
 * @param fileSize - size of the object as `fstat` tells it
 * @param path - for the message
 *
 * Errors: `ERR_RINGWAY_NOT_A_SEGMENT`, `ERR_RINGWAY_FORMAT_VERSION`, `ERR_RINGWAY_CORRUPT_SEGMENT`.
 */
export function decodeHeader(page: Uint8Array, fileSize: number, path: string): SegmentHeader {
  if (!hasMagic(page)) {
    throw new RingwayError(
      'ERR_RINGWAY_NOT_A_SEGMENT',
      `${path} is not a Ringway segment: its first ${layout.MAGIC.length} bytes are not a segment's. Use another name, or remove it`,
    );
  }
  const corrupt = (what: string): RingwayError =>
    new RingwayError('ERR_RINGWAY_CORRUPT_SEGMENT', `${path} is damaged: ${what}. Unlink it and make it anew`);
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
  // Another major may have a header of another length: its number is looked at before anything else.
  if (page.length >= layout.MAJOR_OFFSET + 4) {
    const major = view.getUint32(layout.MAJOR_OFFSET, true);
    if (major !== layout.FORMAT_MAJOR) {
      throw new RingwayError(
        'ERR_RINGWAY_FORMAT_VERSION',
        `${path} has format ${major}, this release reads format ${layout.FORMAT_MAJOR}. Let all processes use one release, ` +
          'or unlink it and make it anew',
      );
    }
  }
  if (page.length < layout.HEADER_BYTES)
    throw corrupt(`it has ${page.length} bytes, a header has ${layout.HEADER_BYTES}`);
  const size = getUint64(view, layout.SIZE_OFFSET);
  if (!Number.isSafeInteger(size) || size < layout.HEADER_BYTES || size % layout.SIZE_UNIT !== 0) {
    throw corrupt(`its header tells an impossible size of ${size} bytes`);
  }
  if (size !== fileSize) throw corrupt(`its header tells ${size} bytes, the object has ${fileSize}`);
  const kind = view.getUint32(layout.KIND_OFFSET, true);
  if (kind === 0) throw corrupt('its header tells no kind');
  const creationId = hex(page, layout.CREATION_ID_OFFSET, layout.CREATION_ID_BYTES);
  if (/^0+$/.test(creationId)) throw corrupt('its creation id is zero');
  const createdTime = getUint64(view, layout.CREATED_TIME_OFFSET);
  if (!Number.isSafeInteger(createdTime)) throw corrupt('its time of creation is impossible');
  const spare = page.subarray(layout.SPARE_OFFSET, layout.SPARE_OFFSET + layout.SPARE_BYTES);
  if (spare.some((byte) => byte !== 0)) throw corrupt('spare bytes of its header are not zero');
  const boot = hex(page, layout.BOOT_ID_OFFSET, layout.BOOT_ID_BYTES);
  const codecName = decodeCodecName(page);
  if (codecName === undefined) throw corrupt('the name of its codec is not UTF-8 padded with NUL');
  return {
    major: layout.FORMAT_MAJOR,
    minor: view.getUint32(layout.MINOR_OFFSET, true),
    requiredFeatures: view.getUint32(layout.REQUIRED_FEATURES_OFFSET, true),
    optionalFeatures: view.getUint32(layout.OPTIONAL_FEATURES_OFFSET, true),
    kind,
    geometry: Array.from({ length: layout.GEOMETRY_WORDS }, (_, index) =>
      view.getUint32(layout.GEOMETRY_OFFSET + 4 * index, true),
    ),
    size,
    creationId,
    codecName,
    codecId: view.getUint32(layout.CODEC_ID_OFFSET, true),
    schemaId: view.getUint32(layout.SCHEMA_ID_OFFSET, true),
    bootId: boot.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    createdTime,
  };
}

/**
 * Judges a header that is whole against what the opener can work with. Errors: `ERR_RINGWAY_UNSUPPORTED_FEATURE`,
 * `ERR_RINGWAY_OTHER_BOOT`, `ERR_RINGWAY_KIND_MISMATCH`.
 */
export function checkHeader(header: SegmentHeader, expected: HeaderExpectations, path: string): void {
  const unknown = (header.requiredFeatures & ~(expected.knownFeatures ?? 0)) >>> 0;
  if (unknown !== 0) {
    throw new RingwayError(
      'ERR_RINGWAY_UNSUPPORTED_FEATURE',
      `${path} requires features that this release does not know (bits 0x${unknown.toString(16)}). Use a newer release`,
    );
  }
  const today = bootId();
  if (header.bootId !== today) {
    throw new RingwayError(
      'ERR_RINGWAY_OTHER_BOOT',
      `${path} is from another boot of this host (${header.bootId}, now ${today}): nobody of then can be alive. Unlink it`,
    );
  }
  if (header.kind !== expected.kind) {
    throw new RingwayError(
      'ERR_RINGWAY_KIND_MISMATCH',
      `${path} is of kind ${header.kind}, expected kind ${expected.kind}. Use another name`,
    );
  }
}

function hex(page: Uint8Array, offset: number, length: number): string {
  return Buffer.from(page.buffer, page.byteOffset + offset, length).toString('hex');
}

function decodeCodecName(page: Uint8Array): string | undefined {
  const field = page.subarray(layout.CODEC_NAME_OFFSET, layout.CODEC_NAME_OFFSET + layout.CODEC_NAME_BYTES);
  const end = field.indexOf(0);
  const name = end === -1 ? field : field.subarray(0, end);
  if (field.subarray(name.length).some((byte) => byte !== 0)) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    // Not UTF-8: the caller says so, with the path.
    return undefined;
  }
}
