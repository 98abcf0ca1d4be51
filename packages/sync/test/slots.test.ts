import assert from 'node:assert/strict';

import { MAX_SLOTS, NOBODY, SLOT_BYTES, SLOT_STATE, type Slots } from '@ringway/sync';

import { Table } from './support/table.js';

describe('the participant table', () => {
  let table: Table;
  let slots: Slots;

  beforeEach(() => {
    table = Table.create(40);
    slots = table.slots;
  });

  afterEach(() => table.kill());

  it('begins with free slots of generation 0', () => {
    for (let slot = 0; slot < slots.count; slot++) {
      assert.equal(slots.state(slot), SLOT_STATE.free);
      assert.equal(slots.generation(slot), 0);
    }
  });

  it('gives each slot a doorbell of its own, on a cache line of its own', () => {
    const doorbells = Array.from({ length: slots.count }, (_, slot) => slots.doorbell(slot));
    assert.equal(new Set(doorbells).size, slots.count);
    for (const [slot, doorbell] of doorbells.entries()) {
      assert.ok(doorbell * 4 >= slot * SLOT_BYTES && doorbell * 4 < (slot + 1) * SLOT_BYTES);
      assert.equal((doorbell * 4) % 64, 0);
    }
  });

  it('tells label, process and role of who occupies a slot', () => {
    table.join(39, 'shop', 2);
    assert.equal(slots.state(39), SLOT_STATE.live);
    assert.deepEqual(slots.peer(39), { slot: 39, label: 'shop', pid: process.pid, role: 2 });
  });

  it('keeps a label of exactly 48 bytes whole', () => {
    const label = 'é'.repeat(24);
    table.join(0, label);
    assert.equal(slots.peer(0).label, label);
  });

  it('does not let a label run into the next slot', () => {
    table.join(1, 'second');
    table.join(0, 'x'.repeat(300));
    assert.equal(slots.peer(0).label, 'x'.repeat(48));
    assert.equal(slots.peer(1).label, 'second');
    assert.equal(slots.state(1), SLOT_STATE.live);
  });

  it('forgets the label of an earlier occupant', () => {
    table.join(0, 'a long label of before');
    slots.free(0);
    table.join(0, 'b');
    assert.equal(slots.peer(0).label, 'b');
  });

  it('lets a slot lock be taken once, until it is let go', () => {
    const other = table.reopen();
    assert.equal(slots.tryLock(3), true);
    assert.equal(slots.tryLock(3), false);
    assert.equal(other.slots.tryLock(3), false);
    slots.unlock(3);
    assert.equal(other.slots.tryLock(3), true);
    other.kill();
  });

  describe('owner words', () => {
    it('name a slot and its generation', () => {
      for (const slot of [0, 1, 39]) assert.equal(slots.slotOf(slots.owner(slot)), slot);
      table.join(5);
      const before = slots.owner(5);
      slots.free(5);
      assert.notEqual(slots.owner(5), before);
      assert.equal(slots.slotOf(slots.owner(5)), 5);
    });

    it('of nobody name no slot and are not past', () => {
      assert.equal(slots.slotOf(NOBODY), -1);
      assert.equal(slots.isPast(NOBODY), false);
    });

    it('are past once the slot was freed, and not before', () => {
      table.join(7);
      const owner = slots.owner(7);
      assert.equal(slots.isPast(owner), false);
      slots.markOrphan(7, true);
      assert.equal(slots.isPast(owner), false, 'what it owned is not repaired yet');
      slots.free(7);
      assert.equal(slots.isPast(owner), true);
      table.join(7);
      assert.equal(slots.isPast(owner), true);
      assert.equal(slots.isPast(slots.owner(7)), false);
    });

    it('that name a slot outside of the table are past: no correct peer wrote them', () => {
      for (const slot of [slots.count, 1000, MAX_SLOTS]) {
        assert.equal(slots.slotOf(slot + 1), -1);
        assert.equal(slots.isPast(slot + 1), true);
      }
      assert.equal(slots.isPast(-1), true);
      assert.equal(slots.slotOf(0xfff), -1);
    });

    it('stay told apart when the generation wraps', () => {
      const generations = 2 ** 20;
      table.join(0);
      const entry = table.words;
      entry[1] = generations - 1;
      const last = slots.owner(0);
      assert.equal(slots.slotOf(last), 0);
      assert.equal(slots.isPast(last), false);
      slots.free(0);
      assert.equal(slots.generation(0), 0);
      assert.equal(slots.isPast(last), true);
    });
  });

  describe('leaving and dying', () => {
    it('free raises the generation, frees the slot and lets the lock go', () => {
      const other = table.reopen();
      table.join(2);
      slots.free(2);
      assert.equal(slots.generation(2), 1);
      assert.equal(slots.state(2), SLOT_STATE.free);
      assert.equal(other.slots.tryLock(2), true);
      other.kill();
    });

    it('a handover leaves the generation as it is and is no loss', () => {
      const other = table.reopen();
      table.join(2);
      slots.handOver(2);
      assert.equal(slots.generation(2), 0);
      assert.equal(slots.state(2), SLOT_STATE.left);
      assert.equal(other.slots.tryLock(2), true);
      other.slots.markOrphan(2, false);
      assert.equal(slots.state(2), SLOT_STATE.orphan);
      assert.equal(slots.wasLost(2, 0), false);
      other.kill();
    });

    it('a loss is remembered for the generation that died, and for no other', () => {
      table.join(2);
      slots.markOrphan(2, true);
      assert.equal(slots.wasLost(2, 0), true);
      assert.equal(slots.wasLost(2, 1), false);
      slots.free(2);
      table.join(2);
      slots.free(2);
      assert.equal(slots.wasLost(2, 0), true);
      assert.equal(slots.wasLost(2, 1), false);
    });

    it('no generation counts as lost in a table where nobody died', () => {
      for (let generation = 0; generation < 3; generation++) assert.equal(slots.wasLost(0, generation), false);
    });

    it('the lock of a killed opener can be taken, and its slot still says live', () => {
      const other = table.reopen();
      other.join(4, 'gone');
      other.kill();
      assert.equal(slots.state(4), SLOT_STATE.live);
      assert.equal(slots.tryLock(4), true);
      assert.equal(slots.peer(4).label, 'gone');
    });
  });
});
