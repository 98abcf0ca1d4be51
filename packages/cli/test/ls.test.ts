import assert from 'node:assert/strict';
import { execFileSync, fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Segment } from '@ringway/memory';
import { Blackboard, Queue } from '@ringway/ring';
import { Barrier, Condition, Mutex, RwLock, Semaphore } from '@ringway/sync';

import { Program } from './support/program.js';
import { Scratch } from './support/scratch.js';

interface Listed {
  readonly name: string;
  readonly slots: { readonly alive: number; readonly dead: number; readonly left: number } | null;
  readonly [key: string]: unknown;
}

describe('ringway ls', () => {
  const scratch = new Scratch();
  const program = new Program();
  const children = new Set<ChildProcess>();

  afterEach(async () => {
    for (const child of children) await kill(child);
    await program.kill();
    scratch.clean();
  });

  async function kill(child: ChildProcess): Promise<void> {
    children.delete(child);
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Starts a process that takes part in the queue with two slots. */
  async function participant(dir: string, name: string): Promise<ChildProcess> {
    const path = fileURLToPath(new URL('fixtures/participant.js', import.meta.url));
    const child = fork(path, [dir, name], { stdio: 'inherit' });
    children.add(child);
    await once(child, 'message');
    return child;
  }

  async function listed(dir: string): Promise<Listed[]> {
    const { status, stdout, stderr } = await program.run('ls', '--dir', dir, '--json');
    assert.deepEqual([status, stderr], [0, '']);
    return JSON.parse(stdout) as Listed[];
  }

  it('tells who is alive and who has died, until somebody adopts what he left', async () => {
    const dir = scratch.directory();
    const first = await participant(dir, 'orders');
    const second = Queue.open('orders', { dir });
    const consumer = second.consumer();
    try {
      assert.deepEqual((await listed(dir))[0].slots, { alive: 3, dead: 0, left: 0 });
      await kill(first);
      consumer.close();
      second.close();
      const { alive, dead } = (await listed(dir))[0].slots ?? { alive: -1, dead: -1 };
      assert.deepEqual([alive, dead], [0, 2]);
    } finally {
      second.close();
    }
  });

  it('gives all that is known as JSON, also of kinds that it does not know', async () => {
    const dir = scratch.directory();
    Queue.open('a-queue', { dir, laneBytes: 4096, maxProducers: 1, maxConsumers: 1 }).close();
    const spec = { dir, kind: 4711, geometry: [], size: 8192, codecName: 'raw', codecId: 0, schemaId: 0, mode: 0o640 };
    const strange = Segment.create('b-strange', spec);
    strange.close();
    const { header, path } = strange;
    const [queue, other] = await listed(dir);
    assert.deepEqual([queue.name, queue.kind, queue.kindNumber, queue.codec], ['a-queue', 'queue', 1, 'msgpack']);
    assert.deepEqual(queue.slots, { alive: 0, dead: 0, left: 0 });
    assert.deepEqual(other, {
      name: 'b-strange',
      path,
      kind: 'kind 4711',
      kindNumber: 4711,
      size: 8192,
      allocated: statSync(path).blocks * 512,
      slots: null,
      owner: userInfo().username,
      uid: userInfo().uid,
      mode: '0640',
      created: new Date(header.createdTime).toISOString(),
      currentBoot: true,
      codec: 'raw',
      creationId: header.creationId,
    });
  });

  it('tells the word for each kind, and counts the handles of a lock', async () => {
    const dir = scratch.directory();
    const board = Blackboard.open('blackboard', { dir, maxKeys: 1 });
    board.writer('key');
    const opened = [
      Barrier.open('barrier', { dir, parties: 2 }),
      board,
      Condition.open('condition', { dir }),
      Mutex.open('mutex', { dir }),
      Mutex.open('mutex', { dir }),
      RwLock.open('rw-lock', { dir }),
      Semaphore.open('semaphore', { dir, permits: 3 }),
    ];
    try {
      assert.deepEqual(
        (await listed(dir)).map(({ name, kind, slots }) => [name, kind, slots?.alive]),
        [
          ['barrier', 'barrier', 1],
          ['blackboard', 'blackboard', 1],
          ['condition', 'condition', 1],
          ['mutex', 'mutex', 2],
          ['rw-lock', 'rw-lock', 1],
          ['semaphore', 'semaphore', 1],
        ],
      );
    } finally {
      for (const each of opened) each.close();
    }
    assert.deepEqual(new Set((await listed(dir)).map(({ slots }) => slots?.alive)), new Set([0]));
  });

  it('prints a table for people, and nothing where nothing is', async () => {
    const dir = scratch.directory();
    assert.deepEqual(await program.run('ls', '--dir', dir), { status: 0, stdout: '', stderr: '' });
    await participant(dir, 'orders');
    const { status, stdout } = await program.run('ls', '--dir', dir);
    assert.equal(status, 0);
    const [headings, row, ...rest] = stdout.split('\n');
    assert.match(headings, /^NAME +KIND +SIZE +ALLOCATED +ALIVE +DEAD +OWNER +MODE +AGE$/);
    assert.match(row, /^orders +queue +[\d.]+ KiB +[\d.]+ KiB +2 +0 +\S+ +0640 +\d+ s$/);
    assert.deepEqual(rest, ['']);
  });

  it('changes nothing by looking', async () => {
    const dir = scratch.directory();
    await participant(dir, 'orders');
    const path = join(dir, readdirSync(dir)[0]);
    const before = statSync(path);
    await program.run('ls', '--dir', dir);
    const { blocks, mtimeMs, ctimeMs } = statSync(path);
    assert.deepEqual([blocks, mtimeMs, ctimeMs], [before.blocks, before.mtimeMs, before.ctimeMs]);
  });

  it('lists a queue whose geometry is impossible, says so, and exits with 1', async () => {
    const dir = scratch.directory();
    const spec = { dir, kind: 1, geometry: [3], size: 8192, codecName: 'raw', codecId: 0, schemaId: 0 };
    Segment.create('damaged', spec).close();
    const { status, stdout, stderr } = await program.run('ls', '--dir', dir);
    assert.equal(status, 1);
    assert.match(stderr, /^ringway: ERR_RINGWAY_CORRUPT_SEGMENT: /);
    assert.match(stdout, /\ndamaged +queue +8\.0 KiB +\S+ KiB +- +- /);
  });

  it('refuses a directory that does not exist', async () => {
    const { status, stdout, stderr } = await program.run('ls', '--dir', join(scratch.directory(), 'none'));
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^ringway: ERR_RINGWAY_UNSUPPORTED_DIR: /);
  });

  it('ends quietly when its reader has had enough', async () => {
    const dir = scratch.directory();
    for (let n = 0; n < 40; n++) {
      Segment.create(`segment-${n}-${'x'.repeat(100)}`, {
        dir,
        kind: 4711,
        geometry: [],
        size: 4096,
        codecName: '',
        codecId: 0,
        schemaId: 0,
      }).close();
    }
    const fifo = join(dir, 'fifo');
    execFileSync('mkfifo', [fifo]);
    for (const command of [`ls --dir '${dir}'`, `ls --json --dir '${dir}'`, '--help', 'cp --help']) {
      // A FIFO whose last reader has closed it, before anything is written.
      const line = `exec 3<>'${fifo}' 4>'${fifo}' 3<&-; ringway ${command} >&4; echo "status $?" >&2`;
      const { stderr } = await program.shell(line);
      assert.equal(stderr, 'status 0\n', command);
    }
  });
});
