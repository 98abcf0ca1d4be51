import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { RECORD_MODE, load, type RecordHolder } from '@ringway/native';
import { PAGE, closeObjects, openObject, reopen } from './support/object.js';

const { errno } = constants;
const { none, shared, exclusive } = RECORD_MODE;
const NO_DESCRIPTOR = 2 ** 30;
const MOST_WAITS = 256;
/** The C library has the two below for itself. */
const FIRST_REALTIME = 34;
const LAST_SIGNAL = 64;

/** The real-time signals in a mask of a file `status` of `/proc`. */
function realtimeSignals(directory: string, mask: 'SigCgt' | 'SigBlk'): number[] {
  const line = new RegExp(`^${mask}:\\s*([0-9a-f]+)$`, 'm').exec(readFileSync(`${directory}/status`, 'latin1'));
  const bits = BigInt(`0x${line?.[1] ?? ''}`);
  const all = Array.from({ length: LAST_SIGNAL - FIRST_REALTIME + 1 }, (_, i) => FIRST_REALTIME + i);
  return all.filter((signal) => ((bits >> BigInt(signal - 1)) & 1n) === 1n);
}

/** The masks of blocked signals of the threads of this name. One that was joined is listed for another moment. */
function blockedIn(name: string): number[][] {
  return readdirSync('/proc/self/task').flatMap((id) => {
    const directory = `/proc/self/task/${id}`;
    try {
      const named = readFileSync(`${directory}/comm`, 'latin1').trim() === name;
      return named ? [realtimeSignals(directory, 'SigBlk')] : [];
    } catch (error) {
      if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
      throw error;
    }
  });
}

