import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Queue } from '@ringway/ring';

import { Program } from './support/program.js';
import { Scratch } from './support/scratch.js';

describe('ringway rm', () => {
  const scratch = new Scratch();
  const program = new Program();

  afterEach(async () => {
    await program.kill();
    scratch.clean();
  });

  function withQueues(...names: string[]): string {
    const dir = scratch.directory();
    for (const name of names) Queue.open(name, { dir, laneBytes: 4096 }).close();
    return dir;
  }

  it('removes what it is told, and nothing else; who has it open goes on', async () => {
    const dir = withQueues('a', 'b', 'c');
    const open = Queue.open<number>('a', { dir });
    try {
      assert.deepEqual(await program.run('rm', '--dir', dir, 'a', 'b'), { status: 0, stdout: '', stderr: '' });
      assert.deepEqual(
        Queue.list({ dir }).map(({ name }) => name),
        ['c'],
      );
      assert.equal(open.closed, false);
    } finally {
      open.close();
    }
  });

  it('goes on after a name that it cannot remove, says why, and exits with 1', async () => {
    const dir = withQueues('a', 'b');
    writeFileSync(join(dir, `${process.env.RINGWAY_NAMESPACE ?? ''}precious.ringway`), 'no segment');
    const names = ['none', 'precious', 'a/b', 'a'];
    const { status, stdout, stderr } = await program.run('rm', '--dir', dir, '--json', ...names);
    assert.equal(status, 1);
    const codes = ['ERR_RINGWAY_NOT_FOUND', 'ERR_RINGWAY_NOT_A_SEGMENT', 'ERR_RINGWAY_INVALID_NAME'];
    assert.deepEqual(
      stderr.split('\n').map((line) => line.split(': ')[1]),
      [...codes, undefined],
    );
    const { removed, failed } = JSON.parse(stdout) as { removed: string[]; failed: { name: string; code: string }[] };
    assert.deepEqual(removed, ['a']);
    assert.deepEqual(
      failed.map(({ name, code }) => [name, code]),
      codes.map((code, index) => [names[index], code]),
    );
    assert.equal(readdirSync(dir).length, 2);
  });

  it('by --force takes no offence at a name that does not exist', async () => {
    const dir = withQueues('a');
    assert.deepEqual(await program.run('rm', '--force', '--dir', dir, 'none', 'a'), {
      status: 0,
      stdout: '',
      stderr: '',
    });
    assert.deepEqual(readdirSync(dir), []);
  });
});
