import { randomBytes } from 'node:crypto';

import { bootId } from './boot.js';
import { CREATION_ID_BYTES, FORMAT_MAJOR, FORMAT_MINOR, GEOMETRY_WORDS } from './header-layout.js';
import type { Geometry, SegmentHeader } from './header.js';

/** What the creator of a segment says in its header; the rest follows from when and where. */
export interface HeaderSpec {
  /** Which pattern lives here; not 0. */
  readonly kind: number;
  /** At most 16 unsigned 32-bit words; those that are missing become 0. */
  readonly geometry: Geometry;
  /** Size of the object in bytes, a multiple of 4096. */
  readonly size: number;
  /** At most 32 bytes of UTF-8. */
  readonly codecName: string;
  readonly codecId: number;
  readonly schemaId: number;
  /** Features that every opener must know, one bit each. Default none. */
  readonly requiredFeatures?: number;
  /** Features that an opener may ignore, one bit each. Default none. */
  readonly optionalFeatures?: number;
}

/** A header for a segment that is made now, with a creation id of its own. */
export function newHeader(spec: HeaderSpec): SegmentHeader {
  return {
    major: FORMAT_MAJOR,
    minor: FORMAT_MINOR,
    requiredFeatures: spec.requiredFeatures ?? 0,
    optionalFeatures: spec.optionalFeatures ?? 0,
    kind: spec.kind,
    geometry: [...spec.geometry, ...new Array<number>(Math.max(GEOMETRY_WORDS - spec.geometry.length, 0)).fill(0)],
    size: spec.size,
    creationId: newCreationId(),
    codecName: spec.codecName,
    codecId: spec.codecId,
    schemaId: spec.schemaId,
    bootId: bootId(),
    createdTime: Date.now(),
  };
}

function newCreationId(): string {
  for (;;) {
    const bytes = randomBytes(CREATION_ID_BYTES);
    // Zero means that there is no header.
    if (bytes.some((byte) => byte !== 0)) return bytes.toString('hex');
  }
}
