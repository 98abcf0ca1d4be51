import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MultiCheck, STOP } from '../dist/multi-check.js';
import { judgeMulti } from '../dist/multi-judge.js';
import { Payload } from '../dist/payload.js';
import { childrenOf, leftBy, runBench, type Results } from './support/run-bench.js';

const LENGTH = 64;

describe('the bench with several producers or consumers', function () {
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

  it('measures fan-in and work-sharing beside one to one, and judges both', async () => {
    const { code, complaints, pid } = await runBench(['--only', 'fan-in,work-sharing', '--json', json]);
    assert.equal(complaints, '');
    assert.equal(code, 0);
    assert.deepEqual(leftBy(pid), []);

    const { rows, ratios, machine } = JSON.parse(readFileSync(json, 'utf8')) as Results;
    assert.ok(typeof machine.cpus === 'number');
    assert.deepEqual(
      rows.map(({ scenario, params, unit }) => [scenario, params.producers, params.consumers, params.bytes, unit]),
      [
        ['fan-in', 1, 1, LENGTH, 'msg/s'],
        ['fan-in', 4, 1, LENGTH, 'msg/s'],
        ['fan-in', 16, 1, LENGTH, 'msg/s'],
        ['work-sharing', 1, 1, LENGTH, 'msg/s'],
        ['work-sharing', 1, 4, LENGTH, 'msg/s'],
      ],
    );
    for (const row of rows) assert.ok(row.median > 0, JSON.stringify(row));
    assert.deepEqual(
      ratios.map(({ name, required }) => [name, required]),
      [
        ['fan-in: cost of a message, 16 producers against 1', { most: 1.5 }],
        ['work-sharing: rate of 4 consumers together against 1', { least: 0.7 }],
      ],
    );
  });

  for (const only of ['fan-in,producers=4', 'work-sharing,consumers=4']) {
    it(`fails loudly when a message is wrong (${only}), and leaves nothing`, async () => {
      const { code, complaints, pid } = await runBench(['--only', only, '--spoil', '7', '--json', json]);

      assert.equal(code, 1);
      assert.match(complaints, /wrong message: expected one of 64 bytes/);
      assert.deepEqual(readdirSync(directory), []);
      assert.deepEqual(leftBy(pid), []);
      assert.deepEqual(childrenOf(pid), []);
    });
  }
});

describe('the check of messages of several senders', () => {
  const from = (sender: number, number: number, length = LENGTH): Uint8Array => {
    const payload = new Payload(length, -1, sender);
    payload.stamp(number);
    return payload.bytes;
  };
  const accept = (check: MultiCheck, message: Uint8Array): void => {
    check.accept(message, 0, message.length);
  };

  it('takes what each sender numbered, in its order', () => {
    const check = new MultiCheck(LENGTH, 2, true);
    for (const message of [from(0, 0), from(1, 0), from(1, 1), from(0, 1)]) accept(check, message);
    assert.deepEqual(check.totals, { received: 4, sum: 2, xor: 0 });
    check.restart();
    accept(check, from(1, 0));
    assert.equal(check.received, 1);
  });

  const wrong = {
    'is missing': [from(0, 0), from(0, 2)],
    'comes twice': [from(0, 0), from(0, 0)],
    'is of nobody': [from(2, 0)],
    'is too long': [from(0, 0, 2 * LENGTH)],
    'was spoiled': [from(0, 0).fill(0, LENGTH - 4)],
  };
  for (const [what, messages] of Object.entries(wrong)) {
    it(`refuses one that ${what}`, () => {
      const check = new MultiCheck(LENGTH, 2, true);
      assert.throws(() => {
        for (const message of messages) accept(check, message);
      }, /^Error: wrong message: expected one of 64 bytes and 2 senders/);
    });
  }

  it('takes larger and larger ones where work is shared, until it is stopped', () => {
    const check = new MultiCheck(LENGTH, 1, false);
    for (const number of [3, 7, 8, STOP]) accept(check, from(0, number));
    assert.equal(check.stopped, true);
    assert.deepEqual(check.totals, { received: 3, sum: 18, xor: 3 ^ 7 ^ 8 });
    assert.throws(() => {
      accept(check, from(0, 8));
    }, /wrong message/);
  });

  it('needs payloads that have room for the sender', () => {
    assert.throws(() => new Payload(8, -1, 0), RangeError);
  });
});

describe('the reports of a phase of several', () => {
  const totals = (numbers: readonly number[], at: number): Record<string, number> => ({
    at,
    received: numbers.length,
    sum: numbers.reduce((sum, number) => sum + number, 0),
    xor: numbers.reduce((all, number) => all ^ number, 0),
  });

  it('are messages of all together, from the first send to the last receipt', () => {
    const received = [totals([0, 2, 4], 1100), totals([1, 3], 1050)];
    assert.deepEqual(judgeMulti([{ at: 100 }], received, 5), {
      count: 5,
      microseconds: 1000,
      outcome: { value: 5000 },
    });
    const all = totals([0, 1, 2, 0, 1, 2, 0, 1, 2], 600);
    assert.equal(judgeMulti([{ at: 120 }, { at: 100 }, { at: 110 }], [all], 3).microseconds, 500);
  });

  it('are refused where one is missing, or came twice in the place of another', () => {
    const sent = [{ at: 0 }];
    assert.throws(() => judgeMulti(sent, [totals([0, 1], 1), totals([2, 4], 1)], 5), /wrong messages: 5 were sent/);
    assert.throws(() => judgeMulti(sent, [totals([0, 1, 2], 1), totals([2, 4], 1)], 5), /wrong messages: 5 were sent/);
    assert.throws(() => judgeMulti(sent, [totals([0, 1, 4], 1), totals([1, 4], 1)], 5), /wrong messages: 5 were sent/);
  });
});
