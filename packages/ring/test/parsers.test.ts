import assert from 'node:assert/strict';
import fc from 'fast-check';

import { RingwayError } from '@ringway/memory';
import * as header from '../../memory/dist/header-layout.js';
import { decodeHeader, encodeHeader } from '../../memory/dist/header.js';
import { newHeader } from '../../memory/dist/new-header.js';
import { layoutOf, channelGeometry, channelSpec } from '../dist/channel.js';
import { checkedFrameBytes, frameBytes, frameTag, frameType, metadataBytes } from '../dist/frame.js';
import {
  KIND_QUEUE,
  FRAME_HEADER_BYTES,
  FRAME_TYPE,
  MAX_LANE_BYTES,
  MAX_PARTICIPANTS,
  MIN_LANE_BYTES,
  SPILL_REFERENCE_BYTES,
} from '../dist/layout.js';
import { METADATA_TAG, decodeMetadata } from '../dist/metadata.js';
import { decodeSpillReference, encodeSpillReference } from '../dist/spill.js';

const RUNS = { numRuns: 2000 };
const PATH = '/somewhere';
const UINT32 = 2 ** 32 - 1;
const LANE_WORDS = 512;

const word = fc.oneof(
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  fc.constantFrom(0, 1, -1, 7, 8, 9, 4095, 4096, 2 ** 30, 2 ** 31 - 1, -(2 ** 31), -8),
);
const creationId = fc.bigInt({ min: 1n, max: 2n ** 64n - 1n }).map((id) => id.toString(16).padStart(16, '0'));

/** Runs a parser: what it refuses must be typed, and of one of these codes. */
function parsed<T>(parse: () => T, ...codes: readonly string[]): T | undefined {
  try {
    return parse();
  } catch (error) {
    assert.ok(error instanceof RingwayError && codes.includes(error.code), String(error));
    return undefined;
  }
}

describe('a reference to a spilled message', () => {
  const reference = fc.record(
    {
      length: fc.oneof(fc.nat(), fc.maxSafeNat()),
      creationId,
      lane: fc.nat(MAX_PARTICIPANTS),
      sequence: fc.integer({ min: 0, max: UINT32 }),
    },
    { noNullPrototype: true },
  );

  it('comes back as it was', () => {
    fc.assert(
      fc.property(reference, (given) => {
        const bytes = encodeSpillReference(given);
        assert.equal(bytes.length, SPILL_REFERENCE_BYTES);
        assert.deepEqual(decodeSpillReference(bytes, given.creationId, given.lane, given.length), given);
      }),
      RUNS,
    );
  });

  it('of another lane, another segment, or to more than a message may have is none', () => {
    fc.assert(
      fc.property(reference, creationId, fc.nat(MAX_PARTICIPANTS), fc.maxSafeNat(), (given, id, lane, most) => {
        const found = decodeSpillReference(encodeSpillReference(given), id, lane, most);
        const mine = id === given.creationId && lane === given.lane && given.length <= most;
        assert.deepEqual(found, mine ? given : undefined);
      }),
      RUNS,
    );
  });

  it('with some bytes changed, or of another length, is none, or names this lane and a length that may be', () => {
    const change = fc.tuple(fc.nat(SPILL_REFERENCE_BYTES - 1), fc.nat(255));
    const most = 2 ** 20;
    fc.assert(
      fc.property(
        reference,
        fc.array(change, { maxLength: 4 }),
        fc.integer({ min: -24, max: 8 }),
        (given, changes, more) => {
          const bytes = Buffer.alloc(SPILL_REFERENCE_BYTES + Math.max(more, 0));
          bytes.set(encodeSpillReference({ ...given, length: given.length % most }));
          for (const [at, byte] of changes) bytes[at] = byte;
          const payload = bytes.subarray(0, SPILL_REFERENCE_BYTES + more);
          const found = decodeSpillReference(payload, given.creationId, given.lane, most);
          if (found === undefined) return;
          assert.equal(payload.length, SPILL_REFERENCE_BYTES);
          assert.ok(found.length >= 0 && found.length <= most);
          assert.equal(found.lane, given.lane);
          assert.ok(found.sequence >= 0 && found.sequence <= UINT32);
        },
      ),
      RUNS,
    );
  });
});

