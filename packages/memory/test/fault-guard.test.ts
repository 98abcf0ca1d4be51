import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, truncateSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Segment } from '@ringway/memory';

import type { Ended } from './fixtures/fault-reader.js';
import { Scratch, SPEC } from './support/scratch.js';
import { throwsCode } from './support/throws.js';

const TRUNCATED = 'ERR_RINGWAY_SEGMENT_TRUNCATED';
const HALF = SPEC.size / 2;

describe('a segment that is truncated while it is open', () => {
  const scratch = new Scratch();
  const running = new Set<ChildProcess>();
  let name: string;

  beforeEach(() => {
    name = scratch.name();
  });

  afterEach(async () => {
    await Promise.all(
      [...running].map(async (child) => {
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }),
    );
    scratch.clean();
  });

  /** A segment in a directory of its own, where something that is no segment any more can be left. */
  function create(): Segment {
    return scratch.keep(Segment.create('q', { ...SPEC, dir: scratch.directory() }));
  }

  describe('by another process, and used there', () => {
    const ways = [
      ...[
        'loads',
        'stores',
        'ring',
        'atomics',
        'set',
        'copy',
        'hash',
        'fill',
        'search',
        'compare',
        'slice',
        'view',
      ].map((how) => ({ how, thread: 'main', title: how })),
      ...['loads', 'atomics', 'hash'].map((how) => ({ how, thread: 'worker', title: `${how} in a worker` })),
    ];
    for (const { how, thread, title } of ways) {
      for (const [part, length] of [
        ['whole', 0],
        ['half', HALF],
      ] as const) {
        it(`throws ${TRUNCATED} there, and its process lives: ${title}, ${part}`, async () => {
          const segment = scratch.keep(Segment.create(name, SPEC));
          // What begins like nothing of ours is not removed by its name.
          scratch.later(() => rmSync(segment.path));
          const fixture = fileURLToPath(new URL('fixtures/fault-reader.js', import.meta.url));
          const child = spawn(process.execPath, [fixture, name, how, thread], {
            stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
          });
          running.add(child);
          const exited = Promise.all([once(child, 'exit'), once(child, 'disconnect')]).finally(() =>
            running.delete(child),
          );
          const messages: (string | Ended)[] = [];
          child.on('message', (message: string | Ended) => {
            messages.push(message);
            if (message === 'at work') truncateSync(segment.path, length);
          });
          assert.deepEqual((await exited)[0], [0, null]);
          const ended: Ended = { code: TRUNCATED, later: [TRUNCATED, TRUNCATED, TRUNCATED], next: true };
          assert.deepEqual(messages, ['at work', ended]);
          // Another handle finds it by itself.
          throwsCode(() => segment.isLinked(), TRUNCATED);
        });
      }
    }
  });

  it('throws at every use after the first access, and can be closed', () => {
    const segment = create();
    const words = new Int32Array(segment.map(4096, 8192));
    truncateSync(segment.path, 4096);
    segment.assertIntact();
    assert.equal(words[0], 0);
    const live = new Int32Array(4);
    for (const use of [
      () => segment.assertIntact(),
      () => segment.inspect(),
      () => segment.map(4096, 8192),
      () => segment.mapRing(4096, 8192),
      () => segment.unmap(words.buffer),
      () => segment.commit(4096, 4096),
      () => segment.punch(4096, 4096),
      () => segment.withGate(() => 0),
      () => segment.isLinked(),
      () => segment.unlink(),
      () => segment.tryLock(0),
      () => segment.unlock(0),
      () => segment.holds(0),
      () => segment.lockedBits(0, 32, live),
      () => segment.fence(),
      () => segment.wake(live, 0, 1),
      () => segment.waitSync(live, 0, 0, 1),
      () => segment.watch(live, 0, 0, undefined, () => undefined),
      () => segment.attachments.create('0.0', []),
      () => segment.attachments.read('0.0', 1),
    ]) {
      throwsCode(use, TRUNCATED);
    }
    segment.holdLoop();
    segment.close();
    assert.deepEqual([segment.closed, words.length], [true, 0]);
    throwsCode(() => segment.isLinked(), 'ERR_RINGWAY_CLOSED');
  });

  it('still lets go of the objects that belong to it', () => {
    const segment = create();
    const words = new Int32Array(segment.map(0, 4096));
    for (const suffix of ['0.0', '0.1']) segment.attachments.create(suffix, [new Uint8Array(1)]);
    truncateSync(segment.path, 0);
    assert.equal(words[0], 0);
    throwsCode(() => segment.attachments.create('0.2', []), TRUNCATED);
    assert.deepEqual(segment.attachments.list('0.').sort(), ['0.0', '0.1']);
    assert.deepEqual([segment.attachments.remove('0.0'), segment.attachments.remove('0.0')], [true, false]);
    assert.deepEqual(segment.attachments.list('0.'), ['0.1']);
    segment.close();
    throwsCode(() => segment.attachments.remove('0.1'), 'ERR_RINGWAY_CLOSED');
    throwsCode(() => segment.attachments.list(''), 'ERR_RINGWAY_CLOSED');
  });

  it('stays so when it grows again', () => {
    const segment = create();
    const words = new Int32Array(segment.map(4096, 4096));
    truncateSync(segment.path, 0);
    assert.equal(Atomics.load(words, 5), 0);
    truncateSync(segment.path, SPEC.size);
    throwsCode(() => segment.assertIntact(), TRUNCATED);
    throwsCode(() => segment.map(8192, 4096), TRUNCATED);
  });

  it('is found by who looks at it, also where nobody touched what is missing', () => {
    const looks: ((segment: Segment) => unknown)[] = [
      (segment) => segment.inspect(),
      (segment) => segment.isLinked(),
      (segment) => segment.tryLock(3),
      (segment) => segment.lockedBits(0, 32, new Int32Array(1)),
      (segment) => segment.withGate(() => 0),
      (segment) => segment.commit(HALF, 4096),
      (segment) => segment.map(HALF, 4096),
    ];
    for (const look of looks) {
      const segment = create();
      truncateSync(segment.path, HALF);
      segment.assertIntact();
      throwsCode(() => look(segment), TRUNCATED);
      throwsCode(() => segment.assertIntact(), TRUNCATED);
    }
  });

  it('is found by who looks at it when it was cut to nothing and has grown again unseen', () => {
    for (const look of [
      (segment: Segment) => segment.inspect(),
      (segment: Segment) => segment.isLinked(),
      (segment: Segment) => segment.lockedBits(0, 32, new Int32Array(1)),
    ]) {
      const segment = create();
      segment.map(0, 8192);
      truncateSync(segment.path, 0);
      truncateSync(segment.path, SPEC.size);
      segment.assertIntact();
      throwsCode(() => look(segment), TRUNCATED);
      throwsCode(() => segment.assertIntact(), TRUNCATED);
    }
  });

  it('is found by a wait and by a wake-up, which meet it in the kernel', () => {
    for (const call of [
      (segment: Segment, words: Int32Array) => segment.waitSync(words, 0, 0, 100),
      (segment: Segment, words: Int32Array) => segment.wake(words, 0, 1),
    ]) {
      const segment = create();
      const words = new Int32Array(segment.map(4096, 4096));
      truncateSync(segment.path, 0);
      throwsCode(() => call(segment, words), TRUNCATED);
      throwsCode(() => segment.assertIntact(), TRUNCATED);
    }
  });

  it('ends a watch under way, which fires as failed', async () => {
    const segment = create();
    const words = new Int32Array(segment.map(4096, 4096));
    segment.holdLoop();
    const fired = new Promise((resolve) => {
      segment.watch(words, 0, 0, { start: 0, count: 32, held: new Int32Array(1) }, resolve);
    });
    truncateSync(segment.path, 0);
    assert.equal(await fired, 'failed');
    throwsCode(() => segment.assertIntact(), TRUNCATED);
  });

  it('leaves the other segments of the process, and other handles that met nothing, alone', () => {
    const [cut, whole] = [create(), create()];
    const other = scratch.keep(
      Segment.open('q', { kind: SPEC.kind, dir: cut.path.slice(0, cut.path.lastIndexOf('/')) }),
    );
    const words = new Int32Array(cut.map(4096, 4096));
    const sound = new Int32Array(whole.map(4096, 4096));
    const begin = new Int32Array(other.map(0, 4096));
    truncateSync(cut.path, 4096);
    assert.equal(words[0], 0);
    throwsCode(() => cut.assertIntact(), TRUNCATED);
    sound[0] = 7;
    whole.assertIntact();
    assert.equal(whole.isLinked(), true);
    assert.notEqual(begin[0], 0);
    other.assertIntact();
    throwsCode(() => other.isLinked(), TRUNCATED);
  });
});
