import assert from 'node:assert/strict';

import { Table } from './support/table.js';

describe('the roster', () => {
  let table: Table;
  let peer: Table;

  beforeEach(() => {
    table = Table.create(70);
    peer = table.reopen();
  });

  afterEach(() => {
    peer.kill();
    table.kill();
  });

  function look(): string[] {
    table.roster.refresh();
    return table.roster.lost().map(({ label }) => label);
  }

  it('knows nobody as dead in an empty table', () => {
    table.roster.refresh();
    assert.deepEqual(table.roster.dead(), []);
    assert.deepEqual(table.roster.lost(), []);
  });

  it('takes for dead whose slot is in use and whose lock nobody has', () => {
    peer.join(3);
    peer.join(69);
    table.join(40);
    table.roster.refresh();
    assert.deepEqual(table.roster.dead(), []);
    peer.kill();
    table.roster.refresh();
    assert.deepEqual(table.roster.dead(), [3, 69]);
  });

  it('does not take those of its own handle for dead', () => {
    table.join(0);
    table.join(33);
    table.roster.refresh();
    assert.deepEqual(table.roster.dead(), []);
  });

  it('finds a handover, which is nobody lost', () => {
    peer.join(3, 'left');
    assert.deepEqual(look(), []);
    peer.slots.handOver(3);
    assert.deepEqual(look(), []);
    assert.deepEqual(table.roster.dead(), [3]);
  });

  it('tells a loss once', () => {
    peer.join(3, 'consumer');
    assert.deepEqual(look(), []);
    peer.kill();
    assert.deepEqual(look(), ['consumer']);
    assert.deepEqual(look(), []);
  });

  it('tells no loss of whom it never saw alive', () => {
    peer.join(3);
    peer.kill();
    assert.deepEqual(look(), []);
  });

  it('tells no loss of who left', () => {
    peer.join(3);
    look();
    peer.slots.free(3);
    assert.deepEqual(look(), []);
  });

  it('tells a loss also when somebody else has adopted and freed the slot meanwhile', () => {
    peer.join(3, 'died');
    look();
    peer.kill();
    const adopter = table.reopen();
    assert.ok(adopter.slots.tryLock(3));
    adopter.slots.markOrphan(3, true);
    adopter.slots.free(3);
    assert.deepEqual(look(), ['died']);
    adopter.kill();
  });

  it('tells a loss also when the slot has a new owner by then, and then the new one as well', () => {
    peer.join(3, 'first');
    look();
    peer.kill();
    const next = table.reopen();
    assert.ok(next.slots.tryLock(3));
    next.slots.markOrphan(3, true);
    next.slots.raise(3);
    next.slots.occupy(3, 'second', 1);
    assert.deepEqual(look(), ['first']);
    next.kill();
    assert.deepEqual(look(), ['second']);
  });

  it('does not take a newcomer in the slot of one who left for a loss', () => {
    peer.join(3, 'first');
    look();
    peer.slots.free(3);
    peer.join(3, 'second');
    assert.deepEqual(look(), []);
  });

  it('sees locks of slots beyond the first 32', () => {
    peer.join(64);
    table.roster.refresh();
    assert.equal(table.roster.held[2] & 1, 1);
    assert.equal(table.roster.held[0], 0);
  });
});
