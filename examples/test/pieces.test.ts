import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { BLOCK_BYTES } from '../dist/main-job/block.js';
import { countFile } from '../dist/main-job/count-file.js';
import { CyclicSource } from '../dist/main-job/cyclic-source.js';
import { linesOf } from '../dist/main-job/lines.js';
import { SocketFrames, socketHeader } from '../dist/main-job/socket-frame.js';
import { countWords } from '../dist/main-job/words.js';
import { Scratch } from './support/scratch.js';

describe('the parts of the main job', () => {
  const scratch = new Scratch();

  after(() => {
    scratch.dispose();
  });

  it('cut a text into lines that make the text again, wherever chunks of the file end', async () => {
    const text = Array.from({ length: 300 }, (_, index) => 'ä '.repeat(index * 3)).join('\n');
    const lines: Buffer[] = [];
    for await (const line of linesOf(scratch.file('text', text))) lines.push(Buffer.from(line));
    assert.equal(lines.length, 300);
    assert.equal(Buffer.concat(lines).toString(), text);
  });

  it('count in lines what they count in the whole file', async () => {
    const path = scratch.file('random', randomBytes(200_000));
    const sum = { lines: 0, bytes: 0, words: 0 };
    for await (const line of linesOf(path)) {
      sum.lines++;
      sum.bytes += line.length;
      sum.words += countWords(line);
    }
    assert.deepEqual(sum, await countFile(path, new AbortController().signal));
  });

  for (const bytes of [1, 1000, BLOCK_BYTES, BLOCK_BYTES + 1, 200_000]) {
    it(`send a file of ${bytes} bytes again and again in whole blocks`, async () => {
      const contents = randomBytes(bytes);
      const source = await CyclicSource.read(scratch.file(`cyclic-${bytes}`, contents), 2 ** 30);
      for (let number = 0; number < 9; number++) {
        const expected = new Uint8Array(BLOCK_BYTES).map((_, at) => contents[(number * BLOCK_BYTES + at) % bytes]);
        assert.deepEqual(source.block(number), expected, `block ${number}`);
      }
    });
  }

  it('put messages together from a socket, whatever the pieces', () => {
    const blocks = Array.from({ length: 3 }, () => randomBytes(BLOCK_BYTES));
    const stream = Buffer.concat(blocks.flatMap((block, number) => [socketHeader(number), block]));
    for (const step of [7, 16, 1000, BLOCK_BYTES, stream.length]) {
      const found: number[] = [];
      const frames = new SocketFrames((number, block) => {
        assert.ok(blocks[number].equals(block));
        found.push(number);
      });
      for (let at = 0; at < stream.length; at += step) frames.push(stream.subarray(at, at + step));
      assert.deepEqual(found, [0, 1, 2], `pieces of ${step} bytes`);
    }
  });
});
