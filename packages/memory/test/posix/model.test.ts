import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const DEFAULT_RUNS = 100;
const MOST_SEEDS = 2 ** 31;

/** Runs a fixture in a process of its own: what it says, when it comes to its end. */
function run(fixture: string, rounds: number): unknown {
  const path = fileURLToPath(new URL(`fixtures/${fixture}.js`, import.meta.url));
  const seed = Math.floor(Math.random() * MOST_SEEDS);
  const { status, signal, stdout, stderr } = spawnSync(process.execPath, [path, String(rounds), String(seed)], {
    encoding: 'utf8',
  });
  assert.deepEqual([status, signal], [0, null], `seed ${seed}: ${stderr}`);
  return JSON.parse(stdout);
}

describe('posix: random orders of calls', () => {
  // More, for a long search: RINGWAY_TEST_ROUNDS=10000.
  const rounds = Number(process.env.RINGWAY_TEST_ROUNDS ?? DEFAULT_RUNS);

  it('do what POSIX says, as a model of it tells', () => {
    assert.equal(run('model', rounds), rounds);
  });

  it('with arguments of any kind never end the process, and fail only by errors that are documented', () => {
    assert.ok(Number(run('garbage', rounds)) > 10 * rounds);
  });
});