describe('the metadata of a frame', () => {
  const data = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ minLength: 8, maxLength: 8 }),
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.jsonValue().map((value) => new Uint8Array(Buffer.from(JSON.stringify(value)))),
    fc.dictionary(fc.string(), fc.string()).map((value) => new Uint8Array(Buffer.from(JSON.stringify(value)))),
  );
  const entry = fc.record({
    tag: fc.oneof(fc.constantFrom(...Object.values(METADATA_TAG)), fc.nat(255)),
    data,
    /** What its header says more than it has. */
    lie: fc.oneof(
      { weight: 8, arbitrary: fc.constant(0) },
      { weight: 1, arbitrary: fc.integer({ min: -16, max: 70_000 }) },
    ),
  });

  it('of entries that are nearly right is a typed error, or as its type says', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 5 }), (entries) => {
        const list = Buffer.concat(
          entries.map(({ tag, data: contents, lie }) => {
            const bytes = Buffer.alloc((4 + contents.length + 7) & ~7);
            bytes.writeUInt8(tag, 0);
            bytes.writeUInt16LE((contents.length + lie) & 0xffff, 2);
            bytes.set(contents, 4);
            return bytes;
          }),
        );
        const found = parsed(() => decodeMetadata(list), 'ERR_RINGWAY_FORMAT');
        if (found === undefined) return;
        for (const number of [found.attempts, found.epoch]) assert.ok(number === undefined || Number.isInteger(number));
        assert.ok(found.time === undefined || typeof found.time === 'number');
        for (const value of Object.values(found.headers ?? {})) assert.equal(typeof value, 'string');
      }),
      RUNS,
    );
  });
});

describe('the frames of a lane', () => {
  const type = fc.constantFrom(FRAME_TYPE.message, FRAME_TYPE.spill, FRAME_TYPE.control, 128, 255);
  const frame = fc.record({ type, metadata: fc.nat(3).map((entries) => entries * 8), payload: fc.nat(200) });
  const spoiled = fc.array(fc.tuple(fc.nat(LANE_WORDS - 1), word), { maxLength: 3 });

  /** Lays frames out, one behind the other; returns the position after the last that fits. */
  function layOut(frames: readonly { type: number; metadata: number; payload: number }[]): {
    lane: Int32Array;
    end: number;
    starts: number[];
  } {
    const lane = new Int32Array(LANE_WORDS);
    const starts: number[] = [];
    let end = 0;
    for (const { type: kind, metadata, payload } of frames) {
      const bytes = frameBytes(metadata + payload);
      if (end + bytes > lane.byteLength) break;
      lane[end >> 2] = metadata + payload;
      lane[(end >> 2) + 1] = frameTag(kind, metadata);
      starts.push(end);
      end += bytes;
    }
    return { lane, end, starts };
  }

  /** As a reader walks them. */
  function walk(lane: Int32Array, end: number): number[] {
    const starts: number[] = [];
    for (let at = 0; at < end;) {
      const length = lane[at >> 2];
      const tag = lane[(at >> 2) + 1];
      const bytes = checkedFrameBytes(length, tag, end - at);
      if (bytes === 0) break;
      assert.ok(
        bytes >= FRAME_HEADER_BYTES && bytes % 8 === 0 && at + bytes <= end,
        'a frame goes on behind the position',
      );
      assert.ok(metadataBytes(tag) <= length && at + FRAME_HEADER_BYTES + length <= end, 'its bytes lie inside');
      assert.notEqual(frameType(tag), 0);
      starts.push(at);
      at += bytes;
    }
    return starts;
  }

  it('are found where they were written', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 20 }), (frames) => {
        const { lane, end, starts } = layOut(frames);
        assert.deepEqual(walk(lane, end), starts);
      }),
      RUNS,
    );
  });

  it('with some words overwritten lie inside what was published, and are walked in a bounded number of steps', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 1, maxLength: 20 }), spoiled, (frames, changes) => {
        const { lane, end } = layOut(frames);
        for (const [at, value] of changes) lane[at] = value;
        assert.ok(walk(lane, end).length <= end / FRAME_HEADER_BYTES);
      }),
      RUNS,
    );
  });
});

