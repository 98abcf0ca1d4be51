import { SLOT_BYTES } from '@ringway/sync';

import * as layout from '../../dist/layout.js';
import { METADATA_TAG } from '../../dist/metadata.js';
import { encodeSpillReference } from '../../dist/spill.js';
import * as slot from '../../../sync/dist/slot-layout.js';
import type { Random } from '../chaos/random.js';
import { hostileMessagePack } from './hostile-messagepack.js';
import type { MemoryView } from './memory-view.js';
import { hostileDouble, hostileWord, randomBytes } from './values.js';

const QUEUE_WORDS = [
  layout.CHANNEL_CONSUMERS_HIGH,
  layout.CHANNEL_LANES_HIGH,
  layout.CHANNEL_ENDINGS,
  layout.CHANNEL_DRAIN_WANTED,
  layout.CHANNEL_DRAIN_DOORBELL,
  layout.CHANNEL_SLEEPERS,
  layout.CHANNEL_SLEEPERS + 1,
];
const SLOT_WORDS = [
  slot.SLOT_STATE_WORD,
  slot.SLOT_STATE_WORD,
  slot.SLOT_GENERATION_WORD,
  slot.SLOT_PID_WORD,
  slot.SLOT_ROLE_WORD,
  slot.SLOT_LOST_WORD,
  slot.SLOT_DOORBELL_WORD,
  slot.SLOT_LABEL_BYTE / 4,
];
const LANE_WORDS = [
  layout.LANE_OWNER,
  layout.LANE_STATE_WORD,
  layout.LANE_QUARANTINE,
  layout.LANE_EPOCH,
  layout.LANE_PRIORITY,
  layout.LANE_POSITION,
  layout.LANE_POSITION,
  layout.LANE_HALF_LAPS,
  layout.LANE_INTENT,
  layout.LANE_INTENT_HALF_LAPS,
  layout.LANE_WANTED,
  layout.LANE_LEASE,
  layout.LANE_LEASE,
  layout.LANE_NEXT,
  layout.LANE_NEXT,
  layout.LANE_LABEL_BYTE / 4,
];
const LANE_FLOATS = [
  layout.LANE_MESSAGES_FLOAT,
  layout.LANE_BYTES_FLOAT,
  layout.LANE_WAITS_FLOAT,
  layout.LANE_OLDEST_FLOAT,
];
const ROW_WORDS = [layout.ROW_FROM, layout.ROW_FROM, layout.ROW_TO, layout.ROW_TO, layout.ROW_LIVES, layout.ROW_HANDED];
const ROW_FLOATS = [layout.ROW_CLAIMED_FLOAT, layout.ROW_ACKED_FLOAT];
const FRAME_TYPES = [
  0,
  layout.FRAME_TYPE.message,
  layout.FRAME_TYPE.spill,
  layout.FRAME_TYPE.control,
  4,
  127,
  128,
  255,
];
/** What of a frame is written to. */
const FRAME_PARTS = [
  'length',
  'length',
  'length',
  'word',
  'tag',
  'tag',
  'spill',
  'metadata',
  'payload',
  'message',
] as const;
/** Frames are followed so far at most: the lengths may be anything. */
const MOST_FRAMES = 40;
const WORD_BYTES = 4;
const FRAME_WORDS = layout.FRAME_HEADER_BYTES / WORD_BYTES;

/** What is written to. Frames often: whatever else is wrong soon takes the lane out of use. */
const FAMILIES = [
  'queue',
  'slot',
  'lane',
  'lane',
  'row',
  'row',
  'float',
  'claim',
  'anything',
  'frame',
  'frame',
] as const;

/** Writes what no correct peer would write, into a field that it knows. */
export class Mutator {
  readonly #random: Random;
  readonly #view: MemoryView;
  /** The lanes whose memory is there. */
  readonly #lanes: readonly number[];
  readonly #note: (step: string) => void;
  /** What this one writes to most of the time. */
  readonly #focus: (typeof FAMILIES)[number];

  constructor(random: Random, view: MemoryView, lanes: readonly number[], note: (step: string) => void) {
    this.#random = random;
    this.#view = view;
    this.#lanes = lanes;
    this.#note = note;
    this.#focus = random.next() < 0.4 ? 'frame' : random.pick(FAMILIES);
  }

  /** One mutation. */
  mutate(): void {
    const random = this.#random;
    const family = random.next() < 0.8 ? this.#focus : random.pick(FAMILIES);
    switch (family) {
      case 'queue':
        this.#word('queue word', this.#queueWord());
        break;
      case 'slot':
        this.#word('slot word', this.#slotWord());
        break;
      case 'lane':
        this.#word('lane word', this.#laneWord());
        break;
      case 'row':
        this.#word('row word', this.#rowWord());
        break;
      case 'float':
        this.#float();
        break;
      case 'claim':
        this.#halfMadeClaim();
        break;
      case 'anything':
        this.#anyWords();
        break;
      default:
        this.#frame();
    }
  }

