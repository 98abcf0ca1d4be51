import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

import { table } from '../dist/table.js';
import { formatAge, formatBytes, formatMode, formatTime } from '../dist/units.js';
import { Program } from './support/program.js';

describe('the program ringway', () => {
  const program = new Program();

  afterEach(() => program.kill());

  it('tells its version', async () => {
    const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(manifest) as { version: string };
    assert.deepEqual(await program.run('--version'), { status: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('explains itself and each command', async () => {
    for (const args of [['--help'], ['cp', '--help'], ['ls', '--help'], ['rm', '--help'], ['help', 'ls']]) {
      const { status, stdout, stderr } = await program.run(...args);
      assert.deepEqual([status, stderr], [0, '']);
      assert.match(stdout, /^Usage: ringway /);
    }
  });

  it('refuses a wrong command line with 2, and says what is right on stderr', async () => {
    const wrong = [
      [],
      ['frobnicate'],
      ['cp'],
      ['cp', 'a'],
      ['cp', 'a', 'b', 'c'],
      ['rm'],
      ['ls', '--none'],
      ['ls', 'a'],
    ];
    for (const args of wrong) {
      const { status, stdout, stderr } = await program.run(...args);
      assert.deepEqual([status, stdout], [2, ''], args.join(' '));
      assert.match(stderr, /Usage: ringway/);
    }
  });

  it('says that its output could not be written, and exits with 1', async () => {
    const { stderr } = await program.shell('ringway ls --json > /dev/full; echo "status $?" >&2');
    assert.match(stderr, /^ringway: ENOSPC: .*\nstatus 1\n$/);
  });
});

describe('figures for people', () => {
  it('are in units of which there is one at least', () => {
    assert.deepEqual([0, 1, 1023, 1024, 1536, 1024 * 1024 - 1, 1024 ** 2, 3 * 1024 ** 3, 2 ** 53].map(formatBytes), [
      '0 B',
      '1 B',
      '1023 B',
      '1.0 KiB',
      '1.5 KiB',
      '1.0 MiB',
      '1.0 MiB',
      '3.0 GiB',
      '8.0 PiB',
    ]);
    assert.deepEqual(
      [-5000, 0, 999, 59_999, 60_000, 3_600_000, 86_399_000, 86_400_000, 400 * 86_400_000].map(formatAge),
      ['0 s', '0 s', '0 s', '59 s', '1 min', '1 h', '23 h', '1 d', '400 d'],
    );
    assert.deepEqual([0o600, 0, 0o777].map(formatMode), ['0600', '0000', '0777']);
    assert.deepEqual([0, 2 ** 53].map(formatTime), ['1970-01-01T00:00:00.000Z', null]);
  });

  it('stand in columns', () => {
    assert.deepEqual(
      table(
        ['A', 'LONG', 'C'],
        [
          ['text', '1', 'x'],
          ['t', '12345', ''],
        ],
        ['LONG'],
      ),
      ['A      LONG  C', 'text      1  x', 't     12345'],
    );
  });
});
