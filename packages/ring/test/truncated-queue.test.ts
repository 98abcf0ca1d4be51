import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, truncateSync } from 'node:fs';

import { Segment } from '@ringway/memory';
import { Queue, bytes } from '@ringway/ring';

import { layoutOf } from '../dist/channel.js';
import { KIND_QUEUE, PAGE_BYTES } from '../dist/layout.js';
import type { Ended } from './fixtures/truncated.js';
import { cleanUp, fixture, keep, later, queueName, SMALL } from './support/process.js';
import { PATIENCE_MS, TEST_MS, within } from './support/turns.js';

/** What a member says that got what nobody has sent. */
const ZEROS = 'zeros were delivered';
const TRUNCATED = 'ERR_RINGWAY_SEGMENT_TRUNCATED';

const PRODUCERS = ['send', 'sendSync', 'trySend', 'tick', 'sendMany', 'reserve'] as const;
const CONSUMERS = ['receive', 'receiveSync', 'for await', 'batches', 'run', 'run slowly', 'poll', 'pollSync'] as const;

const GROWN = 'to nothing, and grown again';
/** What somebody does to the object. */
const CUTS: readonly (readonly [title: string, cut: (path: string, size: number, control: number) => void])[] = [
  [
    'to nothing',
    (path) => {
      truncateSync(path, 0);
    },
  ],
  [
    'to the half of it',
    (path, size) => {
      // Whole pages: the rest of one that is cut in two is zeros like any others.
      truncateSync(path, size / 2 - ((size / 2) % PAGE_BYTES));
    },
  ],
  [
    'to what lies before the lanes',
    (path, _, control) => {
      truncateSync(path, control);
    },
  ],
  [
    GROWN,
    (path, size) => {
      truncateSync(path, 0);
      truncateSync(path, size);
    },
  ],
];

/** A process that takes part in a queue until that fails. */
class Member {
  readonly how: string;
  readonly #child: ChildProcess;
  readonly #said: (string | Ended)[] = [];
  readonly #ended: Promise<unknown>;

  constructor(name: string, how: string, begin: 'at work' | 'parked') {
    this.how = how;
    this.#child = spawn(process.execPath, [fixture('truncated'), name, how, begin], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    later(() => this.#child.kill('SIGKILL'));
    this.#child.on('message', (message: string | Ended) => this.#said.push(message));
    // All that it said has come by the second.
    this.#ended = Promise.all([once(this.#child, 'exit'), once(this.#child, 'disconnect')]);
  }

  /** Resolves when it has sent or received, or is about to wait. */
  async atWork(): Promise<void> {
    while (!this.#said.includes('at work')) await Promise.race([once(this.#child, 'message'), this.#fails()]);
  }

  /** Resolves to what it said, when it has ended by itself. */
  async end(): Promise<(string | Ended)[]> {
    const [status] = (await within(PATIENCE_MS, this.how, this.#ended)) as [unknown[], unknown[]];
    assert.deepEqual(status, [0, null], this.how);
    return this.#said;
  }

  async #fails(): Promise<never> {
    await this.#ended;
    throw new Error(`${this.how} ended: ${JSON.stringify(this.#said)}`);
  }
}

describe('a queue whose object is truncated', function () {
  this.timeout(TEST_MS);
  let name: string;
  let path: string;
  let size: number;
  let control: number;

  beforeEach(() => {
    name = queueName();
    const segment = keep(Segment.open(keep(Queue.open(name, { ...SMALL, codec: bytes() })).name, { kind: KIND_QUEUE }));
    ({ path } = segment);
    const layout = layoutOf(segment.header, name);
    size = layout.size;
    control = layout.controlBytes;
    // Of what was cut, nothing may be left that its name could be removed by.
    later(() => rmSync(path));
  });

  afterEach(cleanUp);

  async function allEnd(members: readonly Member[], unseen: boolean): Promise<void> {
    for (const member of members) {
      const said = await member.end();
      // What has grown again before anybody touched it is memory like any other.
      if (unseen) said.splice(0, said.length, ...said.filter((message) => message !== ZEROS));
      const ended = said.at(-1) as Ended;
      assert.deepEqual(
        said,
        ['at work', { code: TRUNCATED, later: ended.later.map(() => TRUNCATED), closed: true }],
        member.how,
      );
    }
  }

  for (const [title, cut] of CUTS) {
    describe(title, () => {
      for (const [at, how] of CONSUMERS.entries()) {
        const sender = PRODUCERS[at % PRODUCERS.length];
        it(`tells those who are at work: ${sender}, ${how}`, async () => {
          const members = [
            new Member(name, how, 'at work'),
            new Member(name, sender, 'at work'),
            new Member(name, 'send', 'at work'),
          ];
          await Promise.all(members.map((member) => member.atWork()));
          cut(path, size, control);
          await allEnd(members, title === GROWN);
        });
      }

      it('tells consumers that are parked', async () => {
        keep(keep(Queue.open(name, { ...SMALL, codec: bytes() })).producer());
        const members = ['receive', 'receiveSync', 'for await', 'pollSync'].map(
          (how) => new Member(name, how, 'parked'),
        );
        await Promise.all(members.map((member) => member.atWork()));
        cut(path, size, control);
        await allEnd(members, title === GROWN);
      });

      it('tells producers that wait for room', async () => {
        const members = ['send', 'sendSync', 'trySend', 'reserve'].map((how) => new Member(name, how, 'parked'));
        await Promise.all(members.map((member) => member.atWork()));
        cut(path, size, control);
        await allEnd(members, title === GROWN);
      });

      it('tells who waits for the drain', async () => {
        const queue = keep(Queue.open(name, { ...SMALL, codec: bytes() }));
        const producer = keep(queue.producer());
        await producer.send(new Uint8Array(8));
        const waits = ['drained'].map((how) => new Member(name, how, 'parked'));
        await Promise.all(waits.map((member) => member.atWork()));
        const drained = queue.drained();
        cut(path, size, control);
        await assert.rejects(within(PATIENCE_MS, 'drained', drained), { code: TRUNCATED });
        queue.close();
        await allEnd(waits, title === GROWN);
      });
    });
  }

  for (const [sender, receiver] of [
    ['send', 'for await'],
    ['sendSync', 'poll'],
    ['tick', 'run'],
    ['reserve', 'receiveSync'],
  ]) {
    it(`to the lanes, and grown again, does no harm to those who go on: ${sender}, ${receiver}`, async () => {
      const members = [new Member(name, receiver, 'at work'), new Member(name, sender, 'at work')];
      await Promise.all(members.map((member) => member.atWork()));
      truncateSync(path, control);
      truncateSync(path, size);
      // Who has met it has ended; who has met zeros took them for a damaged lane, or goes on: until this.
      truncateSync(path, 0);
      for (const member of members) {
        const { code, closed } = (await member.end()).at(-1) as Ended;
        assert.ok(code === TRUNCATED || code === 'ERR_RINGWAY_CORRUPT_LANE', `${member.how}: ${code}`);
        assert.equal(closed, true);
      }
    });
  }
});
