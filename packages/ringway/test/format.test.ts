import assert from 'node:assert/strict';
import * as header from '../../memory/dist/header-layout.js';
import * as locks from '../../memory/dist/lock-layout.js';
import * as board from '../../ring/dist/blackboard-layout.js';
import * as queue from '../../ring/dist/layout.js';
import { BLACKBOARD_DEFAULTS } from '../../ring/dist/blackboard-options.js';
import { DEFAULTS } from '../../ring/dist/options.js';
import { MAX_METADATA_BYTES, METADATA_TAG } from '../../ring/dist/metadata.js';
import { ROLE } from '../../ring/dist/recovery.js';
import * as slots from '../../sync/dist/slot-layout.js';
import * as sync from '../../sync/dist/sync-layout.js';
import { tables, tablesUnder, type Table } from './support/markdown.js';
import { document } from './support/repository.js';

const FORMAT = document('docs/format.md');
const CONSTANTS = new Map<string, unknown>(
  [header, locks, queue, board, slots, sync].flatMap((module) => Object.entries(module)),
);

/** Constants whose values other figures of the page contain, or that are limits of the code and not of the format. */
const NOT_IN_A_TABLE: ReadonlySet<string> = new Set([
  ...[
    'HEADER_BYTES',
    'MAGIC',
    'FORMAT_MAJOR',
    'FORMAT_MINOR',
    'GEOMETRY_WORDS',
    'SIZE_UNIT',
    'MAX_LOCKS',
    'PROBE_LIMIT',
  ],
  ...['CREATION_ID_BYTES', 'CODEC_NAME_BYTES', 'BOOT_ID_BYTES', 'SPARE_BYTES', 'KIND_QUEUE', 'PAGE_BYTES'],
  ...[
    'CHANNEL_FLAG',
    'CHANNEL_BYTE',
    'CHANNEL_BYTES',
    'SLOTS_BYTE',
    'LANE_HEADER_BYTES',
    'LANE_HEADER_WORDS',
    'LANE_LABEL_BYTES',
  ],
  ...[
    'LANE_STATE',
    'ROW_BYTES',
    'ROW_WORDS',
    'IDLE',
    'LEASE_FREE',
    'FRAME_HEADER_BYTES',
    'FRAME_ALIGNMENT',
    'FRAME_TYPE',
  ],
  ...['FRAME_TYPE_OPTIONAL', 'FRAME_FLAG_META', 'FRAME_LANE_PART', 'SPILL_REFERENCE_BYTES', 'MIN_LANE_BYTES'],
  ...[
    'MAX_LANE_BYTES',
    'MAX_PARTICIPANTS',
    'channelLayout',
    'SLOT_BYTES',
    'SLOT_WORDS',
    'SLOT_LABEL_BYTES',
    'SLOT_STATE',
  ],
  ...['OWNER_SLOT_BITS', 'OWNER_SLOT_MASK', 'GENERATION_MASK', 'NOBODY', 'MAX_SLOTS'],
  ...['SYNC_KIND', 'GEOMETRY_PARTICIPANTS', 'DEFAULT_PARTICIPANTS', 'BROKEN_PHASES', 'TABLE_BYTE'],
  ...['recordLayout', 'recordBytes', 'bodyByte', 'segmentSize'],
  ...['KIND_BLACKBOARD', 'ROLE_BLACKBOARD', 'BOARD_FLAG', 'BOARD_SLOTS_BYTE', 'BOARD_LABEL_BYTES', 'ENTRY_KEY_BYTES'],
  ...['ENTRY_STATE', 'HASH_START', 'HASH_FACTOR', 'VALUE_KIND', 'BUFFERS', 'SPILL_NAMES', 'HALF_BITS', 'VALUE_UNIT'],
  ...['MAX_BOARD_KEYS', 'MAX_BOARD_PARTICIPANTS', 'MAX_VALUE_BYTES', 'MAX_LARGE_VALUE_BYTES', 'MAX_BOARD_BYTES'],
  ...['boardLayout', 'VALUE_WHICH', 'VALUE_BYTE'],
  ...['KIND_TOPIC', 'CURSOR_POLICY', 'ANCHORS_PER_LANE', 'ANCHOR_BYTES', 'ANCHOR_WORDS', 'ANCHOR_LANE_PART'],
]);

/** `NAME` out of a cell that holds one constant in backticks. */
function constantIn(cell: string): string | undefined {
  return /^`([A-Z0-9_]+)`$/.exec(cell)?.[1];
}

