import assert from 'node:assert/strict';

import { Idle, type IdleStrategy, type Waiting } from '@ringway/sync';

import { Table } from './support/table.js';

/** A participant that waits for a word, and writes down what it was asked. */
class Waiter implements Waiting {
  readonly doorbell: number;
  readonly said: string[] = [];
  readonly #table: Table;
  readonly #slot: number;
  /** What {@link Waiter.look} answers. */
  found = false;
  /** Whether the last look ended before it had seen everything. */
  more = false;
  /** Called at each look. */
  looking: () => void = () => undefined;
  /** Called at each look for the dead. */
  sweeping: () => void = () => undefined;
  /** What it was told. */
  readonly failures: unknown[] = [];

  constructor(table: Table, slot: number) {
    this.#table = table;
    this.#slot = slot;
    this.doorbell = table.slots.doorbell(slot);
  }

  look(): boolean {
    this.said.push('look');
    this.looking();
    return this.found;
  }

  unfinished(): boolean {
    return this.more;
  }

  lookForDead(): void {
    this.said.push('dead');
    this.sweeping();
  }

  passOn(): void {
    this.said.push('passOn');
  }

  failed(error: unknown): void {
    this.said.push('failed');
    this.failures.push(error);
  }

  announce(): void {
    this.said.push('announce');
    this.#table.doorbells.announce(this.#slot);
  }

