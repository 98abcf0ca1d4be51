import assert from 'node:assert/strict';
import fc from 'fast-check';
import { IntervalTable, conflict, overlap, type Interval } from '../dist/interval-table.js';

const BYTES = 16;
/** Beyond what is looked at: to the end of every file. */
const BEYOND = 4;

/** One step: an interval is added unless it conflicts, and removed again if it is there. */
const intervals = fc
  .record({
    start: fc.nat(BYTES - 1),
    length: fc.nat(BYTES),
    mode: fc.constantFrom('shared' as const, 'exclusive' as const),
  })
  .map(({ start, length, mode }): Interval => ({ start, end: length === 0 ? Infinity : start + length, mode }));

/** How often each byte is covered, counted one by one. */
function counts(held: readonly Interval[]): number[] {
  return Array.from(
    { length: BYTES + BEYOND },
    (_, byte) => held.filter((one) => one.start <= byte && byte < one.end).length,
  );
}

/** The bytes of the spans. */
function bytesOf(spans: readonly { start: number; end: number }[]): number[] {
  return spans.flatMap(({ start, end }) => {
    const last = Math.min(end, BYTES + BEYOND);
    return Array.from({ length: Math.max(0, last - start) }, (_, i) => start + i);
  });
}

describe('a table of intervals', () => {
  it('finds what an array of bytes finds, whatever is added and removed', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(), intervals), { maxLength: 40 }), (steps) => {
        const table = new IntervalTable<Interval>();
        const model: Interval[] = [];
        for (const [removes, index, interval] of steps) {
          const covered = counts(model);
          const exclusive = counts(model.filter(({ mode }) => mode === 'exclusive'));
          const inside = covered.map((_, byte) => byte).filter((byte) => interval.start <= byte && byte < interval.end);
          const blocked = inside.some((byte) => (interval.mode === 'exclusive' ? covered : exclusive)[byte] > 0);
          const found = table.findConflict(interval);
          assert.equal(found !== undefined, blocked);
          if (found !== undefined)
            assert.ok(model.includes(found) && conflict(found, interval) && overlap(found, interval));
          assert.deepEqual(
            bytesOf(table.uncovered(interval)),
            inside.filter((byte) => covered[byte] === 0),
          );
          if (removes && model.length > 0) {
            const [gone] = model.splice(index % model.length, 1);
            assert.equal(table.delete(gone), true);
            assert.equal(table.delete(gone), false);
          } else if (!blocked) {
            model.push(interval);
            table.add(interval);
          }
          assert.equal(table.size, model.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('gives the uncovered parts in order, each as long as it can be', () => {
    const table = new IntervalTable<Interval>();
    table.add({ start: 30, end: 40, mode: 'shared' });
    table.add({ start: 10, end: 20, mode: 'shared' });
    table.add({ start: 15, end: 18, mode: 'shared' });
    assert.deepEqual(table.uncovered({ start: 0, end: Infinity }), [
      { start: 0, end: 10 },
      { start: 20, end: 30 },
      { start: 40, end: Infinity },
    ]);
    assert.deepEqual(table.uncovered({ start: 12, end: 20 }), []);
    table.clear();
    assert.deepEqual(table.uncovered({ start: 12, end: 20 }), [{ start: 12, end: 20 }]);
  });

  it('knows that neighbours do not overlap, and that shared ones do not conflict', () => {
    const one: Interval = { start: 0, end: 10, mode: 'exclusive' };
    assert.equal(conflict(one, { start: 10, end: 20, mode: 'exclusive' }), false);
    assert.equal(conflict(one, { start: 9, end: Infinity, mode: 'shared' }), true);
    assert.equal(conflict({ ...one, mode: 'shared' }, { start: 9, end: Infinity, mode: 'shared' }), false);
  });
});
