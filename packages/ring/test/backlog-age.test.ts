import assert from 'node:assert/strict';

import { BacklogAge } from '../dist/backlog-age.js';

const WRAP = 0x7ffffff8;

describe('the age of a backlog', () => {
  it('is none while everything is acknowledged', () => {
    const age = new BacklogAge();
    assert.equal(age.note(64, 64, 1000), 0);
  });

  it('is that of the oldest note that is not acknowledged', () => {
    const age = new BacklogAge();
    assert.equal(age.note(64, 0, 1000), 1000);
    assert.equal(age.note(128, 0, 2000), 1000);
    assert.equal(age.note(128, 0, 3000), 1000);
    assert.equal(age.note(192, 64, 4000), 2000, 'what was published by the first note is acknowledged');
    assert.equal(age.note(192, 128, 5000), 4000);
    assert.equal(age.note(192, 192, 6000), 0);
    assert.equal(age.note(256, 192, 7000), 7000);
  });

  it('is kept over 2^31, where positions become negative', () => {
    const age = new BacklogAge();
    assert.equal(age.note((WRAP + 8) | 0, WRAP, 1000), 1000);
    assert.equal(age.note((WRAP + 16) | 0, WRAP, 2000), 1000);
    assert.equal(age.note((WRAP + 16) | 0, (WRAP + 8) | 0, 3000), 2000);
  });

  it('stays that of the oldest however many notes there are', () => {
    const age = new BacklogAge();
    for (let note = 1; note <= 1000; note++) assert.equal(age.note(note * 8, 0, note), 1);
  });
});
