import assert from 'node:assert/strict';
import { Segment } from 'ringway';
import { runExample } from './support/example.js';

describe('the work queue example', () => {
  it('does all jobs but those that cannot be done, though one kills its workers, and leaves nothing behind', async () => {
    const before = Segment.list().length;
    const { status, stdout, stderr } = await runExample('work-queue', '400', '2');
    assert.deepEqual([status, stderr], [0, '']);
    // Every 17th fails at first; 0, 101, 202, 303 always; 50 kills.
    assert.equal(
      stdout,
      '395 of 400 jobs done, 23 of them not at once; 5 given up after 3 tries: 0 50 101 202 303; 3 workers died of it\n',
    );
    assert.equal(Segment.list().length, before);
  });
});
