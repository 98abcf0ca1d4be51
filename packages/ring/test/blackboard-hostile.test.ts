import assert from 'node:assert/strict';
import { closeSync, openSync, readdirSync, rmSync, truncateSync, writeSync } from 'node:fs';

import { Segment } from '@ringway/memory';
import { Blackboard, bytes, text, type BlackboardOptions } from '@ringway/ring';

import { GEOMETRY_OFFSET } from '../../memory/dist/header-layout.js';
import {
  BUFFERS,
  ENTRY_OWNER,
  ENTRY_PUBLISHED,
  GEOMETRY_BOARD_KEYS,
  GEOMETRY_BOARD_PARTICIPANTS,
  GEOMETRY_BOARD_VALUE,
  KIND_BLACKBOARD,
  VALUE_HALVES,
  VALUE_KIND,
  VALUE_KIND_WORD,
  VALUE_LENGTH,
  VALUE_LOW,
} from '../dist/blackboard-layout.js';
import { stampedVersion } from '../dist/blackboard-entry.js';
import { BlackboardKeys } from '../dist/blackboard-keys.js';
import { Board } from '../dist/board.js';
import { throwsCode } from './support/codes.js';
import { Child, cleanUp, keep, later, queueName } from './support/process.js';
import { PATIENCE_MS, TEST_MS, turns, within } from './support/turns.js';

const TWO_32 = 2 ** 32;
const HALF = 2 ** 31;
const TRUNCATED = 'ERR_RINGWAY_SEGMENT_TRUNCATED';
const CORRUPT = 'ERR_RINGWAY_CORRUPT_SEGMENT';
/** What a caller may be told of words that a stranger wrote. Everything else is a fault of ours. */
const TYPED = /^ERR_RINGWAY_(CORRUPT_SEGMENT|KEY_TAKEN|TOO_MANY_KEYS|TOO_MANY_PARTICIPANTS|INVALID_NAME)$/;
const ROUNDS = 600;

afterEach(cleanUp);

/** A blackboard's segment, as somebody who does not follow the protocol has it. */
class Stranger {
  readonly segment: Segment;
  readonly words: Int32Array;
  readonly #keys: BlackboardKeys;

  constructor(name: string) {
    this.segment = keep(Segment.open(name, { kind: KIND_BLACKBOARD }));
    const board = new Board(this.segment, () => undefined);
    this.words = board.words;
    this.#keys = new BlackboardKeys(board);
  }

  /** Index of one of a key's own words. */
  entryWord(key: string, word: number): number {
    const entry = this.#keys.find(key);
    assert.ok(entry !== undefined);
    return entry.base + word;
  }

  /** Index of a word of the buffer in which a version stands. */
  bufferWord(key: string, version: number, word: number): number {
    const entry = this.#keys.find(key);
    assert.ok(entry !== undefined);
    return entry.values + (version % BUFFERS) * entry.stride + word;
  }

  /** As if so many versions had gone by: the value that is published has this one. */
  setVersion(key: string, from: number, version: number): void {
    assert.equal(from % BUFFERS, version % BUFFERS);
    this.words[this.bufferWord(key, version, VALUE_HALVES)] = Math.floor(version / HALF) | 0;
    this.words[this.bufferWord(key, version, VALUE_LOW)] = version | 0;
    this.words[this.entryWord(key, ENTRY_PUBLISHED)] = version | 0;
  }
}

function open(name: string, options: BlackboardOptions<string> = {}): Blackboard<string> {
  return keep(Blackboard.open(name, { codec: text(), maxKeys: 4, maxParticipants: 4, idle: 'park', ...options }));
}

