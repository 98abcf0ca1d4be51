import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, watch } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { NativeProgram } from '../dist/native-program.js';
import { SYNC_JUDGES } from '../dist/sync-judges.js';
import { SHARED_MEMORY, childrenOf, leftBy, runBench, type Results } from './support/run-bench.js';

const UNITS = { uncontended: 'ns', contended: 'ops/s', handover: 'us' } as const;
const BOOST_LEFT_OUT = /boost is left out: .*\n +Debian, Ubuntu +apt-get install libboost-dev/;

describe('the bench of locks', function () {
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

  for (const what of ['uncontended', 'contended', 'handover'] as const) {
    const alone = what === 'handover' && availableParallelism() < 2;
    const title = `measures ${what} locks of every system that has them, and writes rows of one shape`;
    (alone ? it.skip : it)(alone ? `${title} (skipped: two that spin need two cores)` : title, async () => {
      const { code, output, complaints, pid } = await runBench(['--only', `sync,what=${what}`, '--json', json]);
      assert.equal(complaints, '');
      assert.equal(code, 0);
      assert.deepEqual(leftBy(pid), []);

      const { rows, ratios } = JSON.parse(readFileSync(json, 'utf8')) as Results;
      const systems = what === 'handover' ? ['futex', 'ringway'] : ['boost', 'ringway'];
      const there = BOOST_LEFT_OUT.test(output) ? systems.filter((system) => system !== 'boost') : systems;
      const primitives = what === 'handover' ? ['mutex'] : ['mutex', 'semaphore'];
      assert.deepEqual(
        rows.map(({ system, params }) => `${system} ${params.primitive}`).sort(),
        there.flatMap((system) => primitives.map((primitive) => `${system} ${primitive}`)),
      );
      for (const row of rows) {
        assert.equal(row.scenario, 'sync');
        assert.equal(row.params.what, what);
        assert.equal(row.unit, UNITS[what]);
        assert.equal(row.runs, 1);
        assert.ok(row.min > 0 && row.min <= row.median && row.median <= row.max, JSON.stringify(row));
      }
      assert.equal(ratios.length, what === 'contended' && there.length === 1 ? 0 : primitives.length);
    });
  }

  for (const system of ['ringway', 'boost']) {
    it(`fails loudly when an increment under the mutex of ${system} is lost`, async () => {
      const only = ['--only', `sync,${system},what=contended,primitive=mutex`];
      const { code, output, complaints, pid } = await runBench([...only, '--spoil', '7', '--json', json]);

      assert.equal(code, 1);
      // Without Boost there is nothing that could lose one.
      if (BOOST_LEFT_OUT.test(output)) assert.match(complaints, /leaves nothing to run/);
      else assert.match(complaints, /wrong count: 2000[12] increments were made, and 20000 are in the counter/);
      assert.deepEqual(readdirSync(directory), []);
      assert.deepEqual(leftBy(pid), []);
      assert.deepEqual(childrenOf(pid), []);
    });
  }

  it('leaves nothing when it is interrupted while a lock is made', async () => {
    const only = ['--seconds', '30', '--only', 'ringway,sync,what=contended'];
    const { code, complaints, pid } = await runBench(only, (running) => {
      const watcher = watch(SHARED_MEMORY, (_, name) => {
        if (name?.includes(`bench-${running}-`) !== true) return;
        watcher.close();
        process.kill(running, 'SIGINT');
      });
    });

    assert.equal(code, 130);
    assert.match(complaints, /interrupted by SIGINT/);
    assert.deepEqual(leftBy(pid), []);
    assert.deepEqual(childrenOf(pid), []);
  });

  it('leaves a program out, and says what to install, where its library is missing', async () => {
    const program = new NativeProgram('none-such', {
      name: 'none',
      header: 'none/such.hpp',
      packages: { Debian: 'apt-get install none' },
    });

    const why = await program.build(new AbortController().signal);
    assert.match(why ?? '', /^none is left out: .*\n +Debian +apt-get install none$/);
  });
});

describe('the reports of a phase of locks', () => {
  it('are nanoseconds for each when one process is alone', () => {
    const { outcome } = SYNC_JUDGES.uncontended([{ microseconds: 300 }], 6000, 1000);
    assert.deepEqual(outcome, { value: 50 });
  });

  it('are operations of both, from the first begin to the last end', () => {
    const lines = [
      { operations: 700, began: 100, ended: 1000 },
      { operations: 300, began: 50, ended: 1050 },
    ];
    assert.deepEqual(SYNC_JUDGES.contended(lines, 1000, 5000), {
      count: 1000,
      microseconds: 1000,
      outcome: { value: 1e6 },
    });
    assert.throws(() => SYNC_JUDGES.contended(lines, 999, 5000), /wrong count: 1000 increments .* 999 are/);
  });

  it('are the mean of both directions, if enough of those who received slept', () => {
    const side = { p50: 10, p99: 100, taken: 500, slept: 500 };
    const { outcome } = SYNC_JUDGES.handover([side, { ...side, p50: 20, p99: 50 }], 1000, 5000);
    assert.deepEqual(outcome, { value: 15, p99: 75 });
    assert.throws(
      () => SYNC_JUDGES.handover([side, { ...side, taken: 5000 }], 1000, 5000),
      /only 1000 of 5500 .* slept/,
    );
  });

  it('are refused where a number is missing', () => {
    assert.throws(() => SYNC_JUDGES.uncontended([{}], 1, 1), /without a number for microseconds/);
  });
});
