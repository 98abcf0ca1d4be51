import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, readlinkSync, writeSync } from 'node:fs';

import { Segment } from '@ringway/memory';
import { Queue } from '@ringway/ring';

import { GEOMETRY_OFFSET } from '../../memory/dist/header-layout.js';
import { GEOMETRY_LANE_BYTES, KIND_QUEUE } from '../dist/layout.js';
import { throwsCode } from './support/codes.js';
import { cleanUp, keep, queueName } from './support/process.js';

const DESCRIPTORS = '/proc/self/fd';

/** How many descriptors of this process lead to an object. */
function descriptorsOf(path: string): number {
  return readdirSync(DESCRIPTORS).filter((fd) => {
    try {
      return readlinkSync(`${DESCRIPTORS}/${fd}`) === path;
    } catch (error) {
      // That with which the directory itself was read.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }).length;
}

/** Lanes of one byte. */
function spoil(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    writeSync(fd, Uint8Array.of(1, 0, 0, 0), 0, 4, GEOMETRY_OFFSET + 4 * GEOMETRY_LANE_BYTES);
  } finally {
    closeSync(fd);
  }
}

describe('a queue whose header tells an impossible geometry', () => {
  afterEach(cleanUp);

  for (const ephemeral of [false, true]) {
    it(`is refused, and leaves no descriptor open (${ephemeral ? 'ephemeral' : 'lasting'})`, () => {
      const name = queueName();
      keep(Queue.open(name, { laneBytes: 4096, maxProducers: 1, maxConsumers: 1, ephemeral })).producer();
      const { path } = keep(Segment.open(name, { kind: KIND_QUEUE }));
      spoil(path);
      const before = descriptorsOf(path);
      for (let count = 0; count < 5; count++) {
        throwsCode(() => Queue.open(name, { create: 'never' }), 'ERR_RINGWAY_CORRUPT_SEGMENT');
      }
      assert.equal(descriptorsOf(path), before);
    });
  }

  it('is refused by who opens its name anew, and leaves no descriptor open', () => {
    const name = queueName();
    const queue = keep(Queue.open(name));
    Queue.unlink(name);
    keep(Queue.open(name, { laneBytes: 4096, maxProducers: 1, maxConsumers: 1 }));
    const { path } = keep(Segment.open(name, { kind: KIND_QUEUE }));
    spoil(path);
    const before = descriptorsOf(path);
    for (let count = 0; count < 5; count++) throwsCode(() => queue.producer(), 'ERR_RINGWAY_CORRUPT_SEGMENT');
    assert.equal(descriptorsOf(path), before);
  });
});
