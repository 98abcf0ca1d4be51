import assert from 'node:assert/strict';

import { countSlots, type Observed, type SlotCensus } from '@ringway/sync';

import { Table } from './support/table.js';

const SLOTS = 40;

describe('the census of slots', () => {
  let table: Table;
  const others: Table[] = [];

  beforeEach(() => (table = Table.create(SLOTS)));

  afterEach(() => {
    for (const other of others.splice(0)) other.kill();
    table.kill();
  });

  /** Another participant. */
  function other(): Table {
    const opened = table.reopen();
    others.push(opened);
    return opened;
  }

  /** The table as an onlooker reads it; `meanwhile` happens before he looks at the locks, `later` after it. */
  function observed(meanwhile?: () => void, later?: () => void): Observed {
    const onlooker = other();
    return {
      read: (offset, length) => new Uint8Array(onlooker.words.buffer.slice(offset, offset + length)),
      lockedBits: (count) => {
        meanwhile?.();
        const held = new Int32Array(Math.ceil(count / 32));
        onlooker.segment.lockedBits(0, count, held);
        later?.();
        return held;
      },
    };
  }

  const count = (meanwhile?: () => void, later?: () => void): SlotCensus =>
    countSlots(observed(meanwhile, later), 0, SLOTS);

  it('tells the living, the dead, those who left work behind, and not the free', () => {
    assert.deepEqual(count(), { alive: 0, dead: 0, left: 0 });
    table.join(0);
    table.join(39);
    const leaver = other();
    leaver.join(5);
    leaver.slots.handOver(5);
    const victim = other();
    victim.join(6);
    victim.join(7);
    assert.deepEqual(count(), { alive: 4, dead: 0, left: 1 });
    victim.kill();
    assert.deepEqual(count(), { alive: 2, dead: 2, left: 1 });
  });

  it('counts a dead slot as living while somebody adopts it, and as dead again if he dies', () => {
    const victim = other();
    victim.join(3);
    victim.kill();
    const heir = other();
    assert.ok(heir.slots.tryLock(3));
    heir.slots.markOrphan(3, true);
    assert.deepEqual(count(), { alive: 1, dead: 0, left: 0 });
    heir.kill();
    assert.deepEqual(count(), { alive: 0, dead: 1, left: 0 });
    assert.ok(table.slots.tryLock(3));
    table.slots.free(3);
    assert.deepEqual(count(), { alive: 0, dead: 0, left: 0 });
  });

  it('takes nobody for dead who leaves or joins just then', () => {
    table.join(1);
    assert.deepEqual(
      count(() => table.slots.free(1)),
      { alive: 0, dead: 0, left: 0 },
    );
    assert.deepEqual(
      count(undefined, () => table.join(2)),
      { alive: 0, dead: 0, left: 0 },
    );
    table.slots.free(2);
    table.join(4);
    const leaveAndJoin = (): void => {
      table.slots.free(4);
    };
    assert.deepEqual(
      count(leaveAndJoin, () => table.join(4)),
      { alive: 0, dead: 0, left: 0 },
    );
  });
});
