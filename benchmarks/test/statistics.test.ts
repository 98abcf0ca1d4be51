import assert from 'node:assert/strict';
import { median, quantile, summarize } from '../dist/statistics.js';

describe('statistics of runs', () => {
  it('take the middle value, whatever the order', () => {
    assert.equal(median([30, 1, 200]), 30);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(median([7]), 7);
  });

  it('tell the value that a part of all stay below', () => {
    const sorted = Array.from({ length: 100 }, (_, index) => index);
    assert.equal(quantile(sorted, 0.5), 50);
    assert.equal(quantile(sorted, 0.99), 99);
    assert.equal(quantile(sorted, 1), 99);
    assert.throws(() => quantile([], 0.5), RangeError);
  });

  it('tell least, greatest and how many', () => {
    assert.deepEqual(summarize([3, 1, 2]), { median: 2, min: 1, max: 3, runs: 3 });
  });
});
