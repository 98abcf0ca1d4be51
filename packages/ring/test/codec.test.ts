import assert from 'node:assert/strict';
import fc from 'fast-check';

import { bytes, json, msgpack, text, typed, type Codec } from '@ringway/ring';
import { codecByName } from '../dist/codec.js';
import { throwsCode } from './support/codes.js';

/** Through a private copy, as a message goes. */
function through<T>(codec: Codec<T>, value: T): T {
  return codec.decode(codec.encode(value).slice());
}

describe('codecs', () => {
  const plain = fc.object({
    // MessagePack has whole numbers without a sign for zero.
    values: [
      fc.string(),
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.double({ noNaN: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    ],
    key: fc.string().filter((key) => key !== '__proto__'),
  });

  it('msgpack brings plain values back', () => {
    const codec = msgpack();
    fc.assert(fc.property(plain, (value) => assert.deepEqual(through(codec, value), value)));
  });

  it('msgpack writes plain MessagePack, which any language reads', () => {
    const codec = msgpack();
    const object = { a: 1 };
    // A map of one entry, in the short or in the long form, and then "a" and 1.
    const forms = [[0x81], [0xde, 0, 1]].map((map) => [...map, 0xa1, 0x61, 0x01].join());
    for (let count = 0; count < 40; count++) {
      assert.ok(forms.includes(codec.encode(object).join()), 'the same each time: no shared records');
    }
  });

  it('msgpack keeps dates, bytes and 64-bit integers', () => {
    const value = { date: new Date(86_400_000), bytes: new Uint8Array([1, 2, 3]), big: 2n ** 63n };
    const found = through(msgpack<typeof value>(), value);
    assert.deepEqual(found.date, value.date);
    assert.deepEqual([...found.bytes], [1, 2, 3]);
    assert.equal(found.big, value.big);
  });

  it('msgpack of two messages keeps them apart', () => {
    const codec = msgpack<string>();
    const first = codec.encode('first').slice();
    codec.encode('second');
    assert.equal(codec.decode(first), 'first');
  });

  it('json brings JSON back and refuses what JSON has no form for', () => {
    const codec = json();
    fc.assert(
      fc.property(fc.jsonValue(), (value) =>
        assert.equal(JSON.stringify(through(codec, value)), JSON.stringify(value)),
      ),
    );
    assert.throws(() => codec.encode(undefined), TypeError);
    assert.throws(() => codec.encode(() => undefined), TypeError);
  });

  it('text brings strings back and refuses anything else', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (value) => assert.equal(through(text(), value), value)));
    assert.throws(() => text().encode(1 as unknown as string), TypeError);
  });

  it('bytes are bytes, whatever array they were in', () => {
    assert.deepEqual([...through(bytes(), new Uint8Array([1, 2, 3]))], [1, 2, 3]);
    assert.deepEqual([...through(bytes(), Buffer.from('é'))], [0xc3, 0xa9]);
    assert.throws(() => bytes().encode('x' as unknown as Uint8Array), TypeError);
  });

  it('typed arrays come back as the same kind, also from a part of a buffer', () => {
    const floats = new Float64Array([0, 1.5, -2, Infinity, 4]);
    assert.deepEqual(through(typed(Float64Array), floats.subarray(1, 4)), floats.slice(1, 4));
    assert.deepEqual(through(typed(BigInt64Array), new BigInt64Array([-1n])), new BigInt64Array([-1n]));
    assert.throws(() => typed(Float64Array).encode(new Float32Array(1) as never), TypeError);
    assert.throws(() => typed(Float64Array).decode(new Uint8Array(12)), RangeError);
  });

  it('are found by the name that a header carries, unless they are not of Ringway', () => {
    for (const { name } of [msgpack(), json(), text(), bytes()]) assert.equal(codecByName(name).name, name);
    throwsCode(() => codecByName('typed:Float64Array'), 'ERR_RINGWAY_CODEC_MISMATCH');
    throwsCode(() => codecByName('__proto__'), 'ERR_RINGWAY_CODEC_MISMATCH');
  });
});
