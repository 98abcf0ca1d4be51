import assert from 'node:assert/strict';
import type { LocalSegment } from '@ringway/memory';
import { Acquisitions, closedError, type Attempt, type Contended } from '../dist/acquisitions.js';
import { Heir } from '../dist/heir.js';
import type { Participant } from '../dist/participant.js';
import { RECORD_HEIR } from '../dist/sync-layout.js';
import { firstWord, join, kill, localSegment } from './support/participants.js';
import { codeOf, thrownCode } from './support/rejects.js';
import { until } from './support/until.js';

const PLACES = 4;

/** Something of which there is a number, and that says in the log what it was told. */
class Stock implements Contended {
  readonly log: string[] = [];
  left = 0;
  blockedHere = false;

  attempt(title: string, failure?: Error): Attempt<string> {
    return {
      what: `${title} came`,
      take: () => {
        if (this.left === 0) return undefined;
        if (failure !== undefined) throw failure;
        this.left -= 1;
        return title;
      },
      forgone: () => this.log.push(`forgone ${title}`),
      dropped: () => this.log.push(`dropped ${title}`),
    };
  }

  isBlockedHere(): boolean {
    return this.blockedHere;
  }

  announce(): void {
    // Nobody else is there who would ring.
  }

  withdraw(): boolean {
    return true;
  }

  passOn(): void {
    // There is nobody to pass it on to.
  }
}

describe('Acquisitions', () => {
  let segment: LocalSegment;
  let stock: Stock;
  let acquisitions: Acquisitions;

  beforeEach(() => {
    segment = localSegment(PLACES);
    stock = new Stock();
    acquisitions = new Acquisitions(join(segment, PLACES), stock, 'adaptive', 50);
  });

  afterEach(() => {
    acquisitions.close(closedError('stock'));
    segment.close();
  });

  it('serves at once what is there, and the others in order', async () => {
    stock.left = 1;
    assert.equal(await acquisitions.acquire(stock.attempt('first'), undefined), 'first');
    const order: string[] = [];
    const waits = ['second', 'third'].map((title) =>
      acquisitions.acquire(stock.attempt(title), undefined).then((found) => order.push(found)),
    );
    assert.equal(acquisitions.waiting, true);
    stock.left = 2;
    await Promise.all(waits);
    assert.deepEqual([order, acquisitions.waiting, stock.log], [['second', 'third'], false, []]);
  });

  it('lets nobody come before those who wait', async () => {
    stock.blockedHere = true;
    const first = acquisitions.acquire(stock.attempt('first'), undefined);
    stock.left = 1;
    const second = acquisitions.acquire(stock.attempt('second'), undefined);
    stock.blockedHere = false;
    acquisitions.advance();
    assert.equal(await first, 'first');
    stock.left = 1;
    acquisitions.advance();
    assert.equal(await second, 'second');
  });

  it('tells the first in line that it is forgone, and whoever gives up that it is dropped', async () => {
    const controllers = [new AbortController(), new AbortController(), new AbortController()];
    const waits = ['first', 'second', 'third'].map((title, index) =>
      acquisitions.acquire(stock.attempt(title), { signal: controllers[index].signal }),
    );
    controllers[1].abort();
    controllers[0].abort();
    assert.deepEqual(stock.log, ['dropped second', 'forgone first', 'dropped first']);
    acquisitions.close(closedError('stock'));
    assert.deepEqual(stock.log.slice(3), ['forgone third', 'dropped third']);
    assert.deepEqual(await Promise.all(waits.map(codeOf)), ['ABORT_ERR', 'ABORT_ERR', 'ERR_RINGWAY_CLOSED']);
  });

  it('rejects one whose attempt fails, and serves those behind it', async () => {
    const failure = new Error('this one cannot be had');
    const [bad, good] = [
      acquisitions.acquire(stock.attempt('bad', failure), undefined),
      acquisitions.acquire(stock.attempt('good'), undefined),
    ];
    stock.left = 1;
    await assert.rejects(bad, failure);
    assert.equal(await good, 'good');
  });

  it('gives up what it has reserved when a thread would wait for itself', async () => {
    const stuck = new Error('this thread has it');
    assert.throws(
      () =>
        acquisitions.acquireSync(stock.attempt('blocking'), undefined, () => {
          throw stuck;
        }),
      stuck,
    );
    assert.deepEqual(stock.log, ['forgone blocking']);
    const wait = acquisitions.acquire(stock.attempt('awaited'), undefined);
    stock.left = 1;
    assert.equal(await wait, 'awaited');
  });

  it('lets those who await go on after a thread that blocked in vain', async () => {
    const wait = acquisitions.acquire(stock.attempt('awaited'), undefined);
    assert.equal(
      thrownCode(() => acquisitions.acquireSync(stock.attempt('blocking'), { timeout: 0 }, () => undefined)),
      'ERR_RINGWAY_TIMEOUT',
    );
    assert.deepEqual(stock.log, ['forgone awaited', 'forgone blocking', 'dropped blocking']);
    stock.left = 1;
    assert.equal(await wait, 'awaited');
  });
});

describe('Heir', () => {
  let segment: LocalSegment;
  let participants: Participant[];
  let heirs: Heir[];
  const LONG_AGO = -Infinity;

  beforeEach(() => {
    segment = localSegment(PLACES);
    participants = [0, 1, 2].map(() => join(segment, PLACES));
    heirs = participants.map((participant) => new Heir(participant, firstWord(PLACES) + RECORD_HEIR));
  });

  afterEach(() => {
    segment.close();
  });

  it('is the first who has waited for a millisecond', () => {
    heirs[0].claim(performance.now() + 1000);
    assert.equal(heirs[0].present, false);
    heirs[1].claim(LONG_AGO);
    heirs[2].claim(LONG_AGO);
    assert.deepEqual(
      heirs.map((heir) => [heir.present, heir.mine, heir.slot()]),
      [
        [true, false, 1],
        [true, true, -1],
        [true, false, 1],
      ],
    );
  });

  it('goes before all others until it resigns', () => {
    heirs[0].claim(LONG_AGO);
    assert.deepEqual(
      heirs.map((heir) => heir.excludes()),
      [false, true, true],
    );
    heirs[1].resign();
    assert.equal(heirs[1].excludes(), true);
    heirs[0].resign();
    assert.deepEqual(
      heirs.map((heir) => heir.excludes()),
      [false, false, false],
    );
  });

  it('is passed over when it does not come, or is dead', async () => {
    heirs[0].claim(LONG_AGO);
    await until(() => !heirs[1].excludes());
    assert.equal(heirs[0].mine, false);
    heirs[0].claim(LONG_AGO);
    kill(participants[0]);
    assert.equal(participants[1].isProvedGone(participants[0].me), true);
    assert.equal(heirs[2].excludes(), false);
    assert.equal(heirs[2].present, false);
  });
});
