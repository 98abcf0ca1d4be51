import assert from 'node:assert/strict';
import { Barrier, RwLock, Semaphore } from '@ringway/sync';
import type { Kind } from './fixtures/primitive-protocol.js';
import { SUBJECTS, type Guard } from './support/exclusive.js';
import { Scene } from './support/scene.js';
import { turn } from './support/until.js';

/** What one of three processes does in its loop. */
interface Part {
  readonly mode?: 'read' | 'write';
  readonly sync: boolean;
}

interface Case {
  readonly title: string;
  readonly kind: Kind;
  readonly options: Readonly<Record<string, unknown>>;
  readonly parts: readonly Part[];
}

const BLOCKING: Part = { sync: true };
const AWAITING: Part = { sync: false };

const CASES: readonly Case[] = [
  { title: 'a mutex for which all block', kind: 'mutex', options: {}, parts: [BLOCKING, BLOCKING, BLOCKING] },
  {
    title: 'a mutex for which two block and one awaits',
    kind: 'mutex',
    options: {},
    parts: [BLOCKING, BLOCKING, AWAITING],
  },
  {
    title: 'a plain semaphore',
    kind: 'semaphore',
    options: { permits: 1 },
    parts: [BLOCKING, BLOCKING, AWAITING],
  },
  {
    title: 'an owned semaphore',
    kind: 'semaphore',
    options: { permits: 1, owned: true },
    parts: [BLOCKING, BLOCKING, AWAITING],
  },
  {
    title: 'a read-write lock that two want to read and one to write',
    kind: 'rwLock',
    options: {},
    parts: [
      { mode: 'read', sync: true },
      { mode: 'read', sync: false },
      { mode: 'write', sync: false },
    ],
  },
  {
    title: 'a read-write lock that two want to write and one to read',
    kind: 'rwLock',
    options: {},
    parts: [
      { mode: 'write', sync: true },
      { mode: 'write', sync: false },
      { mode: 'read', sync: false },
    ],
  },
];

const ACQUISITIONS = 100_000;
/** Of these, whoever gets the least must have so many. Who is served once a millisecond has more, if the machine gives him any time. */
const LEAST = 20;

describe('three processes that acquire and release as fast as they can', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());

  for (const { title, kind, options, parts } of CASES) {
    it(`each get ${title}`, async () => {
      const [name, budget, start] = [scene.name(), scene.name(), scene.name()];
      scene.own(Semaphore.open(budget, { permits: ACQUISITIONS }));
      scene.own(Barrier.open(start, { parties: parts.length }));
      const peers = await scene.peers(parts.length);
      await Promise.all(peers.map((peer) => peer.ask({ do: 'open', kind, name, options })));
      const shares = await Promise.all(
        peers.map((peer, index) => peer.ask({ do: 'hammer', kind, name, budget, start, ...parts[index] })),
      );
      assert.equal(
        shares.reduce((sum: number, share) => sum + Number(share), 0),
        ACQUISITIONS,
      );
      assert.ok(Math.min(...shares.map(Number)) >= LEAST, JSON.stringify(shares));
    });
  }
});

describe('one that never lets go but to acquire again at once', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());
  /** Far more than the other needs to wait for a millisecond and be woken. */
  const MOST_ROUNDS = 200_000;

  /** Acquires and releases, always with the event loop having its turn in between, until the other has got it. */
  async function rounds(acquire: () => Promise<Guard>, other: Promise<Guard>): Promise<number> {
    const served = new AbortController();
    const got = other.then((guard) => {
      served.abort();
      guard.release();
    });
    let guard = await acquire();
    let count = 0;
    for (; !served.signal.aborted && count < MOST_ROUNDS; count++) {
      await turn();
      guard.release();
      guard = await acquire();
    }
    guard.release();
    await got;
    return count;
  }

  for (const { title, open } of SUBJECTS) {
    it(`does not keep ${title} from another handle`, async () => {
      const name = scene.name();
      const [greedy, patient] = [scene.own(open(name)), scene.own(open(name))];
      const first = await greedy.acquire();
      const wait = patient.acquire();
      const acquire = async (): Promise<Guard> => {
        first.release();
        return greedy.acquire();
      };
      assert.ok((await rounds(acquire, wait)) < MOST_ROUNDS);
    });
  }

  it('does not keep a read-write lock from a reader when it writes', async () => {
    const name = scene.name();
    const [writer, reader] = [scene.own(RwLock.open(name)), scene.own(RwLock.open(name))];
    const first = await writer.write();
    const wait = reader.read();
    const acquire = async (): Promise<Guard> => {
      first.release();
      return writer.write();
    };
    assert.ok((await rounds(acquire, wait)) < MOST_ROUNDS);
  });

  it('does not keep a read-write lock from a writer when two read in turn, and one of them always', async () => {
    const name = scene.name();
    const [one, two, writer] = [1, 2, 3].map(() => scene.own(RwLock.open(name)));
    const readers = [one, two];
    let last: Guard = await one.read();
    const wait = writer.write();
    let round = 0;
    // The next reads before the last has left, if it may.
    const acquire = async (): Promise<Guard> => {
      round += 1;
      const next = readers[round % 2].read();
      await turn();
      last.release();
      last = await next;
      return last;
    };
    assert.ok((await rounds(acquire, wait)) < MOST_ROUNDS);
  });
});
