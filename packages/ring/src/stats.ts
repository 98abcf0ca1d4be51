import { SLOT_STATE, type Peer } from '@ringway/sync';
import type { Channel } from './channel.js';
import { monotonicMs } from './clock.js';
import type { Lane } from './lane.js';
import { LANE_STATE, ROW_ACKED_FLOAT, ROW_CLAIMED_FLOAT, ROW_FROM, ROW_TO } from './layout.js';
import { ROLE } from './recovery.js';
import { CONTRADICTION } from './rows.js';

/** Who keeps a lane's space from being used again. */
export interface Holder {
  /** The consumer; label and pid are for people. */
  readonly slot: number;
  readonly label: string;
  readonly pid: number;
  /** Bytes that its claim occupies. */
  readonly bytes: number;
  /** Milliseconds since it claimed (coarse: to some 100 ms). */
  readonly milliseconds: number;
}

/** One lane, as it was at some moment: the figures are read one after the other, while others work. */
export interface LaneStats {
  readonly lane: number;
  readonly label: string;
  readonly state: 'free' | 'open' | 'ended' | 'abandoned' | 'quarantined';
  /** The producer whose lane it is; undefined if it is gone. */
  readonly producer: Peer | undefined;
  /** Messages since the segment was made. */
  readonly publishedMessages: number;
  /** Bytes of frames since the segment was made. */
  readonly publishedBytes: number;
  readonly acknowledgedMessages: number;
  /** Published and not acknowledged. */
  readonly backlogMessages: number;
  /** Bytes of the lane that are occupied, from the floor to the published position. */
  readonly backlogBytes: number;
  /**
   * Milliseconds since the oldest message that is not acknowledged was published, to a second; 0 if there is none. Its producer notes it: once that is gone, this
   * is the age of what was the oldest then.
   */
  readonly oldestMs: number;
  /** Milliseconds since the longest-standing claim was made; 0 without one. */
  readonly oldestClaimMs: number;
  /** How often a `send` had to wait for room. */
  readonly waitsForRoom: number;
  /** Consumers with claims, the one that holds the floor first. */
  readonly holders: readonly Holder[];
}

/** What `queue.stats()` answers. */
export interface QueueStats {
  readonly name: string;
  readonly creationId: string;
  readonly laneBytes: number;
  readonly maxProducers: number;
  readonly maxConsumers: number;
  /** Participants, as far as known: a dead one is listed until somebody has found it. */
  readonly producers: readonly Peer[];
  readonly consumers: readonly Peer[];
  /** Lanes that are in use or were. */
  readonly lanes: readonly LaneStats[];
}

/** Names of {@link LANE_STATE}. */
const STATE_NAMES = new Map<number, LaneStats['state']>([
  [LANE_STATE.free, 'free'],
  [LANE_STATE.open, 'open'],
  [LANE_STATE.ended, 'ended'],
  [LANE_STATE.abandoned, 'abandoned'],
]);

/** Reads everything that people ask for. Costs some microseconds a lane and a participant. */
export function queueStats(channel: Channel): QueueStats {
  const { layout, segment } = channel;
  const { producers, consumers } = peersOf(channel);
  return {
    name: segment.name,
    creationId: segment.header.creationId,
    laneBytes: layout.laneBytes,
    maxProducers: layout.lanes,
    maxConsumers: layout.consumers,
    producers,
    consumers,
    lanes: channel.lanes().map((lane) => laneStats(channel, lane)),
  };
}

/** Participants, as far as known. */
export function peersOf({ slots, layout }: Channel): { producers: Peer[]; consumers: Peer[] } {
  const producers: Peer[] = [];
  const consumers: Peer[] = [];
  for (let slot = 0; slot < layout.slotCount; slot++) {
    if (slots.state(slot) !== SLOT_STATE.live) continue;
    const peer = slots.peer(slot);
    (peer.role === ROLE.consumer ? consumers : producers).push(peer);
  }
  return { producers, consumers };
}

/** What a lane is, for people. */
export function laneState(lane: Lane): LaneStats['state'] {
  return lane.quarantined ? 'quarantined' : (STATE_NAMES.get(lane.state) ?? 'quarantined');
}

/** Whose lane it is; undefined if he is gone. */
export function producerOf({ slots }: Channel, lane: Lane): Peer | undefined {
  const owner = slots.slotOf(lane.owner);
  return owner < 0 || slots.isPast(lane.owner) ? undefined : slots.peer(owner);
}

/** Who has claims on a lane, the one that holds the floor first. */
export function holders(channel: Channel, lane: Lane, now = monotonicMs()): Holder[] {
  const { slots, layout, words } = channel;
  const floats = new Float64Array(words.buffer, 0, words.buffer.byteLength >> 3);
  const position = lane.position;
  const found: { behind: number; holder: Holder }[] = [];
  for (let consumer = 0; consumer < layout.consumers; consumer++) {
    const row = lane.row(consumer);
    const from = Atomics.load(words, row + ROW_FROM);
    const bytes = (Atomics.load(words, row + ROW_TO) - from) | 0;
    if ((from & 7) !== 0 || bytes <= 0 || slots.state(consumer) === SLOT_STATE.free) continue;
    const { slot, label, pid } = slots.peer(consumer);
    const milliseconds = Math.max(0, now - floats[(row >> 1) + ROW_CLAIMED_FLOAT]);
    found.push({ behind: (position - from) | 0, holder: { slot, label, pid, bytes, milliseconds } });
  }
  return found.sort((a, b) => b.behind - a.behind).map(({ holder }) => holder);
}

function laneStats(channel: Channel, lane: Lane): LaneStats {
  const { layout, words } = channel;
  const floats = new Float64Array(words.buffer, 0, words.buffer.byteLength >> 3);
  let acknowledged = 0;
  for (let consumer = 0; consumer < layout.consumers; consumer++) {
    acknowledged += floats[(lane.row(consumer) >> 1) + ROW_ACKED_FLOAT];
  }
  const held = lane.heldBytes(lane.position);
  const counters = lane.counters();
  const claims = holders(channel, lane);
  return {
    lane: lane.index,
    label: lane.label,
    state: laneState(lane),
    producer: producerOf(channel, lane),
    publishedMessages: counters.messages,
    publishedBytes: counters.bytes,
    acknowledgedMessages: acknowledged,
    backlogMessages: Math.max(0, counters.messages - acknowledged),
    backlogBytes: held === CONTRADICTION ? layout.laneBytes : held,
    oldestMs: held === 0 || counters.oldest === 0 ? 0 : Math.max(0, monotonicMs() - counters.oldest),
    oldestClaimMs: Math.max(0, ...claims.map(({ milliseconds }) => milliseconds)),
    waitsForRoom: counters.waits,
    holders: claims,
  };
}
