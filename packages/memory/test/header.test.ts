import assert from 'node:assert/strict';

import type { ErrorCode, SegmentHeader } from '@ringway/memory';

import { bootId } from '../dist/boot.js';
import * as layout from '../dist/header-layout.js';
import { checkHeader, decodeHeader, encodeHeader } from '../dist/header.js';
import { newHeader } from '../dist/new-header.js';
import { SPEC } from './support/scratch.js';
import { throwsCode } from './support/throws.js';

const PATH = '/somewhere';

describe('the header of a segment', () => {
  const header: SegmentHeader = newHeader({
    ...SPEC,
    size: 3 * 2 ** 32 + 4096,
    codecName: 'größe',
    optionalFeatures: 2 ** 31,
  });
  const page = encodeHeader(header);

  /** Decodes the page after a change. */
  function decodeChanged(change: (view: DataView, bytes: Uint8Array) => void): SegmentHeader {
    const copy = page.slice();
    change(new DataView(copy.buffer), copy);
    return decodeHeader(copy, header.size, PATH);
  }

  it('is read as it was written', () => {
    assert.deepEqual(decodeHeader(page, header.size, PATH), header);
    assert.equal(header.bootId, bootId());
    assert.match(header.creationId, /^[0-9a-f]{16}$/);
  });

  it('lays its fields side by side, 64 spare bytes last', () => {
    assert.equal(page.length, layout.HEADER_BYTES);
    assert.equal(layout.GEOMETRY_OFFSET + 4 * layout.GEOMETRY_WORDS, layout.SIZE_OFFSET);
    assert.equal(layout.CREATION_ID_OFFSET + layout.CREATION_ID_BYTES, layout.CODEC_NAME_OFFSET);
    assert.equal(layout.CODEC_NAME_OFFSET + layout.CODEC_NAME_BYTES, layout.CREATED_TIME_OFFSET);
    assert.equal(layout.BOOT_ID_OFFSET + layout.BOOT_ID_BYTES, layout.SCHEMA_ID_OFFSET);
    assert.equal(layout.SCHEMA_ID_OFFSET + 4, layout.SPARE_OFFSET);
  });

  it('cannot hold what does not fit', () => {
    for (const wrong of [
      { kind: 0 },
      { kind: 2 ** 32 },
      { kind: 1.5 },
      { codecId: -1 },
      { schemaId: NaN },
      { geometry: new Array<number>(17).fill(0) },
      { geometry: [-1] },
      { size: 4097 },
      { size: 0 },
      { size: 2 ** 53 },
      { codecName: 'x'.repeat(33) },
      { codecName: 'ä'.repeat(17) },
      { codecName: 'a\0b' },
    ]) {
      assert.throws(() => encodeHeader({ ...header, ...wrong }), RangeError, JSON.stringify(wrong));
    }
  });

  it('is refused when anything in it is impossible', () => {
    const cases: readonly (readonly [ErrorCode, string, (view: DataView, bytes: Uint8Array) => void])[] = [
      ['ERR_RINGWAY_NOT_A_SEGMENT', 'magic', (_, bytes) => bytes.set([0], layout.MAGIC_OFFSET + 7)],
      ['ERR_RINGWAY_FORMAT_VERSION', 'major', (view) => view.setUint32(layout.MAJOR_OFFSET, 2, true)],
      ['ERR_RINGWAY_FORMAT_VERSION', 'major 0', (view) => view.setUint32(layout.MAJOR_OFFSET, 0, true)],
      ['ERR_RINGWAY_CORRUPT_SEGMENT', 'size 0', (view) => view.setUint32(layout.SIZE_OFFSET + 4, 0, true)],
      ['ERR_RINGWAY_CORRUPT_SEGMENT', 'odd size', (view) => view.setUint32(layout.SIZE_OFFSET, 4097, true)],
      ['ERR_RINGWAY_CORRUPT_SEGMENT', 'huge size', (view) => view.setUint32(layout.SIZE_OFFSET + 4, 2 ** 31, true)],
      ['ERR_RINGWAY_CORRUPT_SEGMENT', 'no kind', (view) => view.setUint32(layout.KIND_OFFSET, 0, true)],
      [
        'ERR_RINGWAY_CORRUPT_SEGMENT',
        'no id',
        (_, bytes) => bytes.fill(0, layout.CREATION_ID_OFFSET, layout.CODEC_NAME_OFFSET),
      ],
      ['ERR_RINGWAY_CORRUPT_SEGMENT', 'bad UTF-8', (_, bytes) => bytes.set([0xff], layout.CODEC_NAME_OFFSET)],
      ['ERR_RINGWAY_CORRUPT_SEGMENT', 'text after NUL', (_, bytes) => bytes.set([65], layout.CODEC_NAME_OFFSET + 31)],
      ['ERR_RINGWAY_CORRUPT_SEGMENT', 'time', (view) => view.setUint32(layout.CREATED_TIME_OFFSET + 4, 2 ** 31, true)],
      ['ERR_RINGWAY_CORRUPT_SEGMENT', 'first spare byte', (_, bytes) => bytes.set([1], layout.SPARE_OFFSET)],
      ['ERR_RINGWAY_CORRUPT_SEGMENT', 'last spare byte', (_, bytes) => bytes.set([1], layout.SPARE_OFFSET + 63)],
    ];
    for (const [code, what, change] of cases) {
      const error = throwsCode(() => decodeChanged(change), code);
      assert.ok(error.message.includes(PATH), what);
    }
  });

  it('is refused when the object has another size, or ends within the header', () => {
    throwsCode(() => decodeHeader(page, header.size - 4096, PATH), 'ERR_RINGWAY_CORRUPT_SEGMENT');
    throwsCode(() => decodeHeader(page.subarray(0, 4095), 4095, PATH), 'ERR_RINGWAY_CORRUPT_SEGMENT');
    throwsCode(() => decodeHeader(page.subarray(0, 9), 9, PATH), 'ERR_RINGWAY_CORRUPT_SEGMENT');
    throwsCode(() => decodeHeader(page.subarray(0, 7), 7, PATH), 'ERR_RINGWAY_NOT_A_SEGMENT');
  });

  it('tells another major even where that has a shorter header', () => {
    const short = page.slice(0, 64);
    new DataView(short.buffer).setUint32(layout.MAJOR_OFFSET, 9, true);
    throwsCode(() => decodeHeader(short, 64, PATH), 'ERR_RINGWAY_FORMAT_VERSION');
  });

  it('of a newer minor, with optional features that nobody knows, is read', () => {
    const newer = decodeChanged((view) => {
      view.setUint32(layout.MINOR_OFFSET, 7, true);
      view.setUint32(layout.OPTIONAL_FEATURES_OFFSET, 0xffffffff, true);
    });
    assert.deepEqual([newer.minor, newer.optionalFeatures], [7, 0xffffffff]);
    assert.doesNotThrow(() => checkHeader(newer, { kind: 1 }, PATH));
  });

  it('is judged by features, boot and kind, in this order', () => {
    const strange = { ...header, requiredFeatures: 2 ** 31 + 1, bootId: 'another', kind: 2 };
    throwsCode(() => checkHeader(strange, { kind: 1, knownFeatures: 1 }, PATH), 'ERR_RINGWAY_UNSUPPORTED_FEATURE');
    const known = { kind: 1, knownFeatures: 2 ** 31 + 1 };
    throwsCode(() => checkHeader(strange, known, PATH), 'ERR_RINGWAY_OTHER_BOOT');
    throwsCode(() => checkHeader({ ...strange, bootId: bootId() }, known, PATH), 'ERR_RINGWAY_KIND_MISMATCH');
    assert.doesNotThrow(() => checkHeader({ ...strange, bootId: bootId(), kind: 1 }, known, PATH));
  });

  it('never makes the decoder throw anything but its own errors, whatever a page contains', () => {
    let seed = 1;
    const random = (): number => (seed = (seed * 48271) % 2147483647);
    for (let round = 0; round < 2000; round += 1) {
      const copy = page.slice();
      for (let change = 0; change < 4; change += 1) copy[random() % 240] = random() % 256;
      try {
        decodeHeader(copy, header.size, PATH);
      } catch (error) {
        assert.ok(error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_RINGWAY_'));
      }
    }
  });
});
