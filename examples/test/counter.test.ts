import assert from 'node:assert/strict';
import { Segment } from 'ringway';
import { runExample } from './support/example.js';

describe('the counter example', () => {
  it('counts right though processes are killed, and leaves nothing behind', async () => {
    const before = Segment.list().length;
    const { status, stdout, stderr } = await runExample('counter', '3', '600000', '4');
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(
      stdout,
      /^7 processes counted to 600000; [0-4] were killed, [0-4] of them while they had the mutex\n$/,
    );
    assert.equal(Segment.list().length, before);
  });

  it('counts with one process and no kill, too', async () => {
    const { status, stdout, stderr } = await runExample('counter', '1', '1000', '0');
    assert.deepEqual([status, stderr], [0, '']);
    assert.equal(stdout, '1 processes counted to 1000; 0 were killed, 0 of them while they had the mutex\n');
  });
});
