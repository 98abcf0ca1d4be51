import assert from 'node:assert/strict';
import fc from 'fast-check';

import { msgpack } from '@ringway/ring';
import { checkMessagePack } from '../dist/messagepack.js';
import { Random } from './chaos/random.js';
import { hostileMessagePack } from './fuzz/hostile-messagepack.js';

const DEEPEST = 512;

/** `levels` arrays of one element, one in the other. */
function nested(levels: number): Uint8Array {
  return Uint8Array.from([...new Array<number>(levels).fill(0x91), 0xc0]);
}

describe('the check of MessagePack', () => {
  const codec = msgpack();
  const whole = fc.anything({
    maxDepth: 4,
    withDate: true,
    withBigInt: true,
    withNullPrototype: false,
    withSparseArray: false,
    withTypedArray: false,
  });

  it('lets pass what the codec writes', () => {
    fc.assert(
      fc.property(whole, (value) => {
        let encoded: Uint8Array;
        try {
          encoded = codec.encode(value);
        } catch {
          // Integers of more than 64 bits: refused on the other side already.
          return;
        }
        checkMessagePack(encoded);
      }),
      { numRuns: 2000 },
    );
  });

  it('lets pass each form of each length', () => {
    const forms = [
      'c0 c2 c3 00 7f e0 ff ca00000000 cb0000000000000000 cc00 cd0000 ce00000000 cf0000000000000000 d000',
      'd10000 d200000000 d30000000000000000 a0 a161 d90161 da000161 db0000000161 c40100 c5000100',
      'c60000000100 90 9100 dc000100 dd0000000100 80 81a16100 de0001a16100 df00000001a16100 d40000',
      'd6ff00000000 d7ff0000000000000000 c70cff000000000000000000000000',
    ].flatMap((line) => line.split(' '));
    for (const form of forms) {
      const bytes = Buffer.from(form, 'hex');
      checkMessagePack(bytes);
      codec.decode(bytes);
      assert.throws(() => checkMessagePack(bytes.subarray(0, -1)), RangeError, `${form} cut off`);
      assert.throws(() => checkMessagePack(Buffer.concat([bytes, Buffer.of(0)])), RangeError, `${form} and a byte`);
    }
  });

  it(`refuses what is nested more than ${DEEPEST} deep, however deep`, () => {
    checkMessagePack(nested(DEEPEST));
    codec.decode(nested(DEEPEST));
    for (const levels of [DEEPEST + 1, 5000, 100_000]) assert.throws(() => codec.decode(nested(levels)), /nested/);
    const maps = Buffer.from('81a161'.repeat(DEEPEST + 1) + 'c0', 'hex');
    assert.throws(() => codec.decode(maps), /nested/);
  });

  it('refuses more elements, in all containers together, than the message has bytes', () => {
    assert.throws(() => codec.decode(Buffer.from('ddffffffff', 'hex')), RangeError);
    assert.throws(() => codec.decode(Buffer.from('dfffffffff', 'hex')), RangeError);
    const message = Buffer.alloc(60_000);
    for (let at = 0; at + 3 <= message.length; at += 3) message.writeUIntBE(0xdc4000, at, 3);
    assert.throws(() => codec.decode(message), RangeError);
  });

  for (const [type, bytes] of [
    ['a cycle', 'c70569000000019100'],
    ['a reference', 'd67000000001'],
    ['an error', 'd4650093a14580a163'],
    ['a regular expression', 'd4780092a2282ba0'],
    ['a set', 'd473009101'],
    ['a definition of records, which would outlive the message', 'd4724091a16101'],
    ['strings that stand behind the message', 'd66200000005a161a162'],
    ['a large integer', 'c70942000000000000000001'],
    ['nobody', 'd43300'],
  ] as const) {
    it(`refuses an extension of ${type}`, () => {
      assert.throws(() => codec.decode(Buffer.from(bytes, 'hex')), /extension of type/);
    });
  }

  it('of bytes that mean harm lets pass nothing that harms', () => {
    const random = new Random(7);
    let accepted = 0;
    for (let count = 0; count < 20_000; count++) {
      const message = hostileMessagePack(random, 2000);
      try {
        checkMessagePack(message);
      } catch (error) {
        assert.ok(error instanceof RangeError || error instanceof TypeError, String(error));
        continue;
      }
      accepted++;
      // What is left for the decoder to refuse: a key that is no key.
      try {
        codec.decode(message);
      } catch (error) {
        assert.ok(error instanceof Error && !/Unexpected end|call stack/.test(error.message), String(error));
      }
      assert.deepEqual(Object.keys(Object.prototype), []);
    }
    assert.ok(accepted > 500, `${accepted} messages were whole`);
  });

  it('takes __proto__ for a name and nothing else', () => {
    const bytes = Buffer.concat([Buffer.of(0x81, 0xa9), Buffer.from('__proto__'), Buffer.from('81a17801', 'hex')]);
    const found = codec.decode(bytes) as object;
    assert.equal(Object.getPrototypeOf(found), Object.prototype);
    assert.equal((found as { x?: number }).x, undefined);
  });
});

describe('the codec msgpack', () => {
  it('refuses to encode what no consumer would decode', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 513; depth++) deep = [deep];
    const codec = msgpack();
    assert.throws(() => codec.encode(deep), RangeError);
    assert.deepEqual(codec.decode(codec.encode([[1]])), [[1]]);
  });
});
