import assert from 'node:assert/strict';
import { RwLock } from '@ringway/sync';
import type { Peer } from './support/primitive-peer.js';
import { codeOf, thrownCode } from './support/rejects.js';
import { Scene, sleepers } from './support/scene.js';
import { turn, until } from './support/until.js';

describe('RwLock', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());
  const open = (name: string): RwLock => scene.own(RwLock.open(name));

  async function peersOf(name: string, count: number): Promise<Peer[]> {
    const peers = await scene.peers(count);
    await Promise.all(peers.map((peer) => peer.ask({ do: 'open', kind: 'rwLock', name })));
    return peers;
  }

  it('lets many read at a time: of one handle, of several, and of other processes', async () => {
    const name = scene.name();
    const [one, other] = [open(name), open(name)];
    const [peer] = await peersOf(name, 1);
    const guards = [await one.read(), await one.read(), one.readSync(), await other.read(), other.tryRead()];
    await peer.ask({ do: 'acquire', kind: 'rwLock', name, guard: 'its', mode: 'read' });
    assert.ok(guards.every((guard) => guard?.held === true && guard.mode === 'read'));
    assert.equal(one.held, 'read');
  });

  it('lets nobody write while somebody reads, and nobody read or write while somebody writes', async () => {
    const name = scene.name();
    const [one, other] = [open(name), open(name)];
    const reading = await one.read();
    assert.deepEqual([one.tryWrite(), other.tryWrite()], [undefined, undefined]);
    reading.release();
    const writing = await one.write();
    assert.equal(one.held, 'write');
    assert.deepEqual([one.tryRead(), other.tryRead(), other.tryWrite()], [undefined, undefined, undefined]);
    writing.release();
    assert.equal(one.held, undefined);
    assert.equal(other.tryRead()?.held, true);
  });

  it('lets a failed attempt to write leave nothing behind that keeps readers out', async () => {
    const name = scene.name();
    const [one, other] = [open(name), open(name)];
    const reading = await one.read();
    assert.equal(other.tryWrite(), undefined);
    assert.equal(await codeOf(other.write({ timeout: 10 })), 'ERR_RINGWAY_TIMEOUT');
    assert.equal(open(name).tryRead()?.held, true);
    assert.equal(reading.held, true);
  });

  it('lets a writer wait until the last reader has left, and readers that come later wait behind it', async () => {
    const name = scene.name();
    const [one, two, writer] = [open(name), open(name), open(name)];
    const [first, second] = [await one.read(), await two.read()];
    const order: string[] = [];
    const written = writer.write().then((guard) => {
      order.push('write');
      guard.release();
    });
    const late = one.read().then(() => order.push('read'));
    first.release();
    await turn();
    assert.deepEqual(order, []);
    second.release();
    await Promise.all([written, late]);
    assert.deepEqual(order, ['write', 'read']);
  });

  it('serves the calls of one handle in order, readers together', async () => {
    const lock = open(scene.name());
    const order: string[] = [];
    const first = await lock.write();
    const calls = (['read', 'read', 'write', 'read'] as const).map(async (mode, index) => {
      const guard = await lock[mode]();
      order.push(`${mode} ${index}`);
      await turn();
      guard.release();
    });
    first.release();
    await Promise.all(calls);
    assert.deepEqual(order, ['read 0', 'read 1', 'write 2', 'read 3']);
  });

  it('lets the readers in again when the writer that waits gives up', async () => {
    const name = scene.name();
    const [reader, writer, late] = [open(name), open(name), open(name)];
    const guard = await reader.read();
    const controller = new AbortController();
    const writing = writer.write({ signal: controller.signal });
    const reading = late.read();
    await until(() => sleepers(name) === 2);
    controller.abort();
    assert.equal(await codeOf(writing), 'ABORT_ERR');
    assert.equal((await reading).held, true);
    assert.equal(guard.held, true);
  });

  it('lets the readers in again when the writer that waits is closed, or killed', async () => {
    const name = scene.name();
    const [reader, writer, late] = [open(name), open(name), open(name)];
    const [peer] = await peersOf(name, 1);
    const guard = await reader.read();
    const writing = writer.write();
    const reading = late.read();
    await until(() => sleepers(name) === 2);
    writer.close();
    assert.equal(await codeOf(writing), 'ERR_RINGWAY_CLOSED');
    (await reading).release();
    const killed = assert.rejects(peer.ask({ do: 'acquire', kind: 'rwLock', name, guard: 'its', mode: 'write' }), {
      code: 'PEER_GONE',
    });
    await until(() => sleepers(name) === 1);
    const again = late.read();
    await until(() => sleepers(name) === 2);
    await peer.kill();
    (await again).release();
    await killed;
    assert.equal(guard.held, true);
  });

  it('lets a handle that reads already read again when the writer that waits has died', async () => {
    const name = scene.name();
    const reader = open(name);
    const [peer] = await peersOf(name, 1);
    const first = await reader.read();
    const killed = assert.rejects(peer.ask({ do: 'acquire', kind: 'rwLock', name, guard: 'its', mode: 'write' }), {
      code: 'PEER_GONE',
    });
    await until(() => sleepers(name) === 1);
    const second = reader.read();
    await peer.kill();
    assert.equal((await second).held, true);
    assert.equal(first.held, true);
    await killed;
  });

  it('gives the share of a killed reader back', async () => {
    const name = scene.name();
    const lock = open(name);
    const [dying, living] = await peersOf(name, 2);
    const order = { do: 'acquire', kind: 'rwLock', name, guard: 'its', mode: 'read' } as const;
    await Promise.all([dying.ask(order), living.ask(order)]);
    const writing = lock.write();
    await dying.kill();
    await living.ask({ do: 'release', guard: 'its' });
    const guard = await writing;
    assert.deepEqual([guard.abandoned, guard.damaged], [false, false]);
  });

  it('tells the next writer, once, that a writer was killed while it wrote, and readers until it is repaired', async () => {
    const name = scene.name();
    const lock = open(name);
    const [peer] = await peersOf(name, 1);
    await peer.ask({ do: 'acquire', kind: 'rwLock', name, guard: 'its', mode: 'write' });
    const reading = lock.read();
    await peer.kill();
    const reader = await reading;
    assert.deepEqual([reader.abandoned, reader.damaged], [false, true]);
    assert.throws(() => {
      reader.repaired();
    }, TypeError);
    reader.release();
    const writer = await lock.write();
    assert.deepEqual([writer.abandoned, writer.damaged], [true, true]);
    writer.release();
    const second = await lock.write();
    assert.deepEqual([second.abandoned, second.damaged], [false, true]);
    second.repaired();
    assert.equal(second.damaged, false);
    second.release();
    assert.equal((await lock.read()).damaged, false);
  });

  it('does the same for a handle that is closed while it writes', async () => {
    const name = scene.name();
    const [one, other] = [open(name), open(name)];
    await one.write();
    const writing = other.write();
    one.close();
    assert.equal((await writing).abandoned, true);
  });

  it('lets who closes its handle while it reads leave', async () => {
    const name = scene.name();
    const [one, other] = [open(name), open(name)];
    const guard = await one.read();
    const writing = other.write();
    one.close();
    const writer = await writing;
    assert.deepEqual([writer.abandoned, guard.held], [false, false]);
  });

  it('stays with a reader that is stopped', async () => {
    const name = scene.name();
    const lock = open(name);
    const [peer] = await peersOf(name, 1);
    await peer.ask({ do: 'acquire', kind: 'rwLock', name, guard: 'its', mode: 'read' });
    await peer.stop();
    assert.equal(await codeOf(lock.write({ timeout: 150 })), 'ERR_RINGWAY_TIMEOUT');
    const writing = lock.write();
    peer.resume();
    await peer.ask({ do: 'release', guard: 'its' });
    assert.equal((await writing).held, true);
  });

  describe('a blocking wait of a thread for itself', () => {
    it('is ERR_RINGWAY_DEADLOCK when the thread reads and wants to write, or writes and wants either', async () => {
      const name = scene.name();
      const [one, other] = [open(name), open(name)];
      const reading = await one.read();
      for (const lock of [one, other])
        assert.equal(
          thrownCode(() => lock.writeSync()),
          'ERR_RINGWAY_DEADLOCK',
        );
      reading.release();
      const writing = await one.write();
      for (const lock of [one, other]) {
        assert.equal(
          thrownCode(() => lock.writeSync()),
          'ERR_RINGWAY_DEADLOCK',
        );
        assert.equal(
          thrownCode(() => lock.readSync()),
          'ERR_RINGWAY_DEADLOCK',
        );
      }
      writing.release();
    });

    it('is none when the thread reads and wants to read, though a writer waits', async () => {
      const name = scene.name();
      const lock = open(name);
      const [peer] = await peersOf(name, 1);
      const reading = await lock.read();
      const { done } = await peer.begin({ do: 'acquire', kind: 'rwLock', name, guard: 'its', mode: 'write' });
      const again = lock.readSync();
      again.release();
      reading.release();
      await done;
    });
  });
});
