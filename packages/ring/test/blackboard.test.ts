import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';

import { Segment } from '@ringway/memory';
import { Blackboard, bytes, json, text, type BlackboardOptions, type StandardSchema } from '@ringway/ring';

import { throwsCode } from './support/codes.js';
import { itUnless } from './support/conditional.js';
import { mountTmpfs, tmpfsRefusal } from './support/mount.js';
import { cleanUp, keep, later, objectsOf, queueName } from './support/process.js';

const LARGE = 'x'.repeat(1000);

/** A schema that takes strings only. */
const strings: StandardSchema<string> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => (typeof value === 'string' ? { value } : { issues: [{ message: 'no string' }] }),
  },
};

afterEach(cleanUp);

for (const place of ['in shared memory', 'on the heap']) {
  describe(`a blackboard ${place}`, () => {
    function open<T>(options: BlackboardOptions<T>): Blackboard<T> {
      return keep(place === 'on the heap' ? Blackboard.local(options) : Blackboard.open(queueName(), options));
    }

    it('gives what was written last, with a version that grows by one', () => {
      const board = open({ codec: json() });
      const writer = board.writer('limits');
      assert.equal(writer.version, 0);
      assert.equal(board.read('limits'), undefined);
      assert.equal(board.version('limits'), 0);
      for (let rate = 1; rate <= 20; rate++) {
        assert.equal(writer.write({ rate }), rate);
        assert.deepEqual(board.read('limits'), { value: { rate }, version: rate });
        assert.deepEqual(board.get('limits'), { rate });
        assert.equal(board.version('limits'), rate);
        assert.equal(writer.version, rate);
      }
      assert.equal(writer.key, 'limits');
    });

    it('keeps values of all lengths, in place and in objects of their own', () => {
      const board = open({ codec: bytes(), valueBytes: 64 });
      const writer = board.writer('key');
      for (const length of [0, 1, 63, 64, 65, 66, 10_000, 3, 500, 501, 0]) {
        const value = new Uint8Array(length).fill(length);
        writer.write(value);
        assert.deepEqual(board.get('key'), value);
      }
    });

    it('gives private copies', () => {
      const board = open({ codec: bytes() });
      const writer = board.writer('key');
      writer.write(Uint8Array.of(1, 2, 3));
      const before = board.get('key');
      before?.fill(9);
      assert.deepEqual(board.get('key'), Uint8Array.of(1, 2, 3));
      writer.write(Uint8Array.of(4));
      assert.deepEqual(before, Uint8Array.of(9, 9, 9));
    });

    it('forgets a deleted value, and goes on counting', () => {
      const board = open({ codec: text() });
      const writer = board.writer('key');
      writer.write('one');
      assert.equal(writer.delete(), 2);
      assert.equal(board.read('key'), undefined);
      assert.equal(board.get('key'), undefined);
      assert.equal(board.version('key'), 2);
      assert.deepEqual(board.keys(), []);
      assert.equal(writer.write(LARGE), 3);
      assert.equal(writer.delete(), 4);
      assert.equal(writer.write('two'), 5);
      assert.deepEqual(board.read('key'), { value: 'two', version: 5 });
    });

    it('keeps keys apart, also where all have one place to begin with', () => {
      const board = open({ codec: text(), maxKeys: 50 });
      const names = Array.from({ length: 50 }, (_, index) => `key ${index}`);
      const writers = names.map((name) => board.writer(name));
      for (const [index, writer] of writers.entries()) writer.write(`value ${index}`);
      for (const [index, name] of names.entries()) assert.equal(board.get(name), `value ${index}`);
      assert.deepEqual(board.keys().sort(), names.sort());
      assert.equal(board.get('none of them'), undefined);
    });

    it('refuses a key too many, with the table as it was', () => {
      const board = open({ codec: text(), maxKeys: 2 });
      board.writer('a').write('1');
      board.writer('b').write('2');
      throwsCode(() => board.writer('c'), 'ERR_RINGWAY_TOO_MANY_KEYS');
      throwsCode(() => board.watch('c'), 'ERR_RINGWAY_TOO_MANY_KEYS');
      assert.equal(board.get('c'), undefined);
      assert.deepEqual(board.keys().sort(), ['a', 'b']);
    });

    it('takes keys of 1 to 64 bytes of UTF-8, and nothing else', () => {
      const board = open({ codec: text() });
      const longest = 'ü'.repeat(32);
      board.writer(longest).write('long');
      board.writer('\0').write('nul');
      assert.equal(board.get(longest), 'long');
      assert.equal(board.get('\0'), 'nul');
      for (const bad of ['', `${longest}x`, '\ud800']) {
        assert.throws(() => board.writer(bad), RangeError);
        assert.throws(() => board.read(bad), RangeError);
        assert.throws(() => board.watch(bad), RangeError);
      }
      assert.throws(() => board.read(7 as unknown as string), TypeError);
    });

    it('lets a key have one writer at a time', () => {
      const board = open({ codec: text(), label: 'first' });
      const writer = board.writer('key');
      writer.write('one');
      assert.match(throwsCode(() => board.writer('key'), 'ERR_RINGWAY_KEY_TAKEN').message, /this handle itself/);
      writer.close();
      writer.close();
      throwsCode(() => writer.write('two'), 'ERR_RINGWAY_CLOSED');
      throwsCode(() => writer.delete(), 'ERR_RINGWAY_CLOSED');
      const next = board.writer('key');
      assert.equal(next.version, 1);
      assert.equal(next.write('three'), 2);
    });

    it('leaves the old value where the new one cannot be encoded, is too large, or does not match the schema', () => {
      const board = open({ codec: json(), maxValueBytes: 100, schema: strings });
      const writer = board.writer('key');
      writer.write('good');
      throwsCode(() => writer.write(LARGE), 'ERR_RINGWAY_MESSAGE_TOO_LARGE');
      throwsCode(() => writer.write(7), 'ERR_RINGWAY_SCHEMA');
      assert.deepEqual(board.read('key'), { value: 'good', version: 1 });
      const other = open({ codec: json() }).writer('key');
      throwsCode(() => other.write(undefined), 'ERR_RINGWAY_ENCODE');
      assert.equal(other.version, 0);
    });

    it('tells what cannot be decoded', () => {
      const board = open({ codec: { ...json(), encode: (value) => Buffer.from(value as string) } });
      const writer = board.writer('key');
      writer.write('{');
      throwsCode(() => board.read('key'), 'ERR_RINGWAY_DECODE');
      writer.write('{}');
      assert.deepEqual(board.get('key'), {});
    });

    it('lets a codec close the writer under its own write', () => {
      const written: { close(): void }[] = [];
      const encode = (value: string): Uint8Array => {
        for (const each of written) each.close();
        return Buffer.from(value);
      };
      const board = open({ codec: { ...text(), encode } });
      const writer = board.writer('key');
      written.push(writer);
      throwsCode(() => writer.write('one'), 'ERR_RINGWAY_CLOSED');
      assert.equal(board.version('key'), 0);
    });

    it('tells in its stats who writes what', () => {
      const board = open({ codec: text(), label: 'me', maxKeys: 9 });
      board.writer('a').write('four');
      board.writer('b').close();
      const { keys, maxKeys } = board.stats();
      assert.equal(maxKeys, 9);
      assert.deepEqual(
        keys.toSorted((one, other) => one.key.localeCompare(other.key)),
        [
          { key: 'a', version: 1, length: 4, writer: { slot: 0, label: 'me', pid: process.pid } },
          { key: 'b', version: 0, length: 0, writer: undefined },
        ],
      );
    });

    it('is of no use once it is closed', () => {
      const board = open({ codec: text() });
      const writer = board.writer('key');
      board.close();
      board.close();
      assert.equal(board.closed, true);
      assert.equal(writer.closed, true);
      for (const call of [
        () => board.read('key'),
        () => board.get('key'),
        () => board.version('key'),
        () => board.keys(),
        () => board.stats(),
        () => board.writer('key'),
        () => board.watch('key'),
        () => board.waitSync('key', 0),
        () => writer.write('x'),
      ]) {
        throwsCode(call, 'ERR_RINGWAY_CLOSED');
      }
    });

    it('checks its options', () => {
      for (const options of [
        { maxKeys: 0 },
        { maxKeys: 65_537 },
        { valueBytes: 4 },
        { valueBytes: 12 },
        { valueBytes: 2 ** 26, maxKeys: 1000 },
        { maxParticipants: 0 },
        { maxValueBytes: 0 },
        { label: 'x'.repeat(49) },
        { idle: 'never' as 'park' },
      ]) {
        assert.throws(() => open({ codec: text(), ...options }), RangeError, JSON.stringify(options));
      }
    });
  });
}