  #lane(): number {
    const { layout: geometry } = this.#view;
    return this.#lanes.length > 0 && this.#random.next() < 0.9
      ? this.#random.pick(this.#lanes)
      : this.#random.between(0, geometry.lanes - 1);
  }

  #queueWord(): number {
    return layout.CHANNEL_BYTE / WORD_BYTES + this.#random.pick(QUEUE_WORDS);
  }

  #slotWord(): number {
    const index = this.#random.between(0, this.#view.layout.slotCount - 1);
    return (layout.SLOTS_BYTE + index * SLOT_BYTES) / WORD_BYTES + this.#random.pick(SLOT_WORDS);
  }

  #laneWord(): number {
    return this.#view.lane(this.#lane()) + this.#random.pick(LANE_WORDS);
  }

  #rowWord(): number {
    return this.#row() + this.#random.pick(ROW_WORDS);
  }

  #row(): number {
    return this.#view.row(this.#lane(), this.#random.between(0, this.#view.layout.consumers - 1));
  }

  #anyOwner(): number {
    return this.#view.owner(this.#random.between(0, this.#view.layout.slotCount - 1));
  }

  #elsewhere = (): number => {
    const { words } = this.#view;
    switch (this.#random.between(0, 4)) {
      case 0:
        return this.#anyOwner();
      case 1:
        return words[this.#laneWord()];
      case 2:
        return words[this.#rowWord()];
      case 3:
        return words[this.#view.lane(this.#lane()) + layout.LANE_POSITION] - this.#random.between(0, 64) * 8;
      default:
        return words[this.#slotWord()];
    }
  };

  #word(what: string, index: number): void {
    const { words, layout: geometry } = this.#view;
    const value = hostileWord(this.#random, words[index], geometry.laneBytes, this.#elsewhere);
    this.#note(`${what} ${index}: ${words[index]} becomes ${value}`);
    Atomics.store(words, index, value);
  }

  #float(): void {
    const random = this.#random;
    const index =
      random.next() < 0.5
        ? this.#view.lane(this.#lane()) / 2 + random.pick(LANE_FLOATS)
        : this.#row() / 2 + random.pick(ROW_FLOATS);
    this.#view.floats[index] = hostileDouble(random);
    this.#note(`float ${index} becomes ${this.#view.floats[index]}`);
  }

  /** What somebody leaves who dies between two steps of a claim, or looks so. */
  #halfMadeClaim(): void {
    const random = this.#random;
    const { words } = this.#view;
    const lane = this.#lane();
    const header = this.#view.lane(lane);
    const consumer = random.between(0, this.#view.layout.consumers - 1);
    const row = this.#view.row(lane, consumer);
    const next = words[header + layout.LANE_NEXT];
    words[header + layout.LANE_LEASE] = random.next() < 0.7 ? this.#view.owner(consumer) : this.#anyOwner();
    const step = random.between(0, 3);
    if (step > 0)
      words[row + layout.ROW_TO] =
        random.next() < 0.5 ? words[header + layout.LANE_POSITION] : next + random.between(0, 40) * 8;
    if (step > 1) words[row + layout.ROW_FROM] = next;
    if (step > 2) words[header + layout.LANE_NEXT] = words[row + layout.ROW_TO];
    this.#note(`claim of consumer ${consumer} in lane ${lane} half made, step ${step}`);
  }

  #anyWords(): void {
    const random = this.#random;
    const { words } = this.#view;
    const first = random.between(layout.CHANNEL_BYTE / WORD_BYTES, words.length - 1);
    const end = Math.min(words.length, first + random.pick([1, 4, 16, 64, 500]));
    for (let index = first; index < end; index++) words[index] = hostileWord(random, words[index], 8, this.#elsewhere);
    this.#note(`words ${first} to ${end} become garbage`);
  }

  /** Something in a frame that stands in a lane just now, or where one will stand. */
  #frame(): void {
    const random = this.#random;
    if (this.#lanes.length === 0) return;
    const lane = random.pick(this.#lanes);
    const frames = this.#view.frames(lane);
    const start = this.#frameStart(lane, frames);
    const length = frames[start];
    const tag = frames[start + 1];
    const payload = start + FRAME_WORDS;
    const bytes = new Uint8Array(frames.buffer);
    const room = Math.max(0, Math.min(length, bytes.length - payload * WORD_BYTES));
    this.#note(
      `frame at byte ${start * WORD_BYTES} of lane ${lane}: length ${length}, tag 0x${(tag >>> 0).toString(16)}`,
    );
    switch (random.pick(FRAME_PARTS)) {
      case 'length':
        // As far as the published position is plausible for any frame: it passes for one, and swallows those behind it.
        if (random.next() < 0.4) frames[start] = this.#upToPosition(lane, start) - random.pick([0, 0, 1, 8, 16, -8]);
        else frames[start] = hostileWord(random, length, this.#view.layout.laneBytes, this.#elsewhere);
        this.#note(`  length becomes ${frames[start]}`);
        break;
      case 'word':
        frames[start + 1] = hostileWord(random, tag, 0x10000, this.#elsewhere);
        break;
      case 'tag': {
        const metadata = random.pick([0, 0, 8, 16, 24, length & -8, 0xfff8, random.between(0, 0xffff)]);
        frames[start + 1] = random.pick(FRAME_TYPES) | (random.between(0, 2) << 8) | (metadata << 16);
        this.#note(`  tag becomes 0x${(frames[start + 1] >>> 0).toString(16)}`);
        break;
      }
      case 'spill':
        this.#spill(lane, frames, start);
        break;
      case 'metadata':
        this.#metadata(frames, start, length);
        break;
      case 'payload':
        bytes.set(randomBytes(random, Math.min(room, 16)), payload * WORD_BYTES);
        break;
      case 'message': {
        const message = hostileMessagePack(random, Math.max(1, Math.min(room, 4096)));
        bytes.set(message.subarray(0, bytes.length - payload * WORD_BYTES), payload * WORD_BYTES);
        if (random.next() < 0.5) frames[start] = message.length;
        this.#note(`  payload becomes ${Buffer.from(message.subarray(0, 24)).toString('hex')}`);
      }
    }
  }

  /** Length of a frame that begins there and ends at the published position. */
  #upToPosition(lane: number, start: number): number {
    const { words, layout: geometry } = this.#view;
    const position = words[this.#view.lane(lane) + layout.LANE_POSITION];
    return ((position - start * WORD_BYTES) & (geometry.laneBytes - 1)) - layout.FRAME_HEADER_BYTES;
  }

  #spill(lane: number, frames: Int32Array, start: number): void {
    const random = this.#random;
    const { creationId } = this.#view;
    const reference = encodeSpillReference({
      length: random.pick([0, 1, 5000, 9000, 2 ** 32, Number.MAX_SAFE_INTEGER, random.between(0, 2 ** 30)]),
      creationId: random.next() < 0.9 ? creationId : 'f'.repeat(creationId.length),
      lane: random.next() < 0.9 ? lane : random.between(0, 2 ** 31),
      sequence: random.pick([0, 1, 2, 2 ** 32 - 1]),
    });
    const at = (start + FRAME_WORDS) * WORD_BYTES;
    new Uint8Array(frames.buffer).set(reference.subarray(0, frames.length * WORD_BYTES - at), at);
    frames[start] = reference.length;
    frames[start + 1] = layout.FRAME_TYPE.spill;
    this.#note(`  becomes a spill reference ${Buffer.from(reference).toString('hex')}`);
  }

  /** An entry of the list, where it begins, in a frame that says that it has one. */
  #metadata(frames: Int32Array, start: number, length: number): void {
    const random = this.#random;
    const tags = Object.values(METADATA_TAG);
    const tag = random.next() < 0.8 ? random.pick(tags) : random.between(0, 255);
    const size = random.pick([0, 3, 4, 8, 12, 60, 0xffff]);
    frames[start + FRAME_WORDS] = tag | (size << 16);
    frames[start + 1] =
      layout.FRAME_TYPE.message | (layout.FRAME_FLAG_META << 8) | (random.pick([8, 16, 64, length & 0xfff8]) << 16);
    this.#note(`  gets metadata, tag ${tag} of ${size} bytes`);
  }

  /** Index of a frame's first word. */
  #frameStart(lane: number, frames: Int32Array): number {
    const random = this.#random;
    const { words, layout: geometry } = this.#view;
    const header = this.#view.lane(lane);
    const ring = geometry.laneBytes - 1;
    const row = this.#view.row(lane, random.between(0, geometry.consumers - 1));
    const next = words[header + layout.LANE_NEXT];
    const first = random.pick([next, next, next, words[row + layout.ROW_FROM], 0]) & -8;
    let at = first & ring;
    for (let count = random.next() < 0.5 ? 0 : random.between(1, MOST_FRAMES); count > 0; count--) {
      const bytes = (frames[at / WORD_BYTES] + layout.FRAME_HEADER_BYTES + 7) & -8;
      if (bytes < layout.FRAME_HEADER_BYTES || bytes > geometry.laneBytes) break;
      const after = (at + bytes) & ring;
      if (frames[after / WORD_BYTES + 1] === 0) break;
      at = after;
    }
    return at / WORD_BYTES;
  }
}
