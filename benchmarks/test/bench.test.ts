import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, watch } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHARED_MEMORY, childrenOf, leftBy, runBench, type Results } from './support/run-bench.js';

describe('the bench', function () {
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

  async function resultsOf(args: readonly string[]): Promise<Results> {
    const { code, complaints, pid } = await runBench([...args, '--json', json]);
    assert.equal(complaints, '');
    assert.equal(code, 0);
    assert.deepEqual(leftBy(pid), []);
    return JSON.parse(readFileSync(json, 'utf8')) as Results;
  }

  const measurements = [
    {
      what: 'throughput',
      only: 'throughput,bytes=64',
      cases: ['native-ring each', 'ringway batch', 'ringway each', 'unix-socket batch', 'unix-socket each'],
    },
    {
      what: 'round trips of event loops',
      only: 'rtt,idle=adaptive,idle=park',
      cases: ['ringway adaptive', 'ringway park', 'unix-socket adaptive', 'unix-socket park'],
    },
    { what: 'round trips of those who spin', only: 'rtt,idle=spin', cases: ['native-ring spin', 'ringway spin'] },
  ];
  for (const { what, only, cases } of measurements) {
    const alone = only.includes('spin') && availableParallelism() < 2;
    const title = `measures ${what} of every system that has them, and writes rows of one shape`;
    (alone ? it.skip : it)(alone ? `${title} (skipped: two that spin need two cores)` : title, async () => {
      const { machine, rows, ratios } = await resultsOf(['--only', only]);

      const found = rows.map(
        ({ scenario, system, params }) => `${system} ${scenario === 'rtt' ? params.idle : params.publish}`,
      );
      assert.deepEqual(found.sort(), cases);
      for (const row of rows) {
        assert.equal(row.unit, row.scenario === 'rtt' ? 'us' : 'msg/s');
        assert.equal(row.params.bytes, 64);
        assert.equal(row.runs, 1);
        assert.ok(row.min > 0 && row.min <= row.median && row.median <= row.max, JSON.stringify(row));
      }
      for (const name of ['cpu', 'cpus', 'kernel', 'node', 'load', 'pinned']) assert.ok(name in machine, name);
      assert.ok(ratios.length > 0);
      for (const { required, measured, met } of ratios) {
        assert.equal(met, 'least' in required ? measured >= required.least : measured <= required.most);
      }
    });
  }

  it('carries messages of every length', async () => {
    const { rows } = await resultsOf(['--only', 'throughput,ringway,unix-socket,publish=batch']);

    const lengths = new Set(rows.map(({ params }) => params.bytes));
    assert.deepEqual([...lengths], [8, 64, 256, 1024, 4096, 65536]);
    assert.equal(rows.length, 2 * lengths.size);
  });

  it('tells the footprint of a queue', async () => {
    const { rows } = await resultsOf(['--only', 'footprint']);

    const units = Object.fromEntries(rows.map(({ params, unit }) => [params.what, unit]));
    assert.deepEqual(units, {
      'shared memory': 'B',
      'idle cpu': '%',
      'threads for 1': 'threads',
      'threads for 127': 'threads',
      create: 'us',
      open: 'us',
      producer: 'us',
    });
  });

  for (const system of ['ringway', 'native-ring', 'unix-socket']) {
    for (const scenario of ['throughput', 'rtt']) {
      it(`fails loudly when a message of ${system} is wrong (${scenario})`, async () => {
        const only = ['--only', `${system},${scenario},bytes=64`];
        const { code, complaints, pid } = await runBench([...only, '--spoil', '7', '--json', json]);

        assert.equal(code, 1);
        assert.match(complaints, /wrong message: expected number 7 of 64 bytes/);
        assert.deepEqual(readdirSync(directory), []);
        assert.deepEqual(leftBy(pid), []);
        assert.deepEqual(childrenOf(pid), []);
      });
    }
  }

  it('leaves nothing when it is interrupted while a run begins', async () => {
    const { code, complaints, pid } = await runBench(['--seconds', '30', '--only', 'ringway,throughput'], (running) => {
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

  it('refuses names that there are not', async () => {
    const { code, complaints } = await runBench(['--only', 'throughput,speed']);

    assert.equal(code, 1);
    assert.match(
      complaints,
      /--only knows no "speed"; there are throughput, rtt, footprint, topic, fan-in, work-sharing, blackboard, sync, copy, ringway/,
    );
  });

  it('refuses to run nothing', async () => {
    const { code, complaints } = await runBench(['--only', 'native-ring,publish=batch']);

    assert.equal(code, 1);
    assert.match(complaints, /leaves nothing to run/);
  });
});
