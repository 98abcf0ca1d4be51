import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { runExample } from './support/example.js';

describe('the shm_open example', () => {
  it('creates, prints the descriptor, and unlinks', async () => {
    const name = `/ringway.${process.env.RINGWAY_NAMESPACE ?? ''}example`;
    const { status, stdout, stderr } = await runExample('shm-open', name);
    assert.deepEqual([status, stderr], [0, '']);
    const [opened, seen, gone, ...rest] = stdout.split('\n');
    assert.match(opened, /^shared memory \/ringway\..*example is open as descriptor \d+$/);
    assert.equal(seen, 'what one mapping writes the other reads: hello');
    assert.equal(gone, `${name} is gone`);
    assert.deepEqual(rest, ['']);
    assert.equal(existsSync(`/dev/shm${name}`), false);
  });

  it('says what is wrong with a name', async () => {
    const { status, stderr } = await runExample('shm-open', '/a/b');
    assert.equal(status, 1);
    assert.match(stderr, /EINVAL/);
  });
});
