import { RingwayError, type SegmentHandle, type SegmentHeader } from '@ringway/memory';
import { Doorbells, Idle, Roster, STRONG_ORDER, Slots, type IdleStrategy, type Waiting } from '@ringway/sync';
import { ClaimRows } from './claim-rows.js';
import { CursorRows } from './cursor-rows.js';
import { Lane, type LaneContext } from './lane.js';
import {
  GEOMETRY_FLAGS,
  GEOMETRY_LANE_BYTES,
  GEOMETRY_MAX_CONSUMERS,
  GEOMETRY_MAX_MESSAGE,
  GEOMETRY_MAX_PRODUCERS,
  KIND_TOPIC,
  LANE_STATE,
  MAX_LANE_BYTES,
  MAX_PARTICIPANTS,
  MIN_LANE_BYTES,
  PAGE_BYTES,
  CHANNEL_BYTE,
  CHANNEL_CONSUMERS_HIGH,
  CHANNEL_DRAIN_DOORBELL,
  CHANNEL_DRAIN_WANTED,
  CHANNEL_ENDINGS,
  CHANNEL_FLAG,
  CHANNEL_LANES_HIGH,
  CHANNEL_PRIORITIES,
  CHANNEL_SLEEPERS,
  SLOTS_BYTE,
  channelLayout,
  type ChannelLayout,
} from './layout.js';
import { DEFAULTS, type QueueGeometry } from './options.js';
import type { Rows } from './rows.js';
import { termsOf, type Terms } from './terms.js';

/** Wakes whoever waits for the drain. */
const EVERYBODY = 0x7fffffff;

/** What a creator writes into the header of a segment with lanes. */
export function channelGeometry(options: QueueGeometry): number[] {
  const geometry: number[] = [];
  geometry[GEOMETRY_LANE_BYTES] = options.laneBytes ?? DEFAULTS.laneBytes;
  geometry[GEOMETRY_MAX_PRODUCERS] = options.maxProducers ?? DEFAULTS.maxProducers;
  geometry[GEOMETRY_MAX_CONSUMERS] = options.maxConsumers ?? DEFAULTS.maxConsumers;
  geometry[GEOMETRY_MAX_MESSAGE] = options.maxMessageBytes ?? DEFAULTS.maxMessageBytes;
  geometry[GEOMETRY_FLAGS] = options.ephemeral === true ? CHANNEL_FLAG.ephemeral : 0;
  return geometry;
}

/** The layout that a header's geometry stands for. Throws `ERR_RINGWAY_CORRUPT_SEGMENT` if it is impossible. */
export function layoutOf(header: SegmentHeader, name: string): ChannelLayout {
  const laneBytes = header.geometry[GEOMETRY_LANE_BYTES];
  const producers = header.geometry[GEOMETRY_MAX_PRODUCERS];
  const consumers = header.geometry[GEOMETRY_MAX_CONSUMERS];
  const possible =
    laneBytes >= MIN_LANE_BYTES &&
    laneBytes <= MAX_LANE_BYTES &&
    (laneBytes & (laneBytes - 1)) === 0 &&
    producers >= 1 &&
    producers <= MAX_PARTICIPANTS &&
    consumers >= 1 &&
    consumers <= MAX_PARTICIPANTS &&
    header.geometry[GEOMETRY_MAX_MESSAGE] >= 1;
  const layout = possible ? channelLayout(header.kind, laneBytes, producers, consumers) : undefined;
  if (layout?.size === header.size) return layout;
  const { segment, consumers: readers } = termsOf(header.kind);
  throw new RingwayError(
    'ERR_RINGWAY_CORRUPT_SEGMENT',
    `${segment} ${JSON.stringify(name)} says that it has ${producers} lanes of ${laneBytes} bytes and ${consumers} ${readers} in an object of ` +
      `${header.size} bytes: that is impossible. Unlink it`,
  );
}

/**
 * A segment with lanes as one handle sees it: the control area's views, the participant table, doorbells and lanes. Everything
 * that concerns more than one lane and is not a participant's own.
 */
export class Channel implements LaneContext {
  readonly segment: SegmentHandle;
  readonly layout: ChannelLayout;
  readonly words: Int32Array;
  readonly slots: Slots;
  readonly doorbells: Doorbells;
  readonly roster: Roster;
  readonly rows: Rows;
  /** Words for people. */
  readonly terms: Terms;
  readonly maxMessageBytes: number;
  readonly #words: Int32Array;
  readonly #queue = CHANNEL_BYTE / 4;
  readonly #lanes: (Lane | undefined)[];
  /** The highest that {@link Channel.lanesHigh} has found. */
  #lanesSeen = 0;

  constructor(segment: SegmentHandle) {
    const layout = layoutOf(segment.header, segment.name);
    const control = segment.map(0, layout.controlBytes);
    this.segment = segment;
    this.layout = layout;
    this.words = this.#words = new Int32Array(control);
    this.slots = new Slots(segment, control, SLOTS_BYTE, layout.slotCount);
    this.doorbells = new Doorbells(segment, control, CHANNEL_BYTE + CHANNEL_SLEEPERS * 4, layout.consumers, this.slots);
    this.roster = new Roster(segment, this.slots);
    this.rows = segment.header.kind === KIND_TOPIC ? new CursorRows(this) : new ClaimRows(this);
    this.terms = termsOf(segment.header.kind);
    this.maxMessageBytes = segment.header.geometry[GEOMETRY_MAX_MESSAGE];
    this.#lanes = new Array<Lane | undefined>(layout.lanes).fill(undefined);
  }

