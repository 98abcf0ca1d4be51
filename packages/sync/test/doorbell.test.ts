import assert from 'node:assert/strict';
import fc from 'fast-check';

import { sleeperWords } from '@ringway/sync';

import { Table } from './support/table.js';

const SLOTS = 100;
/** The last bit of the first sleepers word. */
const BEYOND = 1 << 31;

describe('doorbells', () => {
  let table: Table;

  beforeEach(() => {
    table = Table.create(SLOTS);
  });

  afterEach(() => table.kill());

  it('need one word for 31 slots, and one more for every 32 beyond', () => {
    assert.deepEqual([1, 31, 32, 63, 64, 95, 96, 1024].map(sleeperWords), [1, 1, 2, 2, 3, 3, 4, 33]);
  });

  for (const slot of [0, 1, 30, 31, 32, 62, 63, 99]) {
    it(`slot ${slot} is rung once it has announced itself, and only then`, () => {
      const { doorbells } = table;
      doorbells.enroll(slot);
      assert.equal(doorbells.ringOne(), false);
      assert.equal(table.rung(slot), 0);
      doorbells.announce(slot);
      assert.equal(doorbells.ringOne(), true);
      assert.equal(table.rung(slot), 1);
      assert.equal(doorbells.ringOne(), false, 'one announcement is one ring');
      assert.equal(table.rung(slot), 1);
    });

    it(`slot ${slot} that withdraws is not rung, and learns whether somebody was first`, () => {
      const { doorbells } = table;
      doorbells.enroll(slot);
      doorbells.announce(slot);
      assert.equal(doorbells.withdraw(slot), true);
      assert.equal(doorbells.ringOne(), false);
      doorbells.announce(slot);
      doorbells.ringOne();
      assert.equal(doorbells.withdraw(slot), false);
    });
  }

  it('no two slots share a bit', () => {
    const { doorbells } = table;
    const seen = new Set<string>();
    for (let slot = 0; slot < SLOTS; slot++) {
      doorbells.announce(slot);
      const bits = table.bits().join();
      assert.ok(!seen.has(bits), `slot ${slot}`);
      seen.add(bits);
      assert.equal(doorbells.withdraw(slot), true);
      assert.ok(table.bits().every((word) => word === 0));
    }
  });

  it('the bit that says "beyond" is no slot', () => {
    const { doorbells } = table;
    doorbells.enroll(31);
    assert.deepEqual(table.bits(), [BEYOND, 0, 0, 0]);
    assert.equal(doorbells.ringOne(), false);
    assert.deepEqual(table.bits(), [BEYOND, 0, 0, 0], 'set on joining, never cleared');
  });

  it('a publisher of a small table looks at one word: slots below 31 set nothing else', () => {
    table.doorbells.enroll(30);
    assert.deepEqual(table.bits(), [0, 0, 0, 0]);
  });

  it('ringOne wakes one sleeper, ringAll all of them', () => {
    const { doorbells } = table;
    const sleepers = [3, 30, 31, 64, 99];
    for (const slot of sleepers) {
      doorbells.enroll(slot);
      doorbells.announce(slot);
    }
    doorbells.ringOne();
    const rung = (): number[] => sleepers.filter((slot) => table.rung(slot) === 1);
    assert.equal(rung().length, 1);
    doorbells.ringAll();
    assert.deepEqual(rung(), sleepers);
  });

  it('bits of slots that do not exist are cleared, and stop nobody', () => {
    const { doorbells } = table;
    doorbells.enroll(99);
    doorbells.announce(99);
    table.words[table.sleepers + 3] |= ~0;
    assert.equal(doorbells.ringOne(), true);
    doorbells.ringAll();
    assert.equal(table.rung(99), 1);
  });

  it('garbage in every sleepers word rings each slot at most a few times and ends', () => {
    table.words.fill(-1, table.sleepers, table.sleepers + sleeperWords(SLOTS));
    table.doorbells.ringAll();
    for (let slot = 0; slot < SLOTS; slot++) assert.ok(table.rung(slot) <= 1);
  });

  it('ring moves the doorbell of who is awake, so that a wait that has not begun does not begin', () => {
    const noted = table.doorbells.note(5);
    table.doorbells.ring(5);
    assert.notEqual(table.doorbells.note(5), noted);
    assert.equal(table.segment.waitSync(table.words, table.slots.doorbell(5), noted, 1), 'changed');
  });

  it('who took an announcement back and makes a new one, while somebody is about to ring the old one, does not sleep through that ring', () => {
    const { doorbells } = table;
    const move = doorbells.move.bind(doorbells);
    let noted = -1;
    doorbells.move = (slot) => {
      move(slot);
      if (noted !== -1) return;
      // The one who rings has been stopped here: before he takes the announcement away.
      assert.equal(doorbells.withdraw(slot), true);
      noted = doorbells.note(slot);
      doorbells.announce(slot);
    };
    doorbells.announce(5);
    assert.equal(doorbells.ringOne(), true);
    assert.equal(doorbells.withdraw(5), false, 'the new announcement was taken away');
    assert.notEqual(doorbells.note(5), noted);
  });

  it('wakes a watch on the doorbell', async () => {
    const index = table.slots.doorbell(40);
    const noted = table.doorbells.note(40);
    table.doorbells.enroll(40);
    table.doorbells.announce(40);
    const fired = new Promise((resolve) => table.segment.watch(table.words, index, noted, undefined, resolve));
    table.doorbells.ringOne();
    assert.equal(await fired, 'doorbell');
  });

  it('each publication wakes exactly one of those who sleep, whatever the order', () => {
    const slot = fc.integer({ min: 0, max: SLOTS - 1 });
    const step = fc.oneof(
      fc.record({ do: fc.constant('announce' as const), slot }),
      fc.record({ do: fc.constant('withdraw' as const), slot }),
      fc.record({ do: fc.constant('ring' as const), slot: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const own = Table.create(SLOTS);
        const asleep = new Set<number>();
        for (let joined = 0; joined < SLOTS; joined++) own.doorbells.enroll(joined);
        for (const each of steps) {
          if (each.do === 'announce') {
            own.doorbells.announce(each.slot);
            asleep.add(each.slot);
          } else if (each.do === 'withdraw') {
            assert.equal(own.doorbells.withdraw(each.slot), asleep.delete(each.slot));
          } else {
            const before = Array.from({ length: SLOTS }, (_, index) => own.rung(index));
            assert.equal(own.doorbells.ringOne(), asleep.size > 0);
            const rung = before.flatMap((count, index) => (own.rung(index) === count ? [] : [index]));
            assert.equal(rung.length, Math.min(asleep.size, 1));
            for (const index of rung) assert.ok(asleep.delete(index));
          }
        }
        own.kill();
      }),
      { numRuns: 60 },
    );
  });

  it('ringAll rings each that sleeps, also when the first announces itself anew at once', () => {
    const several = Table.create(8);
    for (const slot of [1, 2, 3]) several.doorbells.announce(slot);
    const wake = several.segment.wake.bind(several.segment);
    several.segment.wake = (words, index, count) => {
      if (index === several.slots.doorbell(1)) several.doorbells.announce(1);
      return wake(words, index, count);
    };
    several.doorbells.ringAll();
    assert.deepEqual(
      [1, 2, 3].map((slot) => several.rung(slot)),
      [1, 1, 1],
    );
    several.kill();
  });
});
