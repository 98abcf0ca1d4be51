import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Segment } from 'ringway';
import { runExample } from './support/example.js';

const PRICES = 20_000;

describe('the price ticker example', () => {
  const folders = (): string[] => readdirSync(tmpdir()).filter((entry) => entry.startsWith('price-ticker-'));

  it('gives each subscriber what it wants, tells the slow one what it missed, and leaves nothing behind', async () => {
    const before = [Segment.list().length, folders().length];
    const { status, stdout, stderr } = await runExample('price-ticker', String(PRICES));
    assert.deepEqual([status, stderr], [0, '']);
    const [ledger, board, alarm, sum, rest] = stdout.split('\n');
    assert.equal(ledger, 'the ledger wrote down what it got');
    const shown =
      /^the board showed ([0-9]+) prices, and knows of ([0-9]+) in [1-9][0-9]* gaps that it did not: together all of them$/.exec(
        board,
      );
    assert.equal(Number(shown?.[1]) + Number(shown?.[2]), PRICES, board);
    assert.equal(alarm, `the alarm heard ${PRICES / 4} prices of ABC, the highest 105.00`);
    assert.deepEqual([sum, rest], [`${PRICES} of ${PRICES} prices are in the ledger`, '']);
    assert.deepEqual([Segment.list().length, folders().length], before);
  });
});