  /** A lane by its index. */
  lane(index: number): Lane {
    return (this.#lanes[index] ??= new Lane(this, index));
  }

  /** One more than the highest lane that was ever taken. Never falls, whatever a stranger writes: what was found once stays found. */
  get lanesHigh(): number {
    const high = this.#bounded(CHANNEL_LANES_HIGH, this.layout.lanes);
    if (high > this.#lanesSeen) this.#lanesSeen = high;
    return this.#lanesSeen;
  }

  /** Whether anybody has ever taken part. */
  get wasJoined(): boolean {
    return this.lanesHigh > 0 || this.#bounded(CHANNEL_CONSUMERS_HIGH, this.layout.consumers) > 0;
  }

  /** The lanes that were ever taken. */
  lanes(): Lane[] {
    return Array.from({ length: this.lanesHigh }, (_, index) => this.lane(index));
  }

  /** Before a lane is opened for the first time, and before its producer sleeps (a stranger may have lowered the word): from here consumers look at it. False if they did already. */
  raiseLanesHigh(index: number): boolean {
    return this.#raise(CHANNEL_LANES_HIGH, index + 1);
  }

  /** Before a reader's first claim or cursor, and before it sleeps: from here producers look at its rows (Lane.heldBytes). */
  raiseConsumersHigh(consumer: number): void {
    this.#raise(CHANNEL_CONSUMERS_HIGH, consumer + 1);
  }

  /** The wait of one participant of this handle. */
  newIdle(waiting: Waiting, strategy: IdleStrategy, pollMicroseconds: number): Idle {
    const { segment, words, layout, roster } = this;
    return new Idle(segment, words, layout.slotCount, roster, waiting, strategy, pollMicroseconds);
  }

  /** Whether lanes have priorities. */
  get hasPriorities(): boolean {
    // A plain load: who misses the first one for a moment takes the lanes in turn once more.
    return this.#words[this.#queue + CHANNEL_PRIORITIES] !== 0;
  }

  /** After the first lane that has one was given it. */
  announcePriorities(): void {
    Atomics.store(this.#words, this.#queue + CHANNEL_PRIORITIES, 1);
  }

  /** How many producers have ended. */
  get endings(): number {
    // Looked at by whoever finds nothing; before a sleep, behind a fence.
    const word = this.#queue + CHANNEL_ENDINGS;
    return STRONG_ORDER ? this.#words[word] : Atomics.load(this.#words, word);
  }

  /** A producer has ended: after its lane says so. Wakes everybody, for a stream may be over. */
  announceEnd(): void {
    Atomics.add(this.#words, this.#queue + CHANNEL_ENDINGS, 1);
    this.drained();
    this.doorbells.ringAll();
  }

  /** Whether everything that was published is acknowledged. */
  isDrained(): boolean {
    const high = this.lanesHigh;
    for (let index = 0; index < high; index++) if (!this.lane(index).isDrained()) return false;
    return true;
  }

  /** Whether some producer is at work, as far as known: its slot is not past. */
  hasOpenLane(): boolean {
    const high = this.lanesHigh;
    for (let index = 0; index < high; index++) {
      const lane = this.lane(index);
      if (lane.state === LANE_STATE.open && !lane.quarantined && !this.slots.isPast(lane.owner)) return true;
    }
    return false;
  }

  /**
   * Asks to be woken when everything is acknowledged. Order, for who waits: note {@link Channel.drainDoorbell}'s value, call this, look at
   * {@link Channel.isDrained}, wait.
   */
  wantDrain(): void {
    Atomics.store(this.#words, this.#queue + CHANNEL_DRAIN_WANTED, 1);
  }

  /** Index of the futex word on which those wait who want the drain and have no slot. */
  get drainDoorbell(): number {
    return this.#queue + CHANNEL_DRAIN_DOORBELL;
  }

  /** Called after an acknowledgement, while somebody wants to know: if that was the last one, everybody is woken. */
  readonly drained = (): void => {
    // Two who acknowledge at the same time: as in Lane.acknowledged.
    Atomics.add(this.#words, this.drainDoorbell, 0);
    if (!this.isDrained()) return;
    if (Atomics.exchange(this.#words, this.#queue + CHANNEL_DRAIN_WANTED, 0) === 0) return;
    Atomics.add(this.#words, this.drainDoorbell, 1);
    this.segment.wake(this.#words, this.drainDoorbell, EVERYBODY);
    this.doorbells.ringAll();
  };

  #raise(word: number, value: number): boolean {
    const index = this.#queue + word;
    // What is negative is garbage, which hides nothing already (#bounded).
    for (let seen = Atomics.load(this.#words, index); seen >= 0 && seen < value;) {
      const found = Atomics.compareExchange(this.#words, index, seen, value);
      if (found === seen) return true;
      seen = found;
    }
    return false;
  }

  #bounded(word: number, most: number): number {
    const index = this.#queue + word;
    const value = STRONG_ORDER ? this.#words[index] : Atomics.load(this.#words, index);
    // Only ever raised by correct peers; garbage must not send us outside, and hides nothing.
    return value >= 0 && value <= most ? value : most;
  }
}

/** What the creator commits and fills, besides the header. */
export function channelSpec(
  kind: number,
  geometry: readonly number[],
): {
  kind: number;
  geometry: readonly number[];
  size: number;
  commit: { offset: number; length: number }[];
} {
  const layout = channelLayout(
    kind,
    geometry[GEOMETRY_LANE_BYTES],
    geometry[GEOMETRY_MAX_PRODUCERS],
    geometry[GEOMETRY_MAX_CONSUMERS],
  );
  return {
    kind,
    geometry,
    size: layout.size,
    commit: [{ offset: PAGE_BYTES, length: layout.controlBytes - PAGE_BYTES }],
  };
}