describe('versions beyond 32 bits', () => {
  it('are made of halves and a low word, whichever of both is seen first', () => {
    for (const version of [0, 1, HALF - 1, HALF, HALF + 1, TWO_32 - 1, TWO_32, 3 * HALF + 7, 2 ** 52 + 5]) {
      const halves = Math.floor(version / HALF) | 0;
      assert.equal(stampedVersion(halves, version | 0), version);
    }
    // The halves are stored first: of the version before, the low word stands there still.
    for (const version of [HALF, TWO_32, 3 * HALF, 2 ** 40]) {
      for (const before of [1, 2, 3, 4]) {
        const halves = Math.floor(version / HALF) | 0;
        assert.equal(stampedVersion(halves, (version - before) | 0), version - before);
      }
    }
  });

  for (const start of [HALF - 4, TWO_32 - 4, 3 * HALF - 4, 2 ** 45 - 4]) {
    it(`grow by one past ${start}, in the eyes of writers, readers and watchers`, async () => {
      const name = queueName();
      const board = open(name);
      const first = board.writer('key');
      for (let count = 0; count < 4; count++) first.write('before');
      first.close();
      new Stranger(name).setVersion('key', 4, start);
      assert.deepEqual(board.read('key'), { value: 'before', version: start });
      const values = board.watch('key', { from: start });
      const writer = board.writer('key');
      assert.equal(writer.version, start);
      for (let version = start + 1; version <= start + 12; version++) {
        const waiting = values.next();
        await turns(2);
        assert.equal(writer.write(`${version}`), version);
        assert.deepEqual(board.read('key'), { value: `${version}`, version });
        assert.equal(board.version('key'), version);
        const seen = await within(PATIENCE_MS, 'the watch', waiting);
        assert.deepEqual(seen, { done: false, value: { value: `${version}`, version } });
      }
      writer.write('x'.repeat(1000));
      assert.equal(open(name).get('key'), 'x'.repeat(1000));
    });
  }

  it('are read right where a writer died between the two words of a stamp', () => {
    const name = queueName();
    const board = open(name);
    const writer = board.writer('key');
    for (let count = 0; count < 4; count++) writer.write('old');
    writer.close();
    const stranger = new Stranger(name);
    stranger.setVersion('key', 4, TWO_32 - 4);
    // He was about to write version 2^32 into the same buffer, three others having been published meanwhile.
    stranger.words[stranger.bufferWord('key', 0, VALUE_HALVES)] = 2;
    assert.equal(board.version('key'), TWO_32 - 4);
    assert.deepEqual(board.read('key'), { value: 'old', version: TWO_32 - 4 });
  });

  it('do not let a value be taken for published that is being written, 2^32 versions after the reader fell asleep', () => {
    const name = queueName();
    const board = open(name);
    const writer = board.writer('key');
    for (let count = 0; count < 4; count++) writer.write('published');
    writer.close();
    const stranger = new Stranger(name);
    stranger.setVersion('key', 4, TWO_32);
    // Its writer has stamped the buffer of the next version, and is at work in it.
    stranger.words[stranger.bufferWord('key', 1, VALUE_HALVES)] = 2;
    stranger.words[stranger.bufferWord('key', 1, VALUE_LOW)] = 1;
    const { load } = Atomics;
    // The reader has room for the value already, and would begin again for nothing else.
    assert.equal(board.get('key'), 'published');
    let slept = 0;
    const published = stranger.entryWord('key', ENTRY_PUBLISHED);
    // What a reader had found before.
    Reflect.set(Atomics, 'load', (words: Int32Array, index: number) =>
      index === published && slept++ === 0 ? 1 : load(words, index),
    );
    try {
      assert.deepEqual(board.read('key'), { value: 'published', version: TWO_32 });
      assert.ok(slept > 1, 'it began again');
    } finally {
      Atomics.load = load;
    }
  });
});

describe('a stranger who overwrites a blackboard', function () {
  this.timeout(TEST_MS);

  for (const [what, spoil] of [
    ['the published version', (s: Stranger) => (s.words[s.entryWord('key', ENTRY_PUBLISHED)] = 77)],
    ['a stamp', (s: Stranger) => (s.words[s.bufferWord('key', 1, VALUE_LOW)] = 5)],
    ['a kind', (s: Stranger) => (s.words[s.bufferWord('key', 1, VALUE_KIND_WORD)] = 9)],
    ['a length', (s: Stranger) => (s.words[s.bufferWord('key', 1, VALUE_LENGTH)] = -1)],
    [
      'a kind by one that is an object of its own',
      (s: Stranger) => (s.words[s.bufferWord('key', 1, VALUE_KIND_WORD)] = VALUE_KIND.spilled),
    ],
  ] as const) {
    it(`(${what}) is told of by a typed error, and what is written next mends it`, async () => {
      const name = queueName();
      const board = open(name);
      const writer = board.writer('key');
      const other = board.writer('other');
      writer.write('one');
      other.write('two');
      spoil(new Stranger(name));
      throwsCode(() => board.read('key'), CORRUPT);
      throwsCode(() => board.get('key'), CORRUPT);
      await assert.rejects(board.watch('key').next(), { code: CORRUPT });
      assert.equal(board.get('other'), 'two');
      writer.write('three');
      assert.deepEqual(board.read('key'), { value: 'three', version: 2 });
    });
  }

  it('(the owner of a key) leaves it to be taken again', () => {
    const name = queueName();
    const board = open(name);
    board.writer('key').close();
    const stranger = new Stranger(name);
    // A slot that does not exist, and one that nobody has in that generation.
    for (const owner of [-1, 0xfff, 0x12_3001]) {
      stranger.words[stranger.entryWord('key', ENTRY_OWNER)] = owner;
      board.writer('key').close();
    }
  });

  it('(everything, over and over) gets typed errors or bytes of the right length, and no call without an end', async () => {
    const name = queueName();
    const options = { codec: bytes(), maxKeys: 4, valueBytes: 64, maxParticipants: 4, idle: 'park' } as const;
    const board = keep(Blackboard.open<Uint8Array>(name, options));
    const writers = ['a', 'b'].map((key) => board.writer(key));
    const stranger = Child.run('board-peer', name, 'scribble', String(ROUNDS));
    await stranger.hears('scribbling');
    const tolerate = (call: () => unknown): void => {
      try {
        call();
      } catch (error) {
        const { code } = error as { code?: string };
        assert.match(code ?? '', TYPED, String((error as Error).stack));
      }
    };
    let told: unknown;
    let calls = 0;
    void stranger.hears('scribbled').then((detail) => (told = detail ?? true));
    while (told === undefined) {
      for (const [at, writer] of writers.entries()) {
        const key = 'ab'[at];
        tolerate(() => writer.write(new Uint8Array(calls % 100)));
        tolerate(() => {
          const value = board.get(key);
          assert.ok(value === undefined || value.length < 2 ** 20);
        });
        tolerate(() => board.version(key));
      }
      tolerate(() => board.keys());
      tolerate(() => board.stats());
      tolerate(() => keep(Blackboard.open<Uint8Array>(name, options)).get('a'));
      tolerate(() => {
        board.writer(`${calls % 10}`).close();
      });
      const watch = board.watch.bind(board, 'a', { signal: AbortSignal.timeout(5) });
      tolerate(
        () =>
          void watch()
            .next()
            .catch((error: unknown) => {
              const { code } = error as { code?: string };
              assert.match(code ?? '', new RegExp(`${TYPED.source}|^ABORT_ERR$`));
            }),
      );
      calls++;
      await turns(1);
    }
    assert.ok(calls > 5, `${calls} calls`);
    const values = writers.map((writer) => (writer.write(Uint8Array.of(7)), writer.version));
    assert.ok(values.every((version) => version > 0));
    assert.equal(await within(PATIENCE_MS, 'the stranger', stranger.end()), 0);
  });
});

