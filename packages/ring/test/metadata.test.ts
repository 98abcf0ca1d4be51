import assert from 'node:assert/strict';
import fc from 'fast-check';
import { RingwayError } from '@ringway/memory';

import {
  MAX_METADATA_BYTES,
  METADATA_TAG,
  decodeMetadata,
  encodeMetadata,
  keyBytes,
  readTerms,
  wantedKey,
  type DeliveryTerms,
} from '../dist/metadata.js';
import { throwsCode } from './support/codes.js';

/** One entry of the list, as another implementation would write it. */
function entry(tag: number, data: Uint8Array, spare = 0): Uint8Array {
  const bytes = Buffer.alloc((4 + data.length + 7) & ~7);
  bytes.writeUInt8(tag, 0);
  bytes.writeUInt8(spare, 1);
  bytes.writeUInt16LE(data.length, 2);
  bytes.set(data, 4);
  return bytes;
}

describe('metadata', () => {
  it('of nothing takes no bytes', () => {
    assert.equal(encodeMetadata({}).length, 0);
    assert.deepEqual(decodeMetadata(new Uint8Array(0)), {});
  });

  it('comes back as it was, in a multiple of 8 bytes', () => {
    const header = fc.dictionary(fc.string(), fc.string(), { maxKeys: 6 });
    const metadata = fc.record(
      {
        time: fc.double({ min: 0, noNaN: true }),
        expiry: fc.double({ min: 0, noNaN: true }),
        notBefore: fc.double({ min: 0, noNaN: true }),
        origin: fc.stringMatching(/^[0-9a-f-]{0,60}$/),
        attempts: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        epoch: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        headers: header,
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(metadata, (given) => {
        const bytes = encodeMetadata(given);
        assert.equal(bytes.length % 8, 0);
        const found = decodeMetadata(bytes);
        for (const name of ['time', 'expiry', 'notBefore', 'origin', 'attempts', 'epoch'] as const) {
          assert.equal(found[name], given[name], name);
        }
        assert.deepEqual(Object.entries(found.headers ?? {}), Object.entries(given.headers ?? {}));
      }),
    );
  });

  it('of random bytes is a typed error, or something from inside', () => {
    const list = fc.integer({ min: 0, max: 32 }).chain((n) => fc.uint8Array({ minLength: n * 8, maxLength: n * 8 }));
    fc.assert(
      fc.property(list, (bytes) => {
        try {
          decodeMetadata(bytes);
        } catch (error) {
          assert.ok(error instanceof RingwayError, String(error));
          assert.equal(error.code, 'ERR_RINGWAY_FORMAT');
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('with one byte changed is a typed error, or something from inside', () => {
    const whole = encodeMetadata({ epoch: 7, time: 12.5, attempts: 3, headers: { trace: 'é"x', empty: '' } });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = whole.slice();
        changed[at] = byte;
        try {
          const { headers } = decodeMetadata(changed);
          for (const value of Object.values(headers ?? {})) assert.equal(typeof value, 'string');
        } catch (error) {
          assert.ok(error instanceof RingwayError, String(error));
          assert.equal(error.code, 'ERR_RINGWAY_FORMAT');
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('with an unknown tag from 128 on is read past it, and refused below', () => {
    const known = encodeMetadata({ attempts: 4 });
    const data = new Uint8Array(11);
    assert.deepEqual(decodeMetadata(Buffer.concat([entry(128, data), known, entry(255, data)])), { attempts: 4 });
    for (const tag of [0, 13, 127]) {
      throwsCode(() => decodeMetadata(Buffer.concat([known, entry(tag, data)])), 'ERR_RINGWAY_FORMAT');
    }
  });

  it('with a reserved tag is read past it, for a later minor version may write it', () => {
    for (const tag of [METADATA_TAG.correlationId, METADATA_TAG.replyTo, METADATA_TAG.contentType]) {
      assert.deepEqual(decodeMetadata(entry(tag, new Uint8Array(3))), {});
    }
  });

  it('with a key keeps it, in any script, and its bytes are found without decoding the rest', () => {
    for (const key of ['gold', 'müsli', '金', 'k'.repeat(255)]) {
      const copy = encodeMetadata({ headers: { a: 'b' }, time: 1, key });
      assert.equal(decodeMetadata(copy).key, key);
      assert.equal(keyBytes(copy), wantedKey(key));
    }
    assert.equal(keyBytes(encodeMetadata({ time: 1 })), undefined);
  });

  it('that runs over its end is refused', () => {
    const bytes = entry(METADATA_TAG.headers, Buffer.from('{}'));
    bytes[2] = 0xff;
    throwsCode(() => decodeMetadata(bytes), 'ERR_RINGWAY_FORMAT');
  });

  it('with a number of the wrong length is refused', () => {
    const { time, expiry, notBefore, attempts, epoch } = METADATA_TAG;
    for (const tag of [time, expiry, notBefore, attempts, epoch]) {
      for (const length of [0, 3, 5, 9]) {
        throwsCode(() => decodeMetadata(entry(tag, new Uint8Array(length))), 'ERR_RINGWAY_FORMAT');
      }
    }
  });

  it('with headers that are no object of strings is refused', () => {
    for (const text of ['', '{', '[]', 'null', '"x"', '1', '{"a":1}', '{"a":{}}', '{"a":null}']) {
      throwsCode(() => decodeMetadata(entry(METADATA_TAG.headers, Buffer.from(text))), 'ERR_RINGWAY_FORMAT');
    }
  });

  it('takes a header called __proto__ for a header', () => {
    const { headers } = decodeMetadata(entry(METADATA_TAG.headers, Buffer.from('{"__proto__":"x"}')));
    assert.deepEqual(Object.keys(headers ?? {}), ['__proto__']);
    assert.equal(({} as Record<string, unknown>).x, undefined);
  });

  it('refuses to carry a header that is no string', () => {
    assert.throws(() => encodeMetadata({ headers: { a: 1 as unknown as string } }), TypeError);
  });

  it('refuses to be longer than its frame can say, and takes what just fits', () => {
    const most = 'x'.repeat(MAX_METADATA_BYTES - 4 - '{"a":""}'.length);
    assert.equal(encodeMetadata({ headers: { a: most } }).length, MAX_METADATA_BYTES);
    assert.equal(decodeMetadata(encodeMetadata({ headers: { a: most } })).headers?.a, most);
    assert.throws(() => encodeMetadata({ headers: { a: `${most}x` } }), RangeError);
  });
});

describe('the terms of a message', () => {
  const none = { expiry: Infinity, notBefore: 0, attempts: 0 };

  function termsOf(list: Uint8Array): DeliveryTerms {
    // Somewhere in a lane, with garbage around.
    const lane = new Uint8Array(list.length + 32).fill(0xff);
    lane.set(list, 16);
    const terms = { expiry: NaN, notBefore: NaN, attempts: NaN };
    readTerms(lane, 16, list.length, terms);
    return terms;
  }

  it('are none where nothing says so', () => {
    assert.deepEqual(termsOf(new Uint8Array(0)), none);
    assert.deepEqual(termsOf(encodeMetadata({ time: 5, headers: { a: 'b' }, epoch: 3 })), none);
  });

  it('are read where they lie, as they decode', () => {
    const given = { time: 1, expiry: 12.5, notBefore: 7.25, attempts: 2 ** 32 - 1, headers: { a: 'b' }, origin: 'x' };
    assert.deepEqual(termsOf(encodeMetadata(given)), { expiry: 12.5, notBefore: 7.25, attempts: 2 ** 32 - 1 });
  });

  it('of random bytes are read out of them, and out of nothing else', () => {
    const list = fc.integer({ min: 0, max: 32 }).chain((n) => fc.uint8Array({ minLength: n * 8, maxLength: n * 8 }));
    fc.assert(
      fc.property(list, (bytes) => {
        let wanted: DeliveryTerms;
        try {
          const { expiry = Infinity, notBefore = 0, attempts = 0 } = decodeMetadata(bytes);
          wanted = { expiry, notBefore, attempts };
        } catch {
          // Whatever they are, reading them ends, and throws nothing.
          termsOf(bytes);
          return;
        }
        assert.deepEqual(termsOf(bytes), wanted);
      }),
      { numRuns: 2000 },
    );
  });
});