describe('a blackboard with a name', () => {
  it('is the same for all who open it, with what its creator chose', () => {
    const name = queueName();
    const first = keep(Blackboard.open(name, { codec: text(), maxKeys: 7, valueBytes: 64 }));
    const second = keep(Blackboard.open<string>(name));
    const writer = first.writer('key');
    writer.write('in place');
    assert.equal(second.get('key'), 'in place');
    writer.write(LARGE);
    assert.equal(second.get('key'), LARGE);
    assert.equal(second.stats().maxKeys, 7);
    throwsCode(() => second.writer('key'), 'ERR_RINGWAY_KEY_TAKEN');
    first.close();
    assert.equal(second.get('key'), LARGE);
    assert.equal(second.writer('key').write('mine'), 3);
  });

  it('refuses other options, codecs and kinds', () => {
    const name = queueName();
    keep(Blackboard.open(name, { codec: text(), maxKeys: 7 }));
    for (const options of [
      { maxKeys: 8 },
      { valueBytes: 8 },
      { maxParticipants: 2 },
      { maxValueBytes: 9 },
      { ephemeral: true },
    ]) {
      throwsCode(() => Blackboard.open(name, options), 'ERR_RINGWAY_OPTIONS_MISMATCH');
    }
    throwsCode(() => Blackboard.open(name, { codec: json() }), 'ERR_RINGWAY_CODEC_MISMATCH');
    throwsCode(() => Blackboard.open(name, { create: 'always' }), 'ERR_RINGWAY_EXISTS');
    throwsCode(() => Blackboard.open(queueName(), { create: 'never' }), 'ERR_RINGWAY_NOT_FOUND');
    const memory = queueName();
    keep(Segment.memory(memory, { bytes: 8 }));
    throwsCode(() => Blackboard.open(memory), 'ERR_RINGWAY_KIND_MISMATCH');
  });

  it('is listed, exists and can be unlinked', () => {
    const name = queueName();
    assert.equal(Blackboard.exists(name), false);
    const board = keep(Blackboard.open(name, { codec: text() }));
    assert.equal(Blackboard.exists(name), true);
    assert.deepEqual(
      Blackboard.list().map((each) => [each.name, each.codec]),
      [[name, 'text']],
    );
    assert.equal(Blackboard.unlink(name), true);
    assert.equal(Blackboard.unlink(name), false);
    assert.deepEqual(Blackboard.list(), []);
    // Who has it open, and has not taken part, takes part in what the name stands for now.
    board.writer('key').write('anew');
    assert.equal(keep(Blackboard.open<string>(name)).get('key'), 'anew');
  });

  it('tells its participants that it was unlinked', async () => {
    const name = queueName();
    const board = keep(Blackboard.open(name, { codec: text() }));
    board.writer('key');
    const told = new Promise((resolve) => board.once('unlinked', () => resolve(true)));
    Blackboard.unlink(name);
    assert.equal(await told, true);
  });

  it('goes with its last participant if it is ephemeral, with what was spilled', () => {
    const name = queueName();
    const first = keep(Blackboard.open(name, { codec: text(), ephemeral: true }));
    const second = keep(Blackboard.open<string>(name));
    first.writer('key').write(LARGE);
    second.writer('other').write(LARGE);
    assert.equal(objectsOf(name).length, 3);
    first.close();
    assert.equal(second.get('key'), LARGE);
    second.close();
    assert.deepEqual(objectsOf(name), []);
  });

  it('keeps one object for each key that has a large value, and no more', () => {
    const name = queueName();
    const board = keep(Blackboard.open(name, { codec: text() }));
    const writer = board.writer('key');
    for (let count = 0; count < 10; count++) writer.write(`${LARGE}${count}`);
    assert.equal(objectsOf(name).length, 2);
    assert.equal(board.get('key'), `${LARGE}9`);
    writer.write('small');
    assert.equal(objectsOf(name).length, 1);
    writer.write(LARGE);
    writer.delete();
    assert.equal(objectsOf(name).length, 1);
  });

  it('has as many participants as its creator allowed, and any number that read', () => {
    const name = queueName();
    const open = (): Blackboard<string> => keep(Blackboard.open(name, { codec: text(), maxParticipants: 2 }));
    const first = open();
    first.writer('a').write('one');
    open().writer('b');
    const third = open();
    throwsCode(() => third.writer('c'), 'ERR_RINGWAY_TOO_MANY_PARTICIPANTS');
    assert.equal(third.get('a'), 'one');
    first.close();
    third.writer('c');
  });

  itUnless(tmpfsRefusal(), 'is refused on a full device, and keeps its value where a larger one finds no room', () => {
    const { directory: dir, unmount } = mountTmpfs('size=1m');
    later(unmount);
    throwsCode(() => Blackboard.open('board', { dir }), 'ERR_RINGWAY_NO_SPACE');
    assert.deepEqual(readdirSync(dir), []);
    const board = keep(Blackboard.open('board', { dir, codec: text(), maxKeys: 16 }));
    const writer = board.writer('key');
    writer.write('small');
    throwsCode(() => writer.write('x'.repeat(2 ** 20)), 'ERR_RINGWAY_NO_SPACE');
    assert.deepEqual(board.read('key'), { value: 'small', version: 1 });
    assert.equal(writer.write(LARGE), 2);
    assert.equal(readdirSync(dir).length, 2);
  });
});