describe('a record lock', () => {
  const native = load();
  /** Which waits have reported, and who wants to know. */
  const over = new Set<number>();
  let look: () => void;

  beforeEach(() => {
    over.clear();
    look = () => undefined;
    native.onRecordWait((id) => {
      over.add(id);
      look();
    });
  });

  afterEach(() => {
    closeObjects();
    assert.equal(native.countRecordWaits(), 0);
  });

  async function reported(id: number): Promise<void> {
    native.refRecordWaits(true);
    while (!over.has(id)) await new Promise<void>((resolve) => (look = resolve));
    native.refRecordWaits(false);
  }

  it('covers a range for one description, or for several that share it', () => {
    const mine = openObject(0);
    const theirs = reopen(mine);
    assert.equal(native.lockRecord(mine, 0, 10, shared), 0);
    assert.equal(native.lockRecord(theirs, 5, 10, shared), 0);
    assert.equal(native.lockRecord(theirs, 0, 15, exclusive), -errno.EAGAIN);
    assert.equal(native.lockRecord(mine, 0, 0, none), 0);
    assert.equal(native.lockRecord(theirs, 0, 15, exclusive), 0);
    assert.deepEqual(native.queryRecord(mine, 3, 0, shared), { mode: exclusive, start: 0, length: 15, pid: -1 });
    assert.equal(native.queryRecord(mine, 15, 0, exclusive), 0);
  });

  it('reaches to the end of every file with a length of 0', () => {
    const mine = openObject(0);
    const theirs = reopen(mine, 'r');
    assert.equal(native.lockRecord(mine, 7, 0, exclusive), 0);
    const found = native.queryRecord(theirs, Number.MAX_SAFE_INTEGER - 1, 1, shared) as RecordHolder;
    assert.deepEqual([found.start, found.length], [7, 0]);
    assert.equal(native.queryRecord(theirs, 0, 7, shared), 0);
  });

  it('is waited for in a thread, which reports once', async () => {
    const mine = openObject(0);
    const theirs = reopen(mine);
    native.lockRecord(mine, 0, 10, exclusive);
    const id = native.waitForRecord(theirs, 9, 5, exclusive);
    assert.ok(id > 0);
    assert.equal(native.isRecordWaitOver(id, 1), 0);
    assert.equal(native.countRecordWaits(), 1);
    native.lockRecord(mine, 0, 10, none);
    await reported(id);
    assert.equal(native.isRecordWaitOver(id, 0), 1);
    assert.equal(native.endRecordWait(id), 0);
    assert.equal(native.endRecordWait(id), -errno.ENOENT);
    assert.equal(native.lockRecord(mine, 13, 1, shared), -errno.EAGAIN);
  });

  it('is not waited for any more when the wait was ended', () => {
    const mine = openObject(0);
    const theirs = reopen(mine);
    native.lockRecord(mine, 0, 1, shared);
    const id = native.waitForRecord(theirs, 0, 1, exclusive);
    assert.equal(native.endRecordWait(id), -errno.EINTR);
    native.lockRecord(mine, 0, 1, none);
    assert.equal(native.queryRecord(mine, 0, 0, exclusive), 0);
  });

  it('is waited for by so many threads of a process and no more', () => {
    const mine = openObject(0);
    const theirs = reopen(mine);
    native.lockRecord(mine, 0, 1, exclusive);
    const ids = Array.from({ length: MOST_WAITS }, () => native.waitForRecord(theirs, 0, 1, exclusive));
    assert.ok(ids.every((id) => id > 0));
    assert.equal(native.waitForRecord(theirs, 0, 1, exclusive), -errno.EAGAIN);
    for (const id of ids) assert.equal(native.endRecordWait(id), -errno.EINTR);
  });

  it('is called back by a signal that disturbs nobody, whoever sends it', () => {
    const mine = openObject(PAGE);
    const theirs = reopen(mine);
    const buffer = native.map(mine, 0, PAGE) as ArrayBuffer;
    native.onWatch(() => undefined);
    const watch = native.watch(new Int32Array(buffer), 0, 0, null);
    native.lockRecord(mine, 0, 1, exclusive);
    const id = native.waitForRecord(theirs, 0, 1, exclusive);

    // The threads name themselves when they begin.
    for (const name of ['ringway-record', 'ringway-wait']) {
      while (blockedIn(name).length === 0) native.isRecordWaitOver(id, 1);
    }
    const handled = realtimeSignals('/proc/self', 'SigCgt');
    assert.ok(handled.length > 0);
    const [waiting] = blockedIn('ringway-record');
    const calling = handled.filter((signal) => !waiting.includes(signal));
    assert.equal(calling.length, 1);
    const watching = blockedIn('ringway-wait');
    for (const blocked of watching) assert.ok(blocked.includes(calling[0]));
    process.kill(process.pid, calling[0]);
    assert.equal(native.isRecordWaitOver(id, 5), 0);
    native.lockRecord(mine, 0, 1, none);
    assert.equal(native.isRecordWaitOver(id, 1000), 1);
    assert.equal(native.endRecordWait(id), 0);
    native.unwatch(watch);
    native.unmap(buffer);
  });

  it('reports what fcntl reports', async () => {
    const reader = reopen(openObject(0), 'r');
    assert.equal(native.lockRecord(NO_DESCRIPTOR, 0, 1, shared), -errno.EBADF);
    assert.equal(native.queryRecord(NO_DESCRIPTOR, 0, 1, shared), -errno.EBADF);
    assert.equal(native.lockRecord(reader, 0, 1, exclusive), -errno.EBADF);
    assert.equal(native.lockRecord(reader, 0, 1, shared), 0);
    const id = native.waitForRecord(reader, 0, 1, exclusive);
    await reported(id);
    assert.equal(native.endRecordWait(id), -errno.EBADF);
    assert.equal(native.isRecordWaitOver(id, 0), -errno.ENOENT);
  });

  it('refuses arguments that no call could mean', () => {
    const fd = openObject(0);
    const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
    const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
    for (const call of [
      (...args: Parameters<typeof native.lockRecord>) => native.lockRecord(...args),
      (...args: Parameters<typeof native.queryRecord>) => native.queryRecord(...args),
      (...args: Parameters<typeof native.waitForRecord>) => native.waitForRecord(...args),
    ]) {
      assert.throws(() => call(-1, 0, 1, shared), range);
      assert.throws(() => call(fd, -1, 1, shared), range);
      assert.throws(() => call(fd, 0.5, 1, shared), range);
      assert.throws(() => call(fd, 1, Number.MAX_SAFE_INTEGER, shared), range);
      assert.throws(() => call(fd, 0, 1, 3), range);
      assert.throws(() => call(fd, 0, 1n as unknown as number, shared), type);
    }
    assert.throws(() => native.waitForRecord(fd, 0, 1, none), range);
    assert.throws(() => native.queryRecord(fd, 0, 1, none), range);
    assert.throws(() => native.isRecordWaitOver(1, 1001), range);
    assert.throws(() => native.endRecordWait(0.5), range);
    assert.throws(() => native.onRecordWait(null as unknown as () => void), type);
    assert.throws(() => native.refRecordWaits(1 as unknown as boolean), type);
  });
});
