import assert from 'node:assert/strict';
import type { LocalSegment } from '@ringway/memory';
import { NOBODY, SLOT_STATE } from '@ringway/sync';
import { join, kill, localSegment } from './support/participants.js';
import { thrownCode } from './support/rejects.js';

const PLACES = 3;

describe('Participant', () => {
  let segment: LocalSegment;

  beforeEach(() => {
    segment = localSegment(PLACES);
  });

  afterEach(() => {
    segment.close();
  });

  it('takes the first place that is free', () => {
    const [first, second] = [join(segment, PLACES), join(segment, PLACES)];
    assert.deepEqual([first.slot, second.slot], [0, 1]);
    first.leave();
    assert.equal(join(segment, PLACES).slot, 0);
    assert.equal(second.slots.state(2), SLOT_STATE.free);
  });

  it('takes the place of a dead one only when no other is free, under another name', () => {
    const dead = join(segment, PLACES);
    kill(dead);
    const others = [join(segment, PLACES), join(segment, PLACES)];
    assert.deepEqual(
      others.map(({ slot }) => slot),
      [1, 2],
    );
    const heir = join(segment, PLACES);
    assert.equal(heir.slot, dead.slot);
    assert.notEqual(heir.me, dead.me);
    assert.deepEqual([heir.isGone(dead.me), heir.isGone(heir.me)], [true, false]);
  });

  it('is refused when all places have a living owner', () => {
    for (let place = 0; place < PLACES; place++) join(segment, PLACES);
    assert.equal(
      thrownCode(() => join(segment, PLACES)),
      'ERR_RINGWAY_TOO_MANY_PARTICIPANTS',
    );
  });

  it('is refused where the name is gone: nobody else could find it', () => {
    segment.unlink();
    assert.equal(
      thrownCode(() => join(segment, PLACES)),
      'ERR_RINGWAY_UNLINKED',
    );
  });

  it('knows who has left without asking the kernel, and who was killed when it has asked', () => {
    const [one, leaving, dying] = [join(segment, PLACES), join(segment, PLACES), join(segment, PLACES)];
    assert.deepEqual([one.isGone(leaving.me), one.isProvedGone(leaving.me)], [false, false]);
    leaving.leave();
    assert.equal(one.isGone(leaving.me), true);
    kill(dying);
    assert.equal(one.isGone(dying.me), false);
    assert.equal(one.isProvedGone(dying.me), true);
    assert.equal(one.isGone(dying.me), true);
    assert.equal(one.slots.state(dying.slot), SLOT_STATE.free);
  });

  it('finds all the dead, and frees their places', () => {
    const [one, ...others] = [join(segment, PLACES), join(segment, PLACES), join(segment, PLACES)];
    others.forEach(kill);
    one.roster.refresh();
    one.lookForDead();
    assert.deepEqual(
      others.map(({ slot }) => one.slots.state(slot)),
      [SLOT_STATE.free, SLOT_STATE.free],
    );
    assert.deepEqual(
      others.map(({ me }) => one.isGone(me)),
      [true, true],
    );
    one.lookForDead();
    assert.equal(one.isGone(one.me), false);
  });

  it('takes nobody for gone that is nobody, and what no participant can be called for gone', () => {
    const one = join(segment, PLACES);
    assert.equal(one.isGone(NOBODY), false);
    assert.equal(one.isProvedGone(NOBODY), false);
    assert.equal(one.isProvedGone(one.me), false);
    // A slot beyond the table, and another generation of one in it.
    for (const word of [PLACES + 1, -1, one.me + 4096, one.former]) assert.equal(one.isGone(word), true, String(word));
  });
});
