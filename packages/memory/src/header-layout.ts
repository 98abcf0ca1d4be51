/**
 * Where everything stands in the first page of a segment. Little-endian; u64 is two u32, the low one first.
 *
 * ```
 *    0  magic "RINGWAY\x1a"                       8 bytes
 *    8  format major                              u32
 *   12  format minor                              u32
 *   16  required features                         u32, one bit each
 *   20  optional features                         u32, one bit each
 *   24  kind                                      u32, never 0
 *   28  codec id                                  u32, 0: not one of ours
 *   32  geometry                                  16 x u32
 *   96  size of the object                        u64, a multiple of 4096
 *  104  creation id                               8 bytes, random, never all zero
 *  112  codec name                                32 bytes, UTF-8, padded with NUL
 *  144  created, milliseconds since the epoch     u64
 *  152  boot id                                   16 bytes: the digits of the UUID
 *  168  schema id                                 u32, 0: none
 *  172  spare                                     64 bytes, all zero
 *  236  padding                                   up to 4096
 * ```
 */
export const HEADER_BYTES = 4096;

/** The last byte keeps text tools from taking a segment for a text file. */
export const MAGIC: Uint8Array = Uint8Array.of(0x52, 0x49, 0x4e, 0x47, 0x57, 0x41, 0x59, 0x1a);

export const FORMAT_MAJOR = 1;
export const FORMAT_MINOR = 0;

export const MAGIC_OFFSET = 0;
export const MAJOR_OFFSET = 8;
export const MINOR_OFFSET = 12;
export const REQUIRED_FEATURES_OFFSET = 16;
export const OPTIONAL_FEATURES_OFFSET = 20;
export const KIND_OFFSET = 24;
export const CODEC_ID_OFFSET = 28;
export const GEOMETRY_OFFSET = 32;
export const GEOMETRY_WORDS = 16;
export const SIZE_OFFSET = 96;
export const CREATION_ID_OFFSET = 104;
export const CREATION_ID_BYTES = 8;
export const CODEC_NAME_OFFSET = 112;
export const CODEC_NAME_BYTES = 32;
export const CREATED_TIME_OFFSET = 144;
export const BOOT_ID_OFFSET = 152;
export const BOOT_ID_BYTES = 16;
export const SCHEMA_ID_OFFSET = 168;
export const SPARE_OFFSET = 172;
export const SPARE_BYTES = 64;

/** A segment's size is a multiple of this. */
export const SIZE_UNIT = 4096;