function value(name: string): number {
  const found = CONSTANTS.get(name);
  assert.ok(typeof found === 'number', `${name} is a number in the code`);
  return found;
}

/** Where a constant says that something is, in bytes. */
function byteOf(name: string): number {
  if (name.startsWith('GEOMETRY_') && name !== 'GEOMETRY_OFFSET') return header.GEOMETRY_OFFSET + 4 * value(name);
  if (name.endsWith('_FLOAT')) return 8 * value(name);
  return /_(OFFSET|BYTE)$/.test(name) ? value(name) : 4 * value(name);
}

/** The rows that name a constant: byte, size (if the table has that column), constant. */
function fields(table: Table): { byte: number; size: number; name: string }[] {
  const size = table.columns.indexOf('size');
  return table.rows.flatMap((row) => {
    const name = constantIn(row[row.length - 1]);
    return name === undefined ? [] : [{ byte: Number(row[0]), size: size < 0 ? 4 : Number(row[size]), name }];
  });
}

/** Name and value of each row of a table whose first column names what its second has the value of. */
function values(title: string): Record<string, number> {
  const table = tables(FORMAT).find(({ columns }) => columns[0] === title);
  assert.ok(table !== undefined, `there is a table of ${title}s`);
  return Object.fromEntries(table.rows.map(([name, number]) => [name.slice(1, -1), Number(number)]));
}

