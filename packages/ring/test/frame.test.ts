import assert from 'node:assert/strict';
import fc from 'fast-check';

import { checkedFrameBytes, frameBytes, frameTag, frameType, isSkipped, metadataBytes } from '../dist/frame.js';
import { FRAME_FLAG_META, FRAME_HEADER_BYTES, FRAME_TYPE, FRAME_TYPE_OPTIONAL } from '../dist/layout.js';

const ROOMY = 2 ** 30;
const word = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });

describe('a frame', () => {
  it('takes its header and its length, rounded up to 8', () => {
    assert.deepEqual([0, 1, 7, 8, 9, 16].map(frameBytes), [8, 16, 16, 16, 24, 24]);
  });

  it('keeps type and metadata apart in its second header word', () => {
    for (const metadata of [0, 8, 0x7ff8, 0xfff8]) {
      for (const type of [FRAME_TYPE.message, FRAME_TYPE.spill, 200]) {
        const tag = frameTag(type, metadata);
        assert.equal(frameType(tag), type);
        assert.equal(metadataBytes(tag), metadata);
        assert.equal(checkedFrameBytes(metadata, tag, ROOMY), frameBytes(metadata));
      }
    }
  });

  it('of a correct producer is accepted with exactly the bytes that it takes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 28 }), fc.integer({ min: 0, max: 0x1fff }), (payload, entries) => {
        const metadata = entries * 8;
        const bytes = frameBytes(payload + metadata);
        const tag = frameTag(FRAME_TYPE.message, metadata);
        assert.equal(checkedFrameBytes(payload + metadata, tag, bytes), bytes);
        assert.equal(checkedFrameBytes(payload + metadata, tag, bytes - 8), 0, 'beyond the published position');
      }),
    );
  });

  it('of random words is refused, or lies within what was published', () => {
    const available = fc.integer({ min: 8, max: ROOMY / 8 }).map((units) => units * 8);
    fc.assert(
      fc.property(word, word, available, (length, tag, room) => {
        const bytes = checkedFrameBytes(length, tag, room);
        if (bytes === 0) return;
        assert.ok(bytes >= FRAME_HEADER_BYTES && bytes <= room && bytes % 8 === 0);
        assert.ok(length >= 0 && length <= bytes - FRAME_HEADER_BYTES);
        assert.ok(metadataBytes(tag) <= length && metadataBytes(tag) % 8 === 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('of nearly right words is refused, or lies within what was published', () => {
    const tag = fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 128 }))
      .map(([type, flags, metadata]) => type | (flags << 8) | (metadata << 16));
    fc.assert(
      fc.property(fc.integer({ min: -16, max: 600 }), tag, fc.integer({ min: 1, max: 64 }), (length, second, units) => {
        const bytes = checkedFrameBytes(length, second, units * 8);
        const type = frameType(second);
        const known = (type >= FRAME_TYPE.message && type <= FRAME_TYPE.control) || type >= FRAME_TYPE_OPTIONAL;
        const metadata = metadataBytes(second);
        const flags = (second >>> 8) & 0xff;
        const wellFormed =
          metadata === 0 ? flags === 0 : flags === FRAME_FLAG_META && metadata % 8 === 0 && metadata <= length;
        const fits = length >= 0 && frameBytes(length) <= units * 8;
        assert.equal(bytes, known && wellFormed && fits ? frameBytes(length) : 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('without a length is a message of no bytes, but without a type it is none', () => {
    assert.equal(checkedFrameBytes(0, FRAME_TYPE.message, 8), 8);
    assert.equal(checkedFrameBytes(0, 0, 8), 0);
  });

  it('of an unknown type is passed over from 128 on, and refused below', () => {
    for (let type = 0; type < 256; type++) {
      const accepted = checkedFrameBytes(0, type, 64) !== 0;
      assert.equal(accepted, (type >= 1 && type <= 3) || type >= FRAME_TYPE_OPTIONAL, `type ${type}`);
      if (type >= FRAME_TYPE_OPTIONAL || type === FRAME_TYPE.control) assert.equal(isSkipped(type), true);
    }
    assert.equal(isSkipped(FRAME_TYPE.message), false);
    assert.equal(isSkipped(FRAME_TYPE.spill), false);
  });
});
