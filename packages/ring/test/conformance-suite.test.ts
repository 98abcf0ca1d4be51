import assert from 'node:assert/strict';

import {
  cellsOf,
  conformance,
  queuePattern,
  type CaseName,
  type ConformanceOptions,
  type ConformanceTally,
  type Pattern,
  type Receiver,
  type Sender,
} from '@ringway/ring/conformance';

import { heapBoard, heapTopic } from './fixtures/heap-patterns.js';
import { pattern as untold } from './fixtures/untold.js';

/** What a cell waits for that never comes; nothing else is proved by it. */
const PATIENCE_MS = 1000;
const HANGS = /has not come within 1000 ms/;

/** The tests that the suite registers, and what it does after them. */
interface Registered {
  readonly tests: ReadonlyMap<string, () => Promise<void>>;
  readonly tally: ConformanceTally;
  readonly end: () => Promise<void>;
}

function register(pattern: Pattern, options: ConformanceOptions): Registered {
  const tests = new Map<string, () => Promise<void>>();
  const ends: (() => Promise<void>)[] = [];
  const tally = conformance(
    pattern,
    {
      describe: (_, body) => body(),
      it: (title, body) => tests.set(title, body),
      after: (body) => ends.push(body),
    },
    options,
  );
  return {
    tests,
    tally,
    end: async () => {
      await Promise.all(ends.map((end) => end()));
    },
  };
}

/** A queue with other senders or receivers. */
function queueWith(change: {
  sender?: (sender: Sender) => Sender;
  receiver?: (receiver: Receiver) => Receiver;
}): Pattern {
  const sender = change.sender ?? ((same: Sender): Sender => same);
  const receiver = change.receiver ?? ((same: Receiver): Receiver => same);
  return {
    ...queuePattern,
    open: (name) => {
      const handle = queuePattern.open(name);
      return {
        sender: (idle) => sender(handle.sender(idle)),
        receiver: (idle) => receiver(handle.receiver(idle)),
        close: () => handle.close(),
      };
    },
  };
}

/** A sender whose `send` is another one. */
function sending(sender: Sender, send: Sender['send']): Sender {
  return { send, trySend: (message) => sender.trySend(message), close: () => sender.close() };
}

function losesOne(sender: Sender): Sender {
  let sent = 0;
  return sending(sender, async (message, options) => {
    if (++sent !== 3) await sender.send(message, options);
  });
}

function doublesOne(sender: Sender): Sender {
  let sent = 0;
  return sending(sender, async (message, options) => {
    await sender.send(message, options);
    if (++sent === 20) await sender.send(message, options);
  });
}

function reordersTwo(sender: Sender): Sender {
  let sent = 0;
  let late: Uint8Array | undefined;
  return sending(sender, async (message, options) => {
    if (++sent === 5) {
      late = message;
      return;
    }
    await sender.send(message, options);
    if (late !== undefined) await sender.send(late, options);
    late = undefined;
  });
}

function spoilsOne(sender: Sender): Sender {
  let sent = 0;
  return sending(sender, (message, options) => {
    if (++sent === 4) message[message.length - 1] ^= 1;
    return sender.send(message, options);
  });
}

function neverRefuses(sender: Sender): Sender {
  return {
    send: (message, options) => sender.send(message, options),
    trySend: (message) => sender.trySend(message) || true,
    close: () => sender.close(),
  };
}

/** A receiver of which something is another. */
function receiving(receiver: Receiver, change: Partial<Receiver>): Receiver {
  return {
    receive: (options) => receiver.receive(options),
    tryReceive: () => receiver.tryReceive(),
    close: () => receiver.close(),
    ...change,
  };
}

function throwsWithoutCode(receiver: Receiver): Receiver {
  let calls = 0;
  return receiving(receiver, {
    tryReceive: () => {
      if (++calls === 100) throw new TypeError('an error that the library does not know');
      return receiver.tryReceive();
    },
  });
}

