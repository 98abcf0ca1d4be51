import { RingwayError } from '@ringway/memory';
import { Packr, Unpackr } from 'msgpackr';
import { checkMessagePack } from './messagepack.js';

/** Turns messages into bytes and back. `name` is kept in the segment's header: both sides must use the same. */
export interface Codec<T> {
  /** At most 32 bytes of UTF-8. */
  readonly name: string;
  /** The bytes may be reused by the next call: they are copied at once. */
  encode(value: T): Uint8Array;
  /** `bytes` is a private copy, which the value may keep. */
  decode(bytes: Uint8Array): T;
}

/**
 * Plain MessagePack, readable in any language: objects, arrays, strings, numbers, bigints of 64 bits, booleans, null,
 * undefined, Date, Map as objects, Uint8Array; nested at most 512 deep. Other extension types are refused. About 0.6 us
 * each way for six fields.
 */
export function msgpack<T = unknown>(): Codec<T> {
  const options = { useRecords: false, mapsAsObjects: true } as const;
  const packer = new Packr(options);
  const unpacker = new Unpackr(options);
  return {
    name: 'msgpack',
    encode: (value) => {
      const bytes = packer.pack(value);
      // What no consumer would take is refused here.
      checkMessagePack(bytes);
      return bytes;
    },
    decode: (bytes) => {
      checkMessagePack(bytes);
      return unpacker.unpack(bytes) as T;
    },
  };
}

/** JSON as UTF-8. What `JSON.stringify` turns into nothing (undefined, functions) is a `TypeError`. */
export function json<T = unknown>(): Codec<T> {
  return {
    name: 'json',
    encode(value) {
      const text = JSON.stringify(value) as string | undefined;
      if (text === undefined) throw new TypeError(`JSON has no form for a value of type ${typeof value}`);
      return Buffer.from(text, 'utf8');
    },
    decode: (bytes) => JSON.parse(asBuffer(bytes).toString('utf8')) as T,
  };
}

/** Strings as UTF-8. */
export function text(): Codec<string> {
  return {
    name: 'text',
    encode(value) {
      if (typeof value !== 'string') throw new TypeError(`text() sends strings, this is of type ${typeof value}`);
      return Buffer.from(value, 'utf8');
    },
    decode: (bytes) => asBuffer(bytes).toString('utf8'),
  };
}

/** Bytes as they are. What is received is a private copy. */
export function bytes(): Codec<Uint8Array> {
  return {
    name: 'bytes',
    encode(value) {
      if (!(value instanceof Uint8Array))
        throw new TypeError(`bytes() sends Uint8Array, this is of type ${typeof value}`);
      return value;
    },
    decode: (copy) => copy,
  };
}

/** A typed array of one kind. */
export type NumberArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** Constructor of a {@link NumberArray}. */
export interface NumberArrayConstructor {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  readonly prototype: NumberArray;
  new (buffer: ArrayBufferLike, offset: number, length: number): NumberArray;
}

/** Typed arrays of one kind, e.g. `typed(Float64Array)`. What is received is a private copy. */
export function typed<C extends NumberArrayConstructor>(kind: C): Codec<C['prototype']> {
  return {
    name: `typed:${kind.name}`,
    encode(value) {
      if (!(value instanceof kind)) throw new TypeError(`this codec sends ${kind.name} only`);
      return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    },
    decode(copy) {
      if (copy.length % kind.BYTES_PER_ELEMENT !== 0) {
        throw new RangeError(`${copy.length} bytes are no whole number of elements of ${kind.name}`);
      }
      return new kind(copy.buffer, copy.byteOffset, copy.length / kind.BYTES_PER_ELEMENT);
    },
  };
}

/** The codecs that an opener need not name: it finds them by the name in the segment's header. */
const BY_NAME: ReadonlyMap<string, () => Codec<never>> = new Map<string, () => Codec<never>>([
  ['msgpack', msgpack],
  ['json', json],
  ['text', text as unknown as () => Codec<never>],
  ['bytes', bytes as unknown as () => Codec<never>],
]);

/**
 * The codec that the creator of a segment named. Throws `ERR_RINGWAY_CODEC_MISMATCH` if it is none of Ringway's own.
 */
export function codecByName(name: string): Codec<never> {
  const make = BY_NAME.get(name);
  if (make !== undefined) return make();
  throw new RingwayError(
    'ERR_RINGWAY_CODEC_MISMATCH',
    `the segment's messages are in ${JSON.stringify(name)}, which is no codec of Ringway's own: open it with { codec }`,
  );
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