  withdraw(leaving: boolean): void {
    this.said.push(leaving ? 'leave' : 'withdraw');
    if (!this.#table.doorbells.withdraw(this.#slot) && leaving) this.#table.doorbells.ringOne();
  }
}

function turns(count: number): Promise<void> {
  return new Promise((resolve) => {
    const turn = (left: number): void => {
      if (left === 0) resolve();
      else setImmediate(turn, left - 1);
    };
    turn(count);
  });
}

describe('waiting', () => {
  let table: Table;
  let waiter: Waiter;

  beforeEach(() => {
    table = Table.create(8);
    table.join(0);
    waiter = new Waiter(table, 0);
  });

  afterEach(() => table.kill());

  function idle(strategy: IdleStrategy, pollMicroseconds = 50): Idle {
    return new Idle(table.segment, table.words, table.slots.count, table.roster, waiter, strategy, pollMicroseconds);
  }

  it('parks by announcing first and looking again after', () => {
    const waiting = idle('park');
    waiting.start();
    assert.deepEqual(waiter.said, ['announce', 'dead', 'look']);
    assert.equal(waiting.active, true);
    waiting.stop();
    assert.equal(waiting.active, false);
  });

  it('does not sleep on what came between the last look and the announcement', () => {
    waiter.found = true;
    const waiting = idle('park');
    waiting.start();
    assert.equal(waiting.active, false);
    assert.deepEqual(table.bits(), [0]);
  });

  it('looks again when it is rung, and ends when there is nothing left to wait for', async () => {
    const waiting = idle('park');
    waiting.start();
    await turns(3);
    assert.deepEqual(waiter.said, ['announce', 'dead', 'look'], 'asleep until it is rung');
    waiter.found = true;
    table.doorbells.ringOne();
    while (waiting.active) await turns(1);
    assert.deepEqual(waiter.said.slice(3), ['withdraw', 'look']);
  });

  it('parks again when it was rung in vain', async () => {
    const waiting = idle('park');
    waiting.start();
    table.doorbells.ringOne();
    while (waiter.said.filter((word) => word === 'announce').length < 2) await turns(1);
    assert.equal(waiting.active, true);
    assert.notDeepEqual(table.bits(), [0]);
    waiting.stop();
  });

  it('passes a ring on when it stops after having been rung', () => {
    const other = new Waiter(table, 1);
    other.announce();
    const waiting = idle('park');
    waiting.start();
    table.doorbells.ringOne();
    assert.equal(table.rung(0), 1);
    waiting.stop();
    assert.equal(table.rung(1), 1);
  });

  it('rings nobody when it stops without having been rung', () => {
    const other = new Waiter(table, 1);
    other.announce();
    const waiting = idle('park');
    waiting.start();
    waiting.stop();
    assert.equal(table.rung(1), 0);
  });

  it('does not sleep while a look has not seen everything', async () => {
    waiter.more = true;
    waiter.looking = () => {
      const looks = waiter.said.filter((said) => said === 'look').length;
      if (looks > 100) waiter.found = true;
    };
    const waiting = idle('park');
    waiting.start();
    assert.deepEqual(waiter.said, ['announce', 'dead', 'look', 'withdraw'], 'awake again');
    assert.deepEqual(table.bits(), [0]);
    while (waiting.active) await turns(1);
    assert.ok(waiter.found, 'looked until everything was seen');
  });

  it('parks when everything is seen, also who had to look again', async () => {
    waiter.more = true;
    waiter.looking = () => {
      waiter.more = waiter.said.length < 20;
    };
    const waiting = idle('park');
    waiting.start();
    while (table.bits()[0] === 0) await turns(1);
    assert.equal(waiting.active, true);
    waiting.stop();
  });

  it('looks at the dead when a slot lock is let go', async () => {
    const peer = table.reopen();
    peer.join(5);
    const waiting = idle('park');
    waiting.start();
    waiter.said.length = 0;
    peer.kill();
    while (waiter.said.length === 0) await turns(1);
    assert.ok(waiter.said.includes('dead'), waiter.said.join());
    waiting.stop();
  });

  it('adaptive polls first and parks later', async () => {
    const begun = performance.now();
    const waiting = idle('adaptive', 2000);
    waiting.start();
    assert.equal(waiter.said.length, 0);
    while (!waiter.said.includes('announce')) await turns(1);
    assert.ok(performance.now() - begun >= 2);
    const before = waiter.said.slice(0, waiter.said.indexOf('announce'));
    assert.deepEqual([...new Set(before)], ['look']);
    waiting.stop();
  });

  it('spin never parks, and looks for the dead all the same', async () => {
    const waiting = idle('spin');
    waiting.start();
    while (!waiter.said.includes('dead')) await turns(1);
    assert.equal(waiter.said.includes('announce'), false);
    waiter.found = true;
    while (waiting.active) await turns(1);
  });

  it('does not begin twice', () => {
    const waiting = idle('park');
    waiting.start();
    waiting.start();
    assert.equal(waiter.said.filter((word) => word === 'announce').length, 1);
    waiting.stop();
  });

  it('can be stopped while it polls, and looks no more then', async () => {
    const waiting = idle('spin');
    waiting.start();
    waiting.stop();
    await turns(3);
    assert.deepEqual(waiter.said, []);
  });

  it('can be stopped from within a look', async () => {
    const waiting = idle('spin');
    waiter.looking = () => waiting.stop();
    waiter.found = true;
    waiting.start();
    await turns(3);
    assert.deepEqual(waiter.said, ['look']);
    assert.equal(waiting.active, false);
  });

  it('can begin anew from within a look that found something', async () => {
    const waiting = idle('park');
    waiting.start();
    waiter.found = true;
    waiter.looking = () => {
      waiter.looking = () => undefined;
      waiter.found = false;
      waiting.stop();
      waiting.start();
      waiter.found = true;
    };
    table.doorbells.ringOne();
    while (waiter.said.filter((word) => word === 'announce').length < 2) await turns(1);
    assert.equal(waiting.active, true);
    waiting.stop();
  });

  for (const strategy of ['park', 'adaptive', 'spin'] as const) {
    it(`${strategy} tells who waits what went wrong, and ends`, async () => {
      const wrong = new Error('the table is gone');
      const waiting = idle(strategy);
      waiter.sweeping = () => {
        throw wrong;
      };
      waiting.start();
      while (waiter.failures.length === 0) await turns(1);
      assert.deepEqual(waiter.failures, [wrong]);
      assert.equal(waiting.active, false);
      await turns(3);
      assert.equal(waiter.failures.length, 1);
    });
  }

  describe('blocking', () => {
    it('returns at once when there is nothing to wait for', () => {
      waiter.found = true;
      assert.equal(idle('park').blockFor(Infinity), true);
      assert.deepEqual(waiter.said, ['look']);
    });

    it('makes a look even when the time is over', () => {
      assert.equal(idle('spin').blockFor(0), false);
      assert.ok(waiter.said.includes('look'));
    });

    for (const [strategy, does] of [
      ['adaptive', 'gives way to others'],
      ['spin', 'keeps its processor'],
    ] as const) {
      it(`${strategy} ${does} while it polls`, () => {
        let ways = 0;
        Object.assign(table.segment, { giveWay: () => ways++ });
        assert.equal(idle(strategy, 1_000_000).blockFor(5), false);
        assert.equal(ways > 0, strategy === 'adaptive');
      });
    }

    it('blocking, does not sleep while a look has not seen everything', () => {
      waiter.more = true;
      waiter.looking = () => {
        waiter.found = waiter.said.length > 1000;
      };
      assert.equal(idle('park').blockFor(Infinity), true);
      assert.ok(!waiter.said.includes('announce'));
    });

    it('spins until its time is over', () => {
      const before = performance.now();
      assert.equal(idle('spin').blockFor(5), false);
      assert.ok(performance.now() - before >= 5);
      assert.equal(waiter.said.includes('announce'), false);
    });

    it('withdraws when it finds something after the announcement, and passes a ring on', () => {
      const other = new Waiter(table, 1);
      other.announce();
      waiter.looking = () => {
        if (!waiter.said.includes('announce')) return;
        table.doorbells.ringOne();
        waiter.found = true;
      };
      assert.equal(idle('park').blockFor(Infinity), true);
      assert.equal(table.rung(0), 1);
      assert.equal(table.rung(1), 1, 'the ring was the only one');
      assert.deepEqual(table.bits(), [0]);
    });

    it('on a heap segment is a deadlock, said as such, and leaves no bit behind', () => {
      assert.throws(() => idle('park').blockFor(Infinity), { code: 'ERR_RINGWAY_DEADLOCK' });
      assert.deepEqual(table.bits(), [0]);
    });
  });
});
