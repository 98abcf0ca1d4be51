import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { JobFigures } from '../dist/main-job/figures.js';
import { JobProcess } from './support/job-process.js';
import { Scratch } from './support/scratch.js';

/** Enough for the speed phase to be one, and little enough for a test. */
const LITTLE = ['--mebibytes', '4'];

describe('the main job', function () {
  this.timeout(60_000);
  const scratch = new Scratch();
  const jobs: JobProcess[] = [];

  function start(...args: string[]): JobProcess {
    const job = new JobProcess(args);
    jobs.push(job);
    return job;
  }

  /** Runs a job to its end, which must be good, and returns its figures. */
  async function succeed(...args: string[]): Promise<{ job: JobProcess; figures: JobFigures }> {
    const job = start('--json', ...args);
    assert.equal(await job.exitCode(), 0, job.errors);
    assert.equal(job.errors, '');
    assert.deepEqual(job.remains(), []);
    const figures = job.figures();
    assert.equal(figures.ok, true);
    const { lost, invented, duplicated, reordered } = figures.transfer;
    assert.deepEqual({ lost, invented, duplicated, reordered }, { lost: 0, invented: 0, duplicated: 0, reordered: 0 });
    return { job, figures };
  }

  afterEach(async () => {
    for (const job of jobs.splice(0)) await job.dispose();
  });

  after(() => {
    scratch.dispose();
  });

  const inputs = [
    { name: 'an empty file', bytes: 0, messages: 0 },
    { name: 'a file of one byte', bytes: 1, messages: 1 },
    { name: 'a file of 300 KiB', bytes: 300 * 1024, messages: 5 },
  ];
  for (const { name, bytes, messages } of inputs) {
    it(`carries ${name} through two kills, and the output is the input`, async () => {
      const contents = randomBytes(bytes);
      const file = scratch.file(`bytes-${bytes}`, contents);
      const { job, figures } = await succeed(...LITTLE, '--seed', '7', file);
      const digest = createHash('sha256').update(contents).digest('hex');
      assert.ok(job.lines.includes(`sha256 match ${digest}`), job.lines.join('\n'));
      assert.deepEqual(figures.sha256, { input: digest, output: digest, match: true });
      assert.deepEqual(
        { file: figures.file, bytes: figures.bytes, seed: figures.seed, messages: figures.transfer.messages },
        { file, bytes, seed: 7, messages },
      );
      // Nobody can hold a message where there is none.
      const dead = messages === 0 ? ['producer'] : ['consumer', 'producer'];
      assert.deepEqual(
        figures.transfer.deaths.map(({ role, signal, planned }) => ({ role, signal, planned })),
        dead.map((role) => ({ role, signal: 'SIGKILL', planned: true })),
      );
      assert.equal(figures.transfer.pids.producers.length, 2);
      if (messages > 0) assert.ok(figures.transfer.redelivered >= 1);
      else assert.equal(figures.transfer.redelivered, 0);
    });
  }

  it('compares Ringway with a Unix socket and child_process on the same messages', async () => {
    const { figures } = await succeed(...LITTLE, scratch.file('speed', randomBytes(100_000)));
    assert.deepEqual(
      figures.speed?.map(({ system, messages, bytes }) => ({ system, messages, bytes })),
      ['ringway', 'unix-socket', 'child-process'].map((system) => ({ system, messages: 64, bytes: 4 * 2 ** 20 })),
    );
    for (const row of figures.speed ?? []) assert.ok(row.bytesPerSecond > 0 && row.ringwayIsFaster > 0);
  });

  it('leaves the speed phase out for an empty file, and says so', async () => {
    const { job, figures } = await succeed(scratch.file('nothing', ''));
    assert.equal(figures.speed, undefined);
    assert.ok(job.lines.some((line) => line.startsWith('speed: left out')));
  });

  it('counts an NDJSON file line by line with three consumers, as a single process does', async () => {
    const lines = Array.from({ length: 5000 }, (_, id) =>
      JSON.stringify({ id, name: `Jürgen ${id}`, words: 'a b  c' }),
    );
    const text = `${lines.join('\n')}\n`;
    const { figures } = await succeed('--lines', '--consumers', '3', scratch.file('lines.ndjson', text));
    const expected = { lines: 5000, words: 5000 * 4, bytes: Buffer.byteLength(text) };
    assert.deepEqual(figures.totals, { file: expected, consumers: expected, match: true });
    assert.equal(figures.transfer.consumers, 3);
    assert.equal(figures.transfer.messages, 5000);
  });

  it('counts lines that are empty, not UTF-8, longer than a lane takes, or without an end', async () => {
    const long = Buffer.alloc(600_000, 'word ');
    const pieces = [Buffer.from('\n\r\n'), Buffer.of(0xff, 0xfe, 0x20, 0xc3, 0x0a), long, Buffer.from('\nend')];
    const { figures } = await succeed('--lines', scratch.file('odd', Buffer.concat(pieces)));
    const expected = { lines: 5, words: 2 + 120_000 + 1, bytes: 3 + 5 + 600_000 + 4 };
    assert.deepEqual(figures.totals, { file: expected, consumers: expected, match: true });
  });

  it('goes on whatever a viewer of --chaos kills, until the file is through', async () => {
    const file = scratch.file('chaos', randomBytes(2_000_000));
    const job = start('--chaos', '--seconds', '2', '--json', '--consumers', '2', file);
    const pidOf = async (name: string, remark: string): Promise<number> =>
      Number((await job.line(new RegExp(`^ +${name} +pid (\\d+)${remark}$`)))[1]);
    const consumers = [await pidOf('consumer 1', ''), await pidOf('consumer 2', '')];
    const producer = await pidOf('producer', '');
    for (const pid of [...consumers, producer]) process.kill(pid, 'SIGKILL');
    await job.line(/goes on with message/);
    process.kill(await pidOf('producer', ' started in its place'), 'SIGTERM');
    assert.equal(await job.exitCode(), 0, job.errors);
    assert.deepEqual(job.remains(), []);
    const figures = job.figures();
    assert.equal(figures.ok, true);
    assert.equal(figures.sha256?.match, true);
    assert.equal(figures.speed, undefined);
    const { deaths } = figures.transfer;
    assert.ok(deaths.every(({ planned }) => !planned));
    assert.deepEqual(
      [...consumers, producer].map((pid) => deaths.some((death) => death.pid === pid && death.signal === 'SIGKILL')),
      [true, true, true],
    );
  });

  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    it(`leaves no process, file or queue behind after ${signal}`, async () => {
      const job = start('--chaos', '--seconds', '600', scratch.file('interrupted', randomBytes(2_000_000)));
      await job.line(/^ +producer +pid/);
      job.process.kill(signal);
      assert.equal(await job.exitCode(), code);
      assert.match(job.errors, new RegExp(`ended by ${signal}`));
      assert.deepEqual(job.remains(), []);
    });
  }

  it('leaves nothing behind even when it is killed itself: its workers see to that', async () => {
    const job = start('--chaos', '--seconds', '600', scratch.file('killed', randomBytes(2_000_000)));
    await job.line(/^ +producer +pid/);
    job.process.kill('SIGKILL');
    assert.equal(await job.exitCode(), null);
    assert.deepEqual(job.remains(), []);
  });

  const wrong = [
    {
      name: 'a missing file',
      args: ['/nonexistent/file'],
      says: /cannot read \/nonexistent\/file: there is no such file/,
    },
    { name: 'a directory', args: ['/'], says: /\/ is a directory/ },
    { name: 'a device', args: ['/dev/zero'], says: /not a regular file/ },
    { name: 'no consumers', args: ['--consumers', '0'], says: /whole number from 1 to/ },
    { name: 'an unknown option', args: ['--bogus'], says: /unknown option '--bogus'/ },
  ];
  for (const { name, args, says } of wrong) {
    it(`refuses ${name} with a sentence and exit code 1`, async () => {
      const job = start(...args);
      assert.equal(await job.exitCode(), 1);
      assert.match(job.errors, says);
      assert.doesNotMatch(job.errors, /^\s+at /m);
      assert.deepEqual(job.lines, []);
      assert.deepEqual(job.remains(), []);
    });
  }
});
