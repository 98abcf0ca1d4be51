import assert from 'node:assert/strict';
import { inTurn, type Contender } from '../dist/in-turn.js';
import { warmedUp, type Phase } from '../dist/phases.js';

const { signal } = new AbortController();

describe('contenders', () => {
  it('take turns, and each gets its own row', async () => {
    const turns: string[] = [];
    const contender = (system: string, values: number[]): Contender => ({
      ...{ scenario: 'race', system, params: { length: 5 }, unit: 's' },
      run: () => {
        turns.push(system);
        return Promise.resolve({ value: values.shift() ?? 0, p99: 9 });
      },
    });
    const told: string[] = [];

    const rows = await inTurn([contender('a', [1, 3]), contender('b', [2, 6])], 2, (what) => told.push(what), signal);
    assert.deepEqual(turns, ['a', 'b', 'a', 'b']);
    assert.deepEqual(
      told.slice(0, 2),
      ['a', 'b'].map((system) => `run 1 of 2: race 5, ${system}`),
    );
    assert.deepEqual(
      rows,
      [
        ...[{ scenario: 'race', system: 'a', params: { length: 5 }, unit: 's', median: 2, min: 1, max: 3, runs: 2 }],
        ...[{ scenario: 'race', system: 'b', params: { length: 5 }, unit: 's', median: 4, min: 2, max: 6, runs: 2 }],
      ].map((row) => ({ ...row, values: [row.min, row.max], p99: 9 })),
    );
  });
});

describe('a run', () => {
  /** Something that takes a microsecond each time. */
  function phasesOf(seconds: number, first: number): Promise<number[]> {
    const counts: number[] = [];
    const phase = (count: number): Promise<Phase> => {
      counts.push(count);
      return Promise.resolve({ count, microseconds: count, outcome: { value: 1 } });
    };
    return warmedUp(seconds, first, phase).then(() => counts);
  }

  it('warms up until a phase is long enough, then measures for the time that is asked for', async () => {
    assert.deepEqual(await phasesOf(1, 1000), [1000, 300_000, 1_000_000]);
  });

  it('does not warm up further when the first phase is long enough', async () => {
    assert.deepEqual(await phasesOf(0.001, 1000), [1000, 1000]);
  });
});
