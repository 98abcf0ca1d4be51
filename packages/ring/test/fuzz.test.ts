import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { RingwayError } from '@ringway/memory';
import { Queue } from '@ringway/ring';
import { Oracle } from './fuzz/findings.js';
import { Leaks } from './fuzz/leaks.js';

const SEGMENTS = 4000;
const SEED = 3;
const FUZZ = fileURLToPath(new URL('fuzz/main.js', import.meta.url));

describe('the judge of what a spoiled segment comes to', () => {
  const leftOpen: number[] = [];

  afterEach(() => {
    for (const fd of leftOpen.splice(0)) closeSync(fd);
  });

  it('takes typed errors, those of the system and aborts for what they are', () => {
    const oracle = new Oracle(0, false, false);
    oracle.attempt('a call', () => {
      throw new RingwayError('ERR_RINGWAY_CORRUPT_LANE', 'spoiled');
    });
    oracle.attempt('a call', () => openSync('/nowhere/at/all', 'r'));
    oracle.attempt('a call', () => {
      throw Object.assign(new Error('aborted'), { code: 'ABORT_ERR' });
    });
    assert.deepEqual(oracle.findings, []);
  });

  it('calls an error of our own code a crash, also where a typed one hides it', () => {
    const inner = new TypeError('undefined is no object');
    const wrapped = new RingwayError('ERR_RINGWAY_DECODE', 'cannot decode', { cause: inner });
    for (const error of [inner, new RangeError('out of bounds'), wrapped]) {
      const oracle = new Oracle(7, false, false);
      oracle.attempt('a call', () => {
        throw error;
      });
      assert.deepEqual(
        oracle.findings.map(({ kind, segment }) => [kind, segment]),
        [['crash', 7]],
      );
    }
  });

  it('calls it a crash when what must not throw does, even with a typed error', () => {
    const oracle = new Oracle(0, true, false);
    oracle.must('close', () => {
      throw new RingwayError('ERR_RINGWAY_CLOSED', 'closed');
    });
    assert.equal(oracle.findings[0].kind, 'crash');
  });

  it('calls a wait that does not end a hang', async () => {
    const oracle = new Oracle(0, true, false, 10);
    await oracle.settle('a wait', () => new Promise(() => undefined));
    assert.equal(oracle.findings[0].kind, 'hang');
    await oracle.settle('another', () => Promise.resolve());
    assert.equal(oracle.findings.length, 1);
  });

  it('finds descriptors and objects that stay behind', async () => {
    const prefix = `${process.env.RINGWAY_NAMESPACE ?? ''}leaks-${process.pid}-`;
    const leaks = new Leaks(prefix);
    assert.deepEqual(await leaks.look(), []);
    for (let count = 0; count < 20; count++) leftOpen.push(openSync('/dev/null', 'r'));
    assert.match((await leaks.look())[0], /^descriptors/);
    assert.deepEqual(await leaks.look(), [], 'told once');
    const queue = Queue.open(`leaks-${process.pid}-1`, { laneBytes: 4096, maxProducers: 1, maxConsumers: 1 });
    try {
      assert.match((await leaks.look()).join(), /objects: 1/);
    } finally {
      queue.close();
      Queue.unlink(`leaks-${process.pid}-1`);
    }
  });
});

describe('hostile memory', function () {
  this.timeout(120_000);

  it(`of ${SEGMENTS} spoiled segments crashes nobody, hangs nobody, and leaves nothing behind`, async () => {
    const given = ['--segments', String(SEGMENTS), '--seed', String(SEED), '--jobs', '2'];
    const child = spawn(process.execPath, [FUZZ, ...given], { stdio: ['ignore', 'pipe', 'inherit'] });
    const said = await text(child.stdout);
    assert.ok(said.endsWith(`segments ${SEGMENTS} crashes 0 hangs 0 leaks 0\n`), said);
  });
});
