import assert from 'node:assert/strict';
import { Unframer, framed } from '../dist/peers/length-prefix.js';

describe('messages on a socket', () => {
  const longest = 300;
  const messages = [0, 1, 5, 8, longest].map((length) => new Uint8Array(length).fill(length & 0xff));
  const stream = Buffer.concat(messages.map(framed));

  /** What comes out when the stream arrives in chunks of that size. */
  function received(chunkBytes: number): Uint8Array[] {
    const found: Uint8Array[] = [];
    const unframer = new Unframer(longest, (bytes, offset, length) => {
      found.push(Uint8Array.from(bytes.subarray(offset, offset + length)));
    });
    for (let at = 0; at < stream.length; at += chunkBytes) unframer.push(stream.subarray(at, at + chunkBytes));
    return found;
  }

  it('come out as they went in, wherever the stream is cut', () => {
    for (let chunkBytes = 1; chunkBytes <= stream.length; chunkBytes++)
      assert.deepEqual(received(chunkBytes), messages);
  });

  it('are refused when they are longer than agreed', () => {
    const unframer = new Unframer(longest, () => undefined);
    assert.throws(() => {
      unframer.push(framed(new Uint8Array(longest + 1)));
    }, /wrong message: its length is 301, at most 300 was agreed/);
  });
});
