import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { Blackboard, bytes, type BlackboardOptions, type Versioned } from '@ringway/ring';

import { lengthOf, numberOf, valueOf } from './fixtures/board-value.js';
import { doorbellsOf } from './support/board.js';
import { throwsCode } from './support/codes.js';
import { Child, cleanUp, fixture, keep, objectsOf, queueName } from './support/process.js';
import { PATIENCE_MS, TEST_MS, turns, until, within } from './support/turns.js';

const KEY = 'key';
/** Large enough for most of the values, which have up to 256 bytes. */
const OPTIONS: BlackboardOptions<Uint8Array> = { codec: bytes(), maxKeys: 8, idle: 'park' };
/** How long a writer is attacked, in milliseconds. */
const ATTACK_MS = 2000;
const SPILLED = 50;

function versionOf(result: IteratorResult<Versioned<unknown>>): number {
  assert.ok(result.done !== true);
  return result.value.version;
}

describe('a blackboard between processes', function () {
  this.timeout(TEST_MS);
  let name: string;
  let board: Blackboard<Uint8Array>;

  beforeEach(() => {
    name = queueName();
    board = keep(Blackboard.open(name, OPTIONS));
  });

  afterEach(cleanUp);

  async function peer(what: string, given = 0): Promise<Child> {
    const child = Child.run('board-peer', name, what, String(given));
    await child.hears(what === 'watch' ? 'watching' : what === 'scribble' ? 'scribbling' : 'writing');
    return child;
  }

  /** The version that can be read, whose value must be whole and of that number. */
  function readWhole(): number {
    const found = board.read(KEY);
    if (found === undefined) return 0;
    assert.equal(numberOf(found.value), found.version, `${found.value.length} bytes`);
    return found.version;
  }

  it('shows what another process writes, and tells who it is', async () => {
    const child = await peer('hold');
    child.process.send(1);
    await within(PATIENCE_MS, 'the write', child.hears('written'));
    assert.equal(readWhole(), 1);
    const { message } = throwsCode(() => board.writer(KEY), 'ERR_RINGWAY_KEY_TAKEN');
    assert.match(message, new RegExp(`"hold" \\(process ${child.pid}\\)`));
    assert.equal(board.stats().keys[0].writer?.pid, child.pid);
  });

  it('lets the key of a dead writer be taken at once, with his last value', async () => {
    const child = await peer('hold');
    child.process.send(1);
    await within(PATIENCE_MS, 'the write', child.hears('written'));
    throwsCode(() => board.writer(KEY), 'ERR_RINGWAY_KEY_TAKEN');
    const lost = once(board, 'peer-lost');
    await child.kill();
    const writer = board.writer(KEY);
    assert.equal(writer.version, 1);
    assert.equal(readWhole(), 1);
    assert.equal(writer.write(valueOf(2)), 2);
    const [{ pid, label }] = (await within(PATIENCE_MS, 'peer-lost', lost)) as [{ pid: number; label: string }];
    assert.deepEqual([pid, label], [child.pid, 'hold']);
  });

  it('tells who waits that a writer died', async () => {
    const child = await peer('hold');
    const watching = board.watch(KEY).next();
    await turns(100);
    const lost = once(board, 'peer-lost');
    await child.kill();
    await within(PATIENCE_MS, 'peer-lost', lost);
    assert.equal(board.stats().keys[0].writer, undefined);
    const next = await peer('hold');
    next.process.send(1);
    const seen = await within(PATIENCE_MS, 'the next writer', watching);
    assert.equal(versionOf(seen), 1);
  });

  it('wakes a watcher in another process, for each version once, in order, to the last', async () => {
    const watcher = await peer('watch');
    const writer = board.writer(KEY);
    const sees = (version: number): Promise<unknown> => {
      const said = watcher.hears('seen', (detail) => (detail as { version: number }).version === version);
      return within(PATIENCE_MS, `version ${version}`, said);
    };
    for (let number = 1; number <= 200; number++) {
      writer.write(valueOf(number));
      if (number % 20 === 0) await sees(number);
      else if (number % 3 === 0) await turns(2);
    }
    writer.delete();
    assert.equal(await within(PATIENCE_MS, 'its end', watcher.end()), 0);
    const seen = watcher.heard.filter(({ event }) => event === 'seen').map(({ detail }) => detail) as {
      version: number;
      number?: number;
    }[];
    assert.ok(seen.length > 10, `${seen.length} versions`);
    for (const [at, { version, number }] of seen.entries()) {
      assert.equal(number, at === seen.length - 1 ? undefined : version);
      assert.ok(at === 0 || version > seen[at - 1].version, 'in order');
    }
  });

  it('gives whole values while they are overwritten as fast as can be', async () => {
    await peer('write-forever');
    const end = performance.now() + ATTACK_MS;
    let last = 0;
    let reads = 0;
    let moves = 0;
    const lengths = new Set<number>();
    while (performance.now() < end) {
      for (let count = 0; count < 500; count++, reads++) {
        const version = readWhole();
        assert.ok(version >= last, `version ${version} after ${last}`);
        if (version > last) moves++;
        last = version;
        lengths.add(lengthOf(version));
      }
      assert.ok(board.version(KEY) >= last);
      await turns(1);
    }
    assert.ok(moves > 100, `${moves} of ${reads} reads saw a new version`);
    assert.ok(lengths.size > 20, `${lengths.size} lengths`);
  });

  it('keeps a whole value when its writer is killed at some moment, again and again', async () => {
    let last = 0;
    let kills = 0;
    for (; kills < 12; kills++) {
      const child = await peer('write-forever');
      const enough = last + 37 * kills;
      await until(() => readWhole() > enough);
      await child.kill();
      const version = readWhole();
      assert.ok(version >= last);
      last = version;
    }
    // One who goes on finds the version, and removes what the dead have left.
    const writer = board.writer(KEY);
    assert.equal(writer.version, last);
    assert.equal(writer.write(valueOf(last + 1)), last + 1);
    assert.equal(objectsOf(name).length, (last + 1) % SPILLED === 0 ? 2 : 1);
  });

  describe('where each access is atomic', () => {
    before(() => (process.env.RINGWAY_STRICT_ORDER = '1'));
    after(() => delete process.env.RINGWAY_STRICT_ORDER);

    for (const [title, number] of [
      ['in place', 8],
      ['in an object of its own', SPILLED],
    ] as const) {
      it(`leaves the old value or the new one, whole, whichever access of a write is the last of a process (${title})`, async () => {
        let killed = 0;
        const outcomes = new Set<number>();
        for (let access = 0; ; access++) {
          const other = queueName();
          const mine = keep(Blackboard.open(other, OPTIONS));
          const before = mine.writer(KEY);
          const doorbells = doorbellsOf(other, KEY);
          // All buffers have been in use, and hold what must not be taken for new.
          for (let version = 1; version < number; version++) before.write(valueOf(version));
          // Somebody sleeps, so that the bell is rung, too.
          const watching = mine.watch(KEY, { from: number - 1 }).next();
          before.close();
          const child = Child.run('board-peer', other, 'killed-at', String(access));
          await within(PATIENCE_MS, 'the writer', child.hears('writing'));
          // It has woken who slept, and who has nothing to read sleeps again.
          await until(() => doorbells.someoneSleeps());
          child.process.send('go');
          const status = await within(PATIENCE_MS, 'its end', child.end());
          const found = mine.read(KEY);
          assert.ok(found !== undefined);
          assert.equal(numberOf(found.value), found.version);
          outcomes.add(found.version - number);
          // The next one goes on where the dead one was.
          const next = mine.writer(KEY);
          assert.equal(next.version, found.version);
          if (found.version === number - 1) next.write(valueOf(number));
          assert.equal(versionOf(await within(PATIENCE_MS, 'the watch', watching)), number);
          next.write(valueOf(number + 1));
          assert.equal(numberOf(mine.get(KEY) ?? valueOf(0)), number + 1);
          assert.equal(objectsOf(other).length, 1, 'nothing lies around');
          mine.close();
          if (status === 0) break;
          assert.equal(status, 'SIGKILL', child.output);
          killed++;
        }
        assert.ok(killed >= 11, `killed ${killed} times`);
        assert.deepEqual([...outcomes].sort(), [-1, 0]);
      });
    }

    it('leaves a working table, whichever access is the last of a process that makes a key', async () => {
      let killed = 0;
      for (let access = 0; ; access++) {
        const child = Child.run('board-peer', name, 'killed-making-a-key', String(access));
        const status = await within(PATIENCE_MS, 'its end', child.end());
        assert.ok(board.keys().length === 0 && board.stats().keys.length <= 2);
        const writer = board.writer(`mine ${access % 5}`);
        writer.write(valueOf(1));
        writer.delete();
        writer.close();
        if (status === 0) break;
        assert.equal(status, 'SIGKILL', child.output);
        killed++;
        const fresh = keep(Blackboard.open(name, OPTIONS));
        assert.deepEqual(
          fresh
            .stats()
            .keys.map(({ key }) => /^(another|key|mine \d)$/.test(key))
            .includes(false),
          false,
        );
        board.close();
        Blackboard.unlink(name);
        board = keep(Blackboard.open(name, OPTIONS));
      }
      assert.ok(killed >= 5, `killed ${killed} times`);
    });
  });

  it('is watched and waited for by worker threads', async () => {
    const writer = board.writer(KEY);
    const workers = ['watch', 'waitSync'].map(
      (what) => new Worker(fixture('board-worker'), { workerData: { name, what, last: 300 } }),
    );
    try {
      const reports = workers.map((worker) => once(worker, 'message') as Promise<[number[]]>);
      const exits = workers.map((worker) => once(worker, 'exit'));
      await Promise.all(workers.map((worker) => once(worker, 'online')));
      for (let number = 1; number <= 300; number++) {
        writer.write(valueOf(number));
        await turns(1);
      }
      for (const [versions] of await within(PATIENCE_MS, 'their reports', Promise.all(reports))) {
        assert.equal(versions.at(-1), 300);
        assert.ok(versions.every((version, at) => at === 0 || version > versions[at - 1]));
      }
      assert.deepEqual(await within(PATIENCE_MS, 'their ends', Promise.all(exits)), [[0], [0]]);
    } finally {
      await Promise.all(workers.map((worker) => worker.terminate()));
    }
  });
});
