import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

import { Segment } from '@ringway/memory';

import { Scratch, SPEC } from './support/scratch.js';
import { throwsCode } from './support/throws.js';

const MODULE = pathToFileURL(createRequire(import.meta.url).resolve('@ringway/memory')).href;

/** Runs a module in a process of its own, and returns what it printed. */
function inAnotherProcess(source: string): string {
  const script = `import { Segment } from ${JSON.stringify(MODULE)};\n${source}`;
  return execFileSync(process.execPath, ['--input-type=module', '--eval', script], { encoding: 'utf8' }).trim();
}

describe("memory of one's own (Segment.memory)", () => {
  const scratch = new Scratch();

  afterEach(() => scratch.clean());

  it('begins as zeroes, as many bytes as were asked for, all of them reserved', () => {
    const memory = scratch.keep(Segment.memory(scratch.name(), { bytes: 100_001 }));
    assert.equal(memory.bytes.length, 100_001);
    assert.ok(memory.bytes.every((byte) => byte === 0));
    assert.equal(memory.bytes, memory.bytes);
    assert.ok(statSync(memory.path).blocks * 512 >= memory.header.size);
  });

  it('is the same for processes that are not parent and child', () => {
    const name = scratch.name();
    const memory = scratch.keep(Segment.memory(name, { bytes: 4096 }));
    memory.view(Int32Array, 8, 2).set([7, -8]);
    const seen = inAnotherProcess(`
      const memory = Segment.memory(${JSON.stringify(name)});
      console.log([...memory.view(Int32Array, 8, 2)].join(' '));
      memory.bytes[4095] = 9;
    `);
    assert.equal(seen, '7 -8');
    assert.equal(memory.bytes[4095], 9);
  });

  it('has views that reach no further than its bytes', () => {
    const memory = scratch.keep(Segment.memory(scratch.name(), { bytes: 100 }));
    assert.equal(memory.view(Int32Array).length, 25);
    assert.equal(memory.view(Float64Array, 8).length, 11);
    assert.equal(memory.view(DataView, 96, 4).byteLength, 4);
    for (const [offset, length] of [
      [0, 26],
      [100, 1],
      [104, undefined],
      [-4, 1],
      [1.5, 1],
      [NaN, 1],
    ] as const) {
      assert.throws(() => memory.view(Int32Array, offset, length), RangeError, `${offset} ${length}`);
    }
    assert.throws(() => memory.view(Int32Array, 2, 1), RangeError);
    assert.throws(() => memory.view(Int32Array, '0' as unknown as number, 1), TypeError);
  });

  it('is emptied by close, and its name goes by unlink alone', async () => {
    const name = scratch.name();
    const memory = Segment.memory(name, { bytes: 10 });
    const { bytes } = memory;
    memory.close();
    assert.equal(bytes.length, 0);
    throwsCode(() => memory.bytes, 'ERR_RINGWAY_CLOSED');
    throwsCode(() => memory.view(Uint8Array), 'ERR_RINGWAY_CLOSED');
    await assert.rejects(memory.flush(), { code: 'ERR_RINGWAY_CLOSED' });
    assert.ok(Segment.exists(name));
    assert.ok(Segment.unlink(name));
    throwsCode(() => Segment.memory(name), 'ERR_RINGWAY_NOT_FOUND');
  });

  it('is written to the disk by flush, in a directory on one', async () => {
    const dir = scratch.directory();
    const memory = scratch.keep(Segment.memory('flushed', { bytes: 10, dir }));
    memory.bytes[0] = 1;
    await memory.flush();
  });

  it('is made once: who states something else is told both values, who states nothing takes what is there', () => {
    const name = scratch.name();
    scratch.keep(Segment.memory(name, { bytes: 10, participants: 3 }));
    assert.equal(scratch.keep(Segment.memory(name)).bytes.length, 10);
    assert.equal(scratch.keep(Segment.memory(name, { bytes: 10, participants: 3 })).created, false);
    throwsCode(() => Segment.memory(name, { bytes: 11 }), 'ERR_RINGWAY_OPTIONS_MISMATCH');
    throwsCode(() => Segment.memory(name, { bytes: 10, participants: 4 }), 'ERR_RINGWAY_OPTIONS_MISMATCH');
    throwsCode(() => Segment.memory(name, { bytes: 10, create: 'always' }), 'ERR_RINGWAY_EXISTS');
  });

  it('refuses arguments that cannot be', () => {
    const name = scratch.name();
    for (const bytes of [0, -1, 1.5, NaN, Infinity]) assert.throws(() => Segment.memory(name, { bytes }), RangeError);
    assert.throws(() => Segment.memory(name, { bytes: 1n as unknown as number }), TypeError);
    for (const participants of [0, 1025, 0.5]) {
      assert.throws(() => Segment.memory(name, { bytes: 1, participants }), RangeError);
    }
    assert.throws(() => Segment.memory(name, { create: 'always' }), RangeError);
    assert.throws(() => Segment.memory(name, { create: 'maybe' as 'never' }), RangeError);
    throwsCode(() => Segment.memory(name, { bytes: 2 ** 50 }), 'ERR_RINGWAY_NO_SPACE');
    assert.equal(Segment.exists(name), false);
  });

  it('is not what is inside of a queue', () => {
    const name = scratch.name();
    const queue = scratch.keep(Segment.create(name, SPEC));
    throwsCode(() => queue.bytes, 'ERR_RINGWAY_KIND_MISMATCH');
    throwsCode(() => Segment.memory(name), 'ERR_RINGWAY_KIND_MISMATCH');
  });
});
