import assert from 'node:assert/strict';
import { audit } from '../dist/main-job/audit.js';
import { JournalWriter, nextNumber } from '../dist/main-job/journal.js';
import { Scratch } from './support/scratch.js';

describe('the audit of a journal', () => {
  let scratch: Scratch;
  let path: string;

  /** Puts deliveries on record, as [number, attempts], in two batches. */
  function record(...deliveries: [number, number][]): void {
    const writer = new JournalWriter(path, deliveries.length);
    const half = Math.floor(deliveries.length / 2);
    for (const batch of [deliveries.slice(0, half), deliveries.slice(half)]) {
      for (const [number, attempts] of batch) writer.note({ number, bytes: 10, words: 2, attempts });
      writer.commit();
    }
    writer.close();
  }

  beforeEach(() => {
    scratch = new Scratch();
    path = scratch.file('journal', '');
  });

  afterEach(() => {
    scratch.dispose();
  });

  it('finds nothing wrong when each number came once, in order', () => {
    record([0, 1], [1, 1], [2, 1]);
    const { wentOnMs, ...found } = audit(path, 3, []);
    assert.deepEqual(wentOnMs, []);
    assert.deepEqual(found, {
      ...{ lines: 3, bytes: 30, words: 6 },
      ...{ lost: 0, invented: 0, duplicated: 0, reordered: 0, redelivered: 0 },
    });
  });

  it('counts a number that came again as redelivered once, and its bytes once', () => {
    record([0, 1], [1, 1], [1, 2], [0, 2], [2, 1]);
    const found = audit(path, 3, []);
    assert.deepEqual([found.redelivered, found.duplicated, found.reordered, found.bytes], [2, 0, 0, 30]);
  });

  it('finds a loss', () => {
    record([0, 1], [2, 1]);
    assert.equal(audit(path, 3, []).lost, 1);
  });

  it('finds what nobody was to send', () => {
    record([0, 1], [3, 1], [0.5, 1], [-1, 1]);
    const found = audit(path, 3, []);
    assert.deepEqual([found.invented, found.lost], [3, 2]);
  });

  it('finds a duplicate that is not marked as redelivered', () => {
    record([0, 1], [0, 1]);
    assert.equal(audit(path, 1, []).duplicated, 1);
  });

  it('finds an order that a consumer must not see', () => {
    record([1, 1], [0, 1]);
    assert.equal(audit(path, 2, []).reordered, 1);
  });

  it('tells how long after a death the work went on, and for whom it did not', () => {
    record([0, 1], [1, 2]);
    const dead = { pid: 0, time: 0 };
    const [consumer, producer, last] = audit(path, 2, [
      { ...dead, role: 'consumer' },
      { ...dead, role: 'producer', successorAt: 1 },
      { ...dead, role: 'producer' },
    ]).wentOnMs;
    assert.ok(consumer !== undefined && consumer > 0);
    assert.equal(consumer, producer);
    assert.equal(last, undefined);
  });

  it('tells a producer with which number to go on', () => {
    assert.equal(nextNumber(path), 0);
    record([0, 1], [2, 1], [1, 1]);
    assert.equal(nextNumber(path), 3);
  });
});
