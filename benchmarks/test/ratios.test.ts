import assert from 'node:assert/strict';
import { ratiosOf } from '../dist/ratios.js';
import type { Row } from '../dist/row.js';
import { summarize } from '../dist/statistics.js';

function throughput(system: string, bytes: number, values: readonly number[]): Row {
  return {
    scenario: 'throughput',
    system,
    params: { bytes, publish: 'each' },
    unit: 'msg/s',
    ...summarize(values),
    values,
  };
}

describe('what must be reached', () => {
  it('is judged by the middle one of the ratios of single rounds, since rounds differ by more than systems do', () => {
    const rows = [throughput('ringway', 65536, [9, 90, 80]), throughput('native-ring', 65536, [10, 100, 100])];
    const [ratio, ...others] = ratiosOf(rows);

    assert.deepEqual(others, []);
    assert.deepEqual(ratio, {
      name: '64 KiB, bytes per second against native-ring',
      required: { least: 0.9 },
      measured: 0.9,
      unit: '',
      met: true,
    });
  });

  it('is missed below the least, or above the most', () => {
    const rows: Row[] = [
      throughput('ringway', 65536, [89]),
      throughput('native-ring', 65536, [100]),
      { scenario: 'rtt', system: 'ringway', params: { idle: 'adaptive' }, unit: 'us', ...summarize([6]), values: [6] },
    ];
    assert.deepEqual(
      ratiosOf(rows).map(({ measured, met }) => [measured, met]),
      [
        [0.89, false],
        [6, false],
      ],
    );
  });

  it('is not judged where a row is missing', () => {
    assert.deepEqual(ratiosOf([throughput('ringway', 64, [1])]), []);
  });
});
