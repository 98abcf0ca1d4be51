import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { leftBy, runBench, type Results } from './support/run-bench.js';

describe('the bench of the blackboard', function () {
  this.timeout(120_000);
  let directory: string;
  let json: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ringway-bench-test-'));
    json = join(directory, 'out.json');
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('measures reads, with and without a writer, beside a queue in the same process', async () => {
    const { code, complaints, pid } = await runBench(['--only', 'blackboard', '--json', json]);
    assert.equal(complaints, '');
    assert.equal(code, 0);
    assert.deepEqual(leftBy(pid), []);

    const { rows, ratios } = JSON.parse(readFileSync(json, 'utf8')) as Results;
    assert.deepEqual(
      rows.map(({ scenario, system, params, unit }) => [scenario, system, params.what, params.bytes, unit]),
      (['read', 'read-written', 'queue'] as const).map((what) => ['blackboard', 'ringway', what, 64, 'ns']),
    );
    for (const row of rows) assert.ok(row.median > 0, JSON.stringify(row));
    assert.deepEqual(
      ratios.map(({ name, required }) => [name, required]),
      [['blackboard: reading 64 B that nobody writes', { most: 300 }]],
    );
  });

  for (const what of ['read', 'read-written', 'queue']) {
    it(`fails loudly when a value is wrong (${what}), and leaves nothing`, async () => {
      const only = ['--only', `blackboard,what=${what}`];
      const { code, complaints, pid } = await runBench([...only, '--spoil', '1', '--json', json]);
      assert.equal(code, 1);
      assert.match(complaints, /wrong value: 64 bytes/);
      assert.deepEqual(readdirSync(directory), []);
      assert.deepEqual(leftBy(pid), []);
    });
  }
});