const FAULTS: readonly {
  readonly what: string;
  readonly pattern: Pattern;
  readonly fails: CaseName;
  readonly says: RegExp;
}[] = [
  {
    what: 'loses one message',
    pattern: queueWith({ sender: losesOne }),
    fails: 'delivery',
    says: HANGS,
  },
  { what: 'delivers one twice', pattern: queueWith({ sender: doublesOne }), fails: 'delivery', says: /deep/ },
  {
    what: 'changes a byte of one',
    pattern: queueWith({ sender: spoilsOne }),
    fails: 'delivery',
    says: /message 3 is not what was sent/,
  },
  { what: 'reorders two', pattern: queueWith({ sender: reordersTwo }), fails: 'order', says: /deep/ },
  {
    what: 'never refuses, and drops',
    pattern: queueWith({ sender: neverRefuses }),
    fails: 'back pressure',
    says: /a sender that nobody receives from sent 2000 messages/,
  },
  {
    what: 'ignores close',
    pattern: queueWith({ receiver: (receiver) => receiving(receiver, { close: () => undefined }) }),
    fails: 'close',
    says: /it did not fail/,
  },
  {
    what: 'ignores aborts',
    pattern: queueWith({ receiver: (receiver) => receiving(receiver, { receive: () => receiver.receive() }) }),
    fails: 'abort',
    says: HANGS,
  },
  {
    what: 'says that who joins late sees nothing, and shows it everything',
    pattern: { ...queuePattern, promises: { ...queuePattern.promises, lateJoin: 'nothing' } },
    fails: 'late join',
    says: /deep/,
  },
  {
    what: 'throws what has no code',
    pattern: queueWith({ receiver: throwsWithoutCode }),
    fails: 'garbage',
    says: /an error that the library does not know/,
  },
];

describe('the conformance suite', function () {
  this.timeout(60_000);

  for (const { what, pattern, fails, says } of FAULTS) {
    it(`fails ${fails} of an implementation that ${what}, and leaves nothing`, async () => {
      const { tests, tally, end } = register(pattern, {
        places: ['thread'],
        idles: ['park'],
        patienceMs: says === HANGS ? PATIENCE_MS : undefined,
      });
      await assert.rejects(async () => tests.get(`queue, thread, park: ${fails}`)?.(), says);
      await end();
      assert.equal(tally.held, 0);
    });
  }

  for (const pattern of [heapTopic, heapBoard]) {
    it(`holds for a ${pattern.name}, which promises other things than a queue does`, async () => {
      const { tests, tally, end } = register(pattern, { places: ['local'], idles: ['park'] });
      for (const test of tests.values()) await test();
      await end();
      assert.deepEqual([tally.held, tests.size], [6, 6]);
    });
  }

  it('fails what a board cannot keep, if it says it could', async () => {
    const { tests, end } = register(
      { ...heapBoard, promises: { ...heapBoard.promises, keeps: 'every' } },
      { places: ['local'], idles: ['park'], patienceMs: PATIENCE_MS },
    );
    await assert.rejects(async () => tests.get('heap board, local, park: back pressure')?.(), HANGS);
    await end();
  });

  it('fails death of an implementation that does not say what was received before', async () => {
    const { tests, end } = register(untold, { places: ['worker'], idles: ['park'] });
    await assert.rejects(
      async () => tests.get('untold, worker, park: death')?.(),
      /who gets what a dead one had is told so/,
    );
    await end();
  });

  it('tells what a peer complained of that could not start', async () => {
    const { tests, end } = register({ ...queuePattern, module: 'file:///nowhere.js' }, { places: ['process'] });
    await assert.rejects(
      async () => tests.get('queue, process, spin: delivery')?.(),
      /the peer is gone: code 1: .*nowhere/s,
    );
    await end();
  });

  it('counts what held, and registers a cell for whatever there can be', async () => {
    const { tests, tally, end } = register(queuePattern, { places: ['local', 'thread'] });
    assert.equal(tests.size, tally.cells);
    await tests.get('queue, local, spin: delivery')?.();
    await tests.get('queue, thread, adaptive: order')?.();
    assert.equal(tally.held, 2);
    await end();
  });

  it('has no cells that cannot be: a death in a thread, a stranger on a heap, a heap where there is none', () => {
    const cells = cellsOf(queuePattern);
    const count = (place: string): number => cells.filter((cell) => cell.place === place).length;
    assert.deepEqual([count('thread'), count('worker'), count('process'), count('local')], [21, 24, 24, 18]);
    const { local, ...without } = queuePattern;
    assert.ok(local !== undefined);
    assert.equal(cellsOf(without).length, cells.length - 18);
    assert.deepEqual(
      cells.filter(({ place, name }) => name === 'death' && (place === 'thread' || place === 'local')),
      [],
    );
  });
});