describe('a blackboard whose object is truncated', function () {
  this.timeout(TEST_MS);

  for (const [title, cut] of [
    [
      'to nothing',
      (path: string) => {
        truncateSync(path, 0);
      },
    ],
    [
      'to its header',
      (path: string) => {
        truncateSync(path, 4096);
      },
    ],
    [
      'to nothing, and grown again',
      (path: string, size: number) => {
        truncateSync(path, 0);
        truncateSync(path, size);
      },
    ],
  ] as const) {
    it(`tells everybody, ${title}`, async () => {
      const name = queueName();
      const board = open(name);
      const writer = board.writer('key');
      writer.write('one');
      const { path, header } = keep(Segment.open(name, { kind: KIND_BLACKBOARD }));
      later(() => rmSync(path, { force: true }));
      const reader = open(name);
      assert.equal(reader.get('key'), 'one');
      const watching = board.watch('key', { from: 1 }).next();
      await turns(100);
      cut(path, header.size);
      await assert.rejects(within(PATIENCE_MS, 'the watch', watching), { code: TRUNCATED });
      throwsCode(() => writer.write('two'), TRUNCATED);
      if (!title.includes('grown')) {
        for (const call of [
          () => reader.read('key'),
          () => reader.version('key'),
          () => reader.keys(),
          () => reader.get('none'),
        ]) {
          throwsCode(call, TRUNCATED);
        }
      }
      board.close();
      assert.equal(board.closed, true);
      reader.close();
    });
  }
});

describe('a blackboard whose header tells an impossible geometry', () => {
  for (const [what, word, value] of [
    ['no key', GEOMETRY_BOARD_KEYS, 0],
    ['other keys than fit', GEOMETRY_BOARD_KEYS, 5],
    ['values of no size', GEOMETRY_BOARD_VALUE, 0],
    ['values of odd size', GEOMETRY_BOARD_VALUE, 9],
    ['no participant', GEOMETRY_BOARD_PARTICIPANTS, 0],
    ['too many participants', GEOMETRY_BOARD_PARTICIPANTS, 1025],
  ] as const) {
    it(`(${what}) is refused, and leaves no descriptor open`, () => {
      const name = queueName();
      open(name);
      const { path } = keep(Segment.open(name, { kind: KIND_BLACKBOARD }));
      const fd = openSync(path, 'r+');
      writeSync(fd, Uint8Array.of(value & 255, value >> 8, 0, 0), 0, 4, GEOMETRY_OFFSET + 4 * word);
      closeSync(fd);
      const before = readdirSync('/proc/self/fd').length;
      for (let count = 0; count < 5; count++) throwsCode(() => Blackboard.open(name), CORRUPT);
      assert.equal(readdirSync('/proc/self/fd').length, before);
    });
  }
});
