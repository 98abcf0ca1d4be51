import assert from 'node:assert/strict';
import { Segment } from '@ringway/memory';
import { Barrier, Condition, Mutex, RwLock, Semaphore } from '@ringway/sync';
import { SYNC_KIND, TABLE_BYTE, bodyByte, recordLayout } from '../dist/sync-layout.js';
import type { Kind } from './fixtures/primitive-protocol.js';
import { Random } from './support/random.js';
import { Scene } from './support/scene.js';
import { storm } from './support/storm.js';
import { turn } from './support/until.js';

interface Victim {
  readonly title: string;
  readonly kind: Kind;
  readonly type: number;
  readonly make: (name: string) => { close(): void };
}

const VICTIMS: readonly Victim[] = [
  { title: 'a mutex', kind: 'mutex', type: SYNC_KIND.mutex, make: (name) => Mutex.open(name) },
  {
    title: 'a plain semaphore',
    kind: 'semaphore',
    type: SYNC_KIND.semaphore,
    make: (name) => Semaphore.open(name, { permits: 2 }),
  },
  {
    title: 'an owned semaphore',
    kind: 'semaphore',
    type: SYNC_KIND.semaphore,
    make: (name) => Semaphore.open(name, { permits: 2, owned: true }),
  },
  { title: 'a read-write lock', kind: 'rwLock', type: SYNC_KIND.rwLock, make: (name) => RwLock.open(name) },
  { title: 'a condition', kind: 'condition', type: SYNC_KIND.condition, make: (name) => Condition.open(name) },
  {
    title: 'a barrier',
    kind: 'barrier',
    type: SYNC_KIND.barrier,
    make: (name) => Barrier.open(name, { parties: 2 }),
  },
];

const STEPS = 300;
const PARTICIPANTS = 64;

describe('somebody who writes anything over the words of a primitive while others use it', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());

  for (const [index, { title, kind, type, make }] of VICTIMS.entries()) {
    for (const place of ['record', 'table'] as const) {
      it(`cannot do more than forge: the ${place} of ${title}`, async () => {
        const seed = 1 + index;
        const name = scene.name();
        scene.own(make(name));
        if (kind === 'condition') {
          // Named after the condition, so that all find it.
          const mutex = Mutex.open(`${name}.mutex`);
          scene.own({
            close: () => {
              mutex.close();
              Mutex.unlink(`${name}.mutex`);
            },
          });
        }
        const segment = scene.own(Segment.open(name, { kind: type }));
        const words = new Int32Array(segment.map(0, segment.header.size));
        const peer = await scene.peer();
        const random = new Random(seed);
        const [start, end] =
          place === 'table'
            ? [TABLE_BYTE, bodyByte(PARTICIPANTS)]
            : [bodyByte(PARTICIPANTS), bodyByte(PARTICIPANTS) + recordLayout(PARTICIPANTS).bytes];
        const over = new AbortController();
        const storms = Promise.all([
          peer.ask({ do: 'storm', kind, name, steps: STEPS, seed }),
          storm(kind, name, STEPS, seed + 1),
        ]).finally(() => {
          over.abort();
        });
        // The first words more often than others: they decide.
        while (!over.signal.aborted) {
          const first = random.below(4) === 0 ? start + random.below(4) * 64 : start;
          const word = (first + random.below(end - first)) >> 2;
          const value = random.one([0, 1, -1, 2 ** 31 - 1, -(2 ** 31), random.word(), random.below(70) | 4096]);
          Atomics.store(words, word, value);
          await turn();
        }
        // Every step of theirs has ended, in time and as it may.
        assert.deepEqual(await storms, [STEPS, STEPS]);
        // What was forged can be made anew.
        Segment.unlink(name);
        scene.own(make(name));
      });
    }
  }
});