describe('docs/format.md', () => {
  for (const heading of [
    'Header',
    'Geometry',
    'Channel words',
    'Slots',
    'Lane headers',
    'Claim rows',
    'Cursor rows',
    'Anchors',
    'Records',
    'Record rows',
    'Geometry of a blackboard',
    'Entries',
    'Buffers',
  ]) {
    it(`tells under "${heading}" the offsets of the code`, () => {
      const [table] = tablesUnder(FORMAT, heading);
      const found = fields(table);
      assert.ok(found.length > 2);
      for (const { byte, name } of found) assert.equal(byte, byteOf(name), name);
    });

    it(`lets no two fields under "${heading}" overlap`, () => {
      let end = 0;
      for (const { byte, size, name } of fields(tablesUnder(FORMAT, heading)[0])) {
        assert.ok(byte >= end, `${name} begins at ${byte}, what is before it ends at ${end}`);
        end = byte + size;
      }
    });
  }

  it('leaves out no constant of the layout files', () => {
    const told = new Set(tables(FORMAT).flatMap(({ rows }) => rows.map((row) => constantIn(row[row.length - 1]))));
    const missing = [...CONSTANTS.keys()].filter((name) => !told.has(name) && !NOT_IN_A_TABLE.has(name));
    assert.deepEqual(missing, []);
  });

  it('tells where the anchors of a topic are, and how many', () => {
    const { laneBytes, maxProducers, maxConsumers } = DEFAULTS;
    const { anchorsByte } = queue.channelLayout(queue.KIND_TOPIC, laneBytes, maxProducers, maxConsumers);
    assert.match(
      FORMAT,
      new RegExp(`from byte ${anchorsByte} on,\\s+${queue.ANCHORS_PER_LANE * queue.ANCHOR_BYTES} bytes each`),
    );
    assert.equal(queue.ANCHORS_PER_LANE, 16, 'Sixteen entries');
    assert.match(FORMAT, new RegExp(`of ${queue.ANCHOR_BYTES} bytes \\(\`ANCHOR_BYTES\`\\)`));
    assert.equal(queue.ANCHOR_LANE_PART, 16, 'a sixteenth of the lane');
  });

  it('tells the sizes of the code', () => {
    const sizes = new Map(
      tables(FORMAT).flatMap((table) => fields(table).map(({ name, size }) => [name, size] as const)),
    );
    assert.equal(sizes.get('MAGIC_OFFSET'), header.MAGIC.length);
    assert.equal(sizes.get('GEOMETRY_OFFSET'), 4 * header.GEOMETRY_WORDS);
    assert.equal(sizes.get('CREATION_ID_OFFSET'), header.CREATION_ID_BYTES);
    assert.equal(sizes.get('CODEC_NAME_OFFSET'), header.CODEC_NAME_BYTES);
    assert.equal(sizes.get('BOOT_ID_OFFSET'), header.BOOT_ID_BYTES);
    assert.equal(sizes.get('SPARE_OFFSET'), header.SPARE_BYTES);
    assert.equal(sizes.get('SLOT_LABEL_BYTE'), slots.SLOT_LABEL_BYTES);
    assert.equal(sizes.get('LANE_LABEL_BYTE'), queue.LANE_LABEL_BYTES);
    const [last] = tablesUnder(FORMAT, 'Header')[0].rows.slice(-1);
    assert.equal(Number(last[0]) + Number(last[1]), header.HEADER_BYTES);
  });

  it('tells the locks of the code', () => {
    const bytes = new Map([
      ['2^46 + i', locks.LOCK_BASE],
      ['2^46 - 1', locks.GATE_LOCK],
      ['2^46 - 2', locks.BIRTH_LOCK],
    ]);
    const [, table] = tablesUnder(FORMAT, 'Objects and locks');
    for (const [byte, , cell] of table.rows) assert.equal(bytes.get(byte), value(constantIn(cell) ?? ''), byte);
    assert.match(FORMAT, new RegExp(`at most ${locks.MAX_LOCKS} slot locks`));
    assert.match(FORMAT, new RegExp(`a queue has at most ${2 * queue.MAX_PARTICIPANTS}`));
  });

  it('tells the areas of a queue with default geometry', () => {
    const { laneBytes, maxProducers, maxConsumers } = DEFAULTS;
    const layout = queue.channelLayout(queue.KIND_QUEUE, laneBytes, maxProducers, maxConsumers);
    const rowBytes = queue.ROW_BYTES * maxProducers * maxConsumers;
    const [table] = tablesUnder(FORMAT, 'Areas');
    assert.deepEqual(
      table.rows.map((row) => [row[0], Number(row[3]), Number(row[4])]),
      [
        ['header', 0, header.HEADER_BYTES],
        ['channel words', queue.CHANNEL_BYTE, queue.CHANNEL_BYTES],
        ['slot table', queue.SLOTS_BYTE, layout.slotCount * slots.SLOT_BYTES],
        ['lane headers', layout.lanesByte, maxProducers * queue.LANE_HEADER_BYTES],
        ['claim rows', layout.rowsByte, rowBytes],
        ['lanes', layout.controlBytes, layout.size - layout.controlBytes],
      ],
    );
    assert.equal(table.rows[2][2], `${slots.SLOT_BYTES} × (C + P)`);
    assert.equal(table.rows[3][2], `${queue.LANE_HEADER_BYTES} × P`);
    assert.equal(table.rows[4][2], `${queue.ROW_BYTES} × P × C`);
  });

  it('tells the limits and defaults of the geometry', () => {
    const [table] = tablesUnder(FORMAT, 'Geometry');
    assert.deepEqual(
      table.rows.map((row) => row.slice(2, 5).map(Number)),
      [
        [queue.MIN_LANE_BYTES, queue.MAX_LANE_BYTES, DEFAULTS.laneBytes],
        [1, queue.MAX_PARTICIPANTS, DEFAULTS.maxProducers],
        [1, queue.MAX_PARTICIPANTS, DEFAULTS.maxConsumers],
        [1, 2 ** 32 - 1, DEFAULTS.maxMessageBytes],
        [0, queue.CHANNEL_FLAG.ephemeral, 0],
      ],
    );
  });

  it('tells the areas of a blackboard with default geometry', () => {
    const { maxKeys, valueBytes, maxParticipants } = BLACKBOARD_DEFAULTS;
    const layout = board.boardLayout(maxKeys, valueBytes, maxParticipants);
    const table = tables(FORMAT).find(({ columns }) => columns[0] === 'area of a blackboard');
    assert.ok(table !== undefined);
    assert.deepEqual(
      table.rows.map((row) => [Number(row[3]), Number(row[4])]),
      [
        [0, header.HEADER_BYTES],
        [board.BOARD_SLOTS_BYTE, maxParticipants * slots.SLOT_BYTES],
        [layout.entriesByte, maxKeys * layout.entryBytes],
        [layout.buffersByte, maxKeys * board.BUFFERS * layout.bufferBytes],
      ],
    );
  });

  it('tells the limits and defaults of the geometry of a blackboard', () => {
    const { maxKeys, valueBytes, maxParticipants, maxValueBytes } = BLACKBOARD_DEFAULTS;
    const [table] = tablesUnder(FORMAT, 'Geometry of a blackboard');
    assert.deepEqual(
      table.rows.map((row) => row.slice(2, 5).map(Number)),
      [
        [1, board.MAX_BOARD_KEYS, maxKeys],
        [board.VALUE_UNIT, board.MAX_VALUE_BYTES, valueBytes],
        [1, board.MAX_BOARD_PARTICIPANTS, maxParticipants],
        [1, board.MAX_LARGE_VALUE_BYTES, maxValueBytes],
        [0, board.BOARD_FLAG.ephemeral, 0],
      ],
    );
  });

  it('tells the areas of a primitive with room for 64 participants', () => {
    const participants = sync.DEFAULT_PARTICIPANTS;
    const table = tables(FORMAT).find(({ columns }) => columns[0] === 'area of a primitive');
    assert.ok(table !== undefined);
    assert.deepEqual(
      table.rows.map((row) => [Number(row[3]), Number(row[4])]),
      [
        [0, header.HEADER_BYTES],
        [sync.TABLE_BYTE, participants * slots.SLOT_BYTES],
        [sync.bodyByte(participants), sync.recordBytes(participants)],
      ],
    );
    assert.equal(value('GEOMETRY_PARTICIPANTS'), 0);
  });

  it('tells all states, types and tags', () => {
    assert.deepEqual(values('slot state'), { ...slots.SLOT_STATE });
    assert.deepEqual(values('queue flag'), { ...queue.CHANNEL_FLAG });
    assert.deepEqual(values('lane state'), { ...queue.LANE_STATE });
    assert.deepEqual(values('frame type'), { ...queue.FRAME_TYPE });
    assert.deepEqual(values('metadata tag'), { ...METADATA_TAG });
    assert.deepEqual(values('primitive'), { ...sync.SYNC_KIND });
    assert.deepEqual(values('entry state'), { ...board.ENTRY_STATE });
    assert.deepEqual(values('value kind'), { ...board.VALUE_KIND });
    assert.deepEqual(values('subscriber policy'), { ...queue.CURSOR_POLICY });
    assert.deepEqual(values('blackboard flag'), { ...board.BOARD_FLAG });
  });

  it('tells the single values that stand in its text', () => {
    const text = FORMAT.replaceAll(/\s+/g, ' ');
    const sentences = [
      `It describes format ${header.FORMAT_MAJOR}.${header.FORMAT_MINOR}.`,
      `magic: \`${[...header.MAGIC].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}\``,
      `kind: ${queue.KIND_QUEUE} is a queue`,
      `\`generation << ${slots.OWNER_SLOT_BITS} | slot + 1\`; ${slots.NOBODY} is nobody`,
      `generation, ${Math.log2(slots.GENERATION_MASK + 1)} bits`,
      `role: ${ROLE.consumer} consumer, ${ROLE.producer} producer`,
      `${queue.IDLE} is *idle*`,
      `atomic; ${queue.LEASE_FREE} free`,
      `A frame takes ${queue.FRAME_HEADER_BYTES} bytes and its length, rounded up to ${queue.FRAME_ALIGNMENT}`,
      `never more than a ${['half', 'third', 'quarter'][queue.FRAME_LANE_PART - 2]} of its lane`,
      `Types from ${queue.FRAME_TYPE_OPTIONAL} (`,
      `bit ${Math.log2(queue.FRAME_FLAG_META)} says that there is metadata`,
      `At most ${MAX_METADATA_BYTES} bytes.`,
      `has ${queue.SPILL_REFERENCE_BYTES} bytes (`,
      `a multiple of ${header.SIZE_UNIT}`,
      `at byte ${header.GEOMETRY_OFFSET} (\`GEOMETRY_PARTICIPANTS\`)`,
      `from 1 to ${sync.MAX_PARTICIPANTS}: a word`,
      `The first sleepers begin at byte ${sync.recordLayout(1).sleepers}`,
      `and ${4 * sync.ROW_WORDS} bytes a participant`,
      `phase p modulo ${sync.BROKEN_PHASES}, p + 1`,
      `${board.KIND_BLACKBOARD} a [blackboard](#blackboard)`,
      `${board.ROLE_BLACKBOARD} who uses a blackboard`,
      `The key has 1 to ${board.ENTRY_KEY_BYTES} bytes`,
      `from ${board.HASH_START}, times ${board.HASH_FACTOR}`,
      `stands in buffer v modulo ${board.BUFFERS}`,
      `halves × 2^${board.HALF_BITS}`,
      `below ${board.SPILL_NAMES}`,
      `at most 2^${Math.log2(board.MAX_BOARD_BYTES)} bytes`,
      `\`VALUE_WHICH\`) at byte ${4 * board.VALUE_WHICH} of the buffer`,
      `The value begins at byte ${board.VALUE_BYTE}`,
    ];
    for (const sentence of sentences) assert.ok(text.includes(sentence), sentence);
  });
});
