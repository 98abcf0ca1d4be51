import type { Peer } from '@ringway/sync';
import type { Channel } from './channel.js';
import type { Lane } from './lane.js';
import { CURSOR_POLICY, CURSOR_POLICY_WORD, CURSOR_POSITION, CURSOR_SEEN } from './layout.js';
import { laneState, peersOf, producerOf } from './stats.js';

/** One subscriber of a topic, as it was at some moment. */
export interface SubscriberStats {
  readonly slot: number;
  /** For people. */
  readonly label: string;
  readonly pid: number;
  readonly onSlow: 'block' | 'drop' | 'disconnect';
  /** Bytes of the lane in which it is furthest behind that it has not read; at most a lane's length where it is not waited for. */
  readonly behindBytes: number;
}

/** One lane of a topic, as it was at some moment: the figures are read one after the other, while others work. */
export interface TopicLaneStats {
  readonly lane: number;
  readonly label: string;
  readonly state: 'free' | 'open' | 'ended' | 'abandoned' | 'quarantined';
  /** The publisher whose lane it is; undefined if it is gone. */
  readonly publisher: Peer | undefined;
  /** Messages since the segment was made. */
  readonly publishedMessages: number;
  /** Bytes of frames since the segment was made. */
  readonly publishedBytes: number;
  /** How often a `send` had to wait for room. */
  readonly waitsForRoom: number;
  /** Bytes that subscribers hold for whom is waited. */
  readonly heldBytes: number;
}

/** What `topic.stats()` answers. */
export interface TopicStats {
  readonly name: string;
  readonly creationId: string;
  readonly laneBytes: number;
  readonly maxPublishers: number;
  readonly maxSubscribers: number;
  /** Participants, as far as known: a dead one is listed until somebody has found it. */
  readonly publishers: readonly Peer[];
  readonly subscribers: readonly SubscriberStats[];
  /** Lanes that are in use or were. */
  readonly lanes: readonly TopicLaneStats[];
}

/** Reads everything that people ask for. Costs some microseconds a lane and a participant. */
export function topicStats(channel: Channel): TopicStats {
  const { segment, layout } = channel;
  const { producers, consumers } = peersOf(channel);
  const lanes = channel.lanes();
  return {
    name: segment.name,
    creationId: segment.header.creationId,
    laneBytes: layout.laneBytes,
    maxPublishers: layout.lanes,
    maxSubscribers: layout.consumers,
    publishers: producers,
    subscribers: consumers.map((peer) => subscriberStats(channel, lanes, peer)),
    lanes: lanes.map((lane) => laneStats(channel, lane)),
  };
}

function subscriberStats({ words, layout }: Channel, lanes: Lane[], { slot, label, pid }: Peer): SubscriberStats {
  let onSlow: SubscriberStats['onSlow'] = 'block';
  let behindBytes = 0;
  for (const lane of lanes) {
    const row = lane.row(slot);
    const policy = words[row + CURSOR_POLICY_WORD];
    if (policy === CURSOR_POLICY.drop) onSlow = 'drop';
    else if (policy === CURSOR_POLICY.disconnect) onSlow = 'disconnect';
    const gates = (words[row + CURSOR_POSITION] & 7) === 0;
    const behind = (lane.position - words[row + (gates ? CURSOR_POSITION : CURSOR_SEEN)]) | 0;
    behindBytes = Math.max(behindBytes, behind < 0 ? layout.laneBytes : Math.min(behind, layout.laneBytes));
  }
  return { slot, label, pid, onSlow, behindBytes };
}

function laneStats(channel: Channel, lane: Lane): TopicLaneStats {
  const counters = lane.counters();
  const held = lane.heldBytes(lane.position);
  return {
    lane: lane.index,
    label: lane.label,
    state: laneState(lane),
    publisher: producerOf(channel, lane),
    publishedMessages: counters.messages,
    publishedBytes: counters.bytes,
    waitsForRoom: counters.waits,
    // A cursor that has moved on meanwhile looks like one that is far behind.
    heldBytes: held < lane.capacity ? held : lane.heldBytes(lane.position),
  };
}
