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

  it('of locks is judged by case, and against who is compared', () => {
    const row = (system: string, what: string, primitive: string, value: number): Row => ({
      ...{ scenario: 'sync', system, params: { what, primitive }, unit: '', values: [value] },
      ...summarize([value]),
    });
    const rows = [
      row('ringway', 'uncontended', 'mutex', 151),
      row('ringway', 'contended', 'semaphore', 5),
      row('boost', 'contended', 'semaphore', 10),
      row('ringway', 'handover', 'mutex', 14),
      row('futex', 'handover', 'mutex', 10),
    ];
    assert.deepEqual(
      ratiosOf(rows).map(({ measured, met }) => [measured, met]),
      [
        [151, false],
        [0.5, true],
        [1.4, false],
      ],
    );
  });

  it('of copying is judged for 1 GiB only', () => {
    const row = (system: string, bytes: number, seconds: number): Row => ({
      ...{ scenario: 'copy', system, params: { where: 'disk', bytes }, unit: 's', values: [seconds] },
      ...summarize([seconds]),
    });
    const found = ratiosOf([row('ringway', 2 ** 30, 3), row('cp', 2 ** 30, 2)]);

    assert.deepEqual(
      found.map(({ measured, required, met }) => [measured, required, met]),
      [[1.5, { most: 1.5 }, true]],
    );
    assert.deepEqual(ratiosOf([row('ringway', 2 ** 20, 3), row('cp', 2 ** 20, 2)]), []);
  });

  it('of several producers or consumers is judged against the one to one of the same round', () => {
    const row = (scenario: string, producers: number, consumers: number, values: number[]): Row => ({
      ...{ scenario, system: 'ringway', params: { bytes: 64, producers, consumers }, unit: 'msg/s', values },
      ...summarize(values),
    });
    const rows = [
      row('fan-in', 1, 1, [12, 30, 40]),
      row('fan-in', 4, 1, [1, 1, 1]),
      row('fan-in', 16, 1, [10, 20, 20]),
      row('work-sharing', 1, 1, [10, 10, 10]),
      row('work-sharing', 1, 4, [8, 5, 7]),
    ];
    assert.deepEqual(
      ratiosOf(rows).map(({ name, measured, met }) => [name, measured, met]),
      [
        ['fan-in: cost of a message, 16 producers against 1', 1.5, true],
        ['work-sharing: rate of 4 consumers together against 1', 0.7, true],
      ],
    );
  });

  it('is not judged where a row is missing', () => {
    assert.deepEqual(ratiosOf([throughput('ringway', 64, [1])]), []);
  });
});