describe('the header of a queue', () => {
  const geometry = fc.record({
    laneBytes: fc.integer({ min: 12, max: 30 }).map((power) => 2 ** power),
    maxProducers: fc.integer({ min: 1, max: MAX_PARTICIPANTS }),
    maxConsumers: fc.integer({ min: 1, max: MAX_PARTICIPANTS }),
    maxMessageBytes: fc.integer({ min: 1, max: UINT32 }),
    ephemeral: fc.boolean(),
  });
  const codecName = fc.string({ maxLength: 10 }).filter((name) => !name.includes('\0'));

  function pageOf(options: Parameters<typeof channelGeometry>[0], name: string): { page: Uint8Array; size: number } {
    const { kind, geometry: words, size } = channelSpec(KIND_QUEUE, channelGeometry(options));
    const spec = { kind, geometry: words, size, codecName: name, codecId: 0, schemaId: 0 };
    return { page: encodeHeader(newHeader(spec)), size };
  }

  it('comes back as it was, with room for all that it says', () => {
    fc.assert(
      fc.property(geometry, codecName, (options, name) => {
        const { page, size } = pageOf(options, name);
        const found = decodeHeader(page, size, PATH);
        assert.equal(found.codecName, name);
        const layout = layoutOf(found, PATH);
        assert.deepEqual(
          [layout.laneBytes, layout.lanes, layout.consumers, layout.size],
          [options.laneBytes, options.maxProducers, options.maxConsumers, size],
        );
      }),
    );
  });

  it('with some words overwritten is a typed error, or a geometry that the object has room for', () => {
    const field = fc.oneof(
      fc.constantFrom(header.MAJOR_OFFSET, header.KIND_OFFSET, header.SIZE_OFFSET, header.SIZE_OFFSET + 4),
      fc.nat(header.GEOMETRY_WORDS - 1).map((index) => header.GEOMETRY_OFFSET + 4 * index),
      fc.nat(header.SPARE_OFFSET + header.SPARE_BYTES - 4),
    );
    const value = fc.oneof(word, fc.constantFrom(1, 2, 3, 64, 1024, 1025, 8192, 12_288, 2 ** 20));
    const changes = fc.array(fc.tuple(field, value), { minLength: 1, maxLength: 4 });
    const small = fc.record({ laneBytes: fc.constant(4096), maxProducers: fc.nat(3).map((n) => n + 1) });
    let accepted = 0;
    fc.assert(
      fc.property(small, changes, (options, given) => {
        const { page, size } = pageOf(options, 'bytes');
        const view = new DataView(page.buffer, page.byteOffset, page.byteLength);
        for (const [offset, written] of given) view.setInt32(offset, written, true);
        const layout = parsed(
          () => layoutOf(decodeHeader(page, size, PATH), PATH),
          'ERR_RINGWAY_NOT_A_SEGMENT',
          'ERR_RINGWAY_FORMAT_VERSION',
          'ERR_RINGWAY_CORRUPT_SEGMENT',
        );
        if (layout === undefined) return;
        accepted++;
        assert.equal(layout.size, size);
        assert.ok(layout.laneBytes >= MIN_LANE_BYTES && layout.laneBytes <= MAX_LANE_BYTES);
        assert.equal(layout.laneBytes & (layout.laneBytes - 1), 0);
        assert.ok(layout.rowsByte < layout.controlBytes && layout.controlBytes % 4096 === 0);
        assert.equal(layout.controlBytes + layout.lanes * layout.laneBytes, size);
      }),
      RUNS,
    );
    assert.ok(accepted > 0, 'some changes are harmless');
  });

  it('that is cut off is refused at each length', () => {
    const { page, size } = pageOf({}, 'bytes');
    for (let length = 0; length < page.length; length++) {
      const found = parsed(
        () => decodeHeader(page.slice(0, length), size, PATH),
        'ERR_RINGWAY_NOT_A_SEGMENT',
        'ERR_RINGWAY_CORRUPT_SEGMENT',
      );
      assert.equal(found, undefined, `${length} bytes`);
    }
  });
});
