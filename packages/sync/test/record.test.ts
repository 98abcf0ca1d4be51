import assert from 'node:assert/strict';
import { recordBytes } from '@ringway/sync';
import { SyncRecord, type RecordSpec } from '../dist/record.js';
import {
  MAX_PARTICIPANTS,
  RECORD_HIGH,
  ROW_FIRST,
  ROW_OWNER,
  ROW_SECOND,
  ROW_WORDS,
  SYNC_KIND,
  bodyByte,
  recordLayout,
  segmentSize,
} from '../dist/sync-layout.js';
import { Scene } from './support/scene.js';

const SPEC: RecordSpec = {
  type: SYNC_KIND.semaphore,
  first: 5,
  second: undefined,
  defaults: [1, 0],
  names: ['permits', 'owned'],
};

describe('the record of a primitive', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());
  const open = (name: string, participants?: number): SyncRecord =>
    scene.own(SyncRecord.open(name, SPEC, { participants }));

  it('has parts that do not overlap, for every number of participants', () => {
    for (const participants of [1, 31, 32, 63, 64, 1000, MAX_PARTICIPANTS]) {
      const { sleepers, writers, rows, bytes } = recordLayout(participants);
      assert.equal(writers - sleepers, rows - writers);
      assert.ok((writers - sleepers) * 8 >= participants + 1);
      assert.ok(rows + participants * ROW_WORDS * 4 <= bytes);
      for (const byte of [sleepers, writers, rows, bytes]) assert.equal(byte % 64, 0);
      assert.equal(recordBytes(participants), bytes);
      assert.ok(bodyByte(participants) + bytes <= segmentSize(participants, bytes));
    }
    assert.equal(recordBytes(), recordBytes(64));
  });

  it('tells what its creator chose, and which handles lead to the same', () => {
    const name = scene.name();
    const [one, same, another] = [open(name), open(name), open(scene.name())];
    assert.deepEqual([one.first, one.second, one.what], [5, 0, 'semaphore']);
    assert.equal(one.identity, same.identity);
    assert.notEqual(one.identity, another.identity);
    assert.notEqual(one.participant.slot, same.participant.slot);
  });

  it('lets a scan see a row from when it is taken, and end where rows end, whatever is written there', () => {
    const name = scene.name();
    const [one, other] = [open(name, 8), open(name)];
    assert.equal(one.rowsHigh, 0);
    other.takeRow(() => undefined);
    assert.equal(one.rowsHigh, other.participant.slot + 1);
    const { words } = one.participant;
    for (const garbage of [-1, 9, 2 ** 31 - 1]) {
      Atomics.store(words, one.word(RECORD_HIGH), garbage);
      assert.equal(one.rowsHigh, 8);
    }
  });

  it('voids what another generation left in a row, after somebody has seen to it', () => {
    const name = scene.name();
    const old = open(name);
    const { slot } = old.participant;
    const other = open(name);
    const { words } = other.participant;
    const row = old.takeRow(() => undefined);
    words[row + ROW_FIRST] = 7;
    words[row + ROW_SECOND] = 8;
    old.close();
    const next = open(name);
    assert.equal(next.participant.slot, slot);
    const seen: number[] = [];
    next.takeRow((found) => seen.push(words[found + ROW_FIRST]), 3);
    assert.deepEqual(seen, [7]);
    assert.deepEqual(
      [words[row + ROW_OWNER], words[row + ROW_FIRST], words[row + ROW_SECOND]],
      [next.participant.me, 3, 0],
    );
    next.takeRow((found) => seen.push(found));
    assert.deepEqual([seen.length, words[row + ROW_FIRST]], [1, 3]);
  });
});
