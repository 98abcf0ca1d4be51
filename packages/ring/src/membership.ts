import { RingwayError } from '@ringway/memory';
import { SLOT_STATE, joinLinked, takeSlot } from '@ringway/sync';
import type { Channel } from './channel.js';
import type { Lane } from './lane.js';
import type { LaneWriter } from './lane-writer.js';
import { LANE_STATE } from './layout.js';
import { ROLE, type Recovery } from './recovery.js';

/** A consumer's place: its slot, which is also its row, and the claims that an earlier owner of the slot left there. */
export interface ConsumerPlace {
  readonly slot: number;
  readonly inherited: Lane[];
}

/** Joins as a consumer. Throws `ERR_RINGWAY_TOO_MANY_CONSUMERS`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`. */
export function joinAsConsumer(channel: Channel, recovery: Recovery, label: string): ConsumerPlace {
  const { slots, layout, doorbells } = channel;
  const place = joinLinked(channel.segment, channel.terms.segment, () => {
    const slot = takeSlot(channel.segment, slots, 0, layout.consumers);
    if (slot === undefined) return undefined;
    let inherited: Lane[] = [];
    if (slots.state(slot) !== SLOT_STATE.free) {
      // A dead one's: I join in his place, and his rows are mine to work. His leases were repaired, so his generation may end.
      inherited = recovery.settleConsumer(slot);
      slots.raise(slot);
    }
    // Before anything else: a row that is left over, with a newcomer that dies, would be a claim that nobody made (`slot-reuse.pml`).
    recovery.clearRows(slot, inherited);
    channel.raiseConsumersHigh(slot);
    doorbells.enroll(slot);
    slots.occupy(slot, label, ROLE.consumer);
    return { slot, inherited };
  });
  if (place === undefined) {
    const { segment, consumers, maxConsumers } = channel.terms;
    throw new RingwayError(
      'ERR_RINGWAY_TOO_MANY_CONSUMERS',
      `${segment} ${JSON.stringify(channel.segment.name)} has ${layout.consumers} ${consumers} already, as many as ${maxConsumers} allows, counting those that ` +
        `left a claim which somebody still works; close one, or create the ${segment} with more`,
    );
  }
  // Who had this slot before may have died between his last acknowledgement and waking those who wait for it.
  for (const lane of channel.lanes()) lane.acknowledged();
  // Those who sleep look at the table again: they watch the locks of those whom they know.
  doorbells.ringAll();
  return place;
}

/** Joins as a producer; the lane comes after ({@link takeLane}). Throws `ERR_RINGWAY_TOO_MANY_PRODUCERS`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`. */
export function joinAsProducer(channel: Channel, recovery: Recovery, label: string): number {
  const { slots, layout } = channel;
  const slot = joinLinked(channel.segment, channel.terms.segment, () => {
    const taken = takeSlot(channel.segment, slots, layout.consumers, layout.slotCount);
    if (taken === undefined) return undefined;
    if (slots.state(taken) !== SLOT_STATE.free) {
      recovery.settleProducer(taken);
      slots.raise(taken);
    }
    slots.occupy(taken, label, ROLE.producer);
    return taken;
  });
  if (slot === undefined) throw tooManyProducers(channel);
  channel.doorbells.ringAll();
  return slot;
}

/**
 * Takes a lane for a producer: first one that a dead producer with the same label left (its order goes on), then a free one, then any whose
 * owner is past and whose frames are all acknowledged. Opens it. Throws `ERR_RINGWAY_TOO_MANY_PRODUCERS`, `ERR_RINGWAY_NO_SPACE`.
 *
 * @param me - owner word of the producer's slot
 * @returns the lane and its epoch
 */
export function takeLane(channel: Channel, me: number, label: string, priority = 0): { lane: Lane; epoch: number } {
  const own = label === '' ? undefined : channel.lanes().find((lane) => isLeftBy(lane, label) && lane.seize(me));
  const isFree = (lane: Lane): boolean => lane.state === LANE_STATE.free;
  const isDrained = (lane: Lane): boolean => lane.isDrained();
  // Where lanes keep their memory when they are left, the first one that was left serves before another one is committed.
  const wanted = channel.rows.retained ? [isLeft, isFree] : [isFree, isDrained];
  const taken = own ?? seizeFirst(channel, me, wanted[0]) ?? seizeFirst(channel, me, wanted[1]);
  if (taken === undefined) throw tooManyProducers(channel);
  channel.raiseLanesHigh(taken.index);
  try {
    // A lane is free before it is punched (Lane.giveBack), so in any other state its memory is there. Never where frames stand: a reservation that fails gives
    // back the whole range.
    if (taken.state === LANE_STATE.free) taken.commit();
  } catch (error) {
    taken.disown(me);
    throw error;
  }
  const epoch = openLane(taken, label, priority);
  if (priority !== 0) channel.announcePriorities();
  return { lane: taken, epoch };
}

/**
 * For a producer whose lane is out of use where there is no other: forgets what is in it, and opens it again. Undefined while a consumer is still at work
 * on a claim in it.
 */
export function renewLane(lane: Lane, label: string, priority: number): { lane: Lane; epoch: number } | undefined {
  return lane.reset() ? { lane, epoch: openLane(lane, label, priority) } : undefined;
}

function openLane(lane: Lane, label: string, priority: number): number {
  const epoch = lane.beginEpoch();
  lane.label = label;
  lane.priority = priority;
  lane.setState(LANE_STATE.open);
  return epoch;
}

/** Where a producer stops without an end: drained lanes give their memory back, others wait for their readers. */
export function leaveLane(writer: LaneWriter, me: number, state: number): void {
  const { lane } = writer;
  lane.setState(state);
  if (lane.retained || !lane.giveBack(me)) lane.disown(me);
}

/**
 * Gives back the memory of lanes whose producers are gone and whose frames are all acknowledged: for a consumer that has nothing else to do. It becomes the
 * owner for that, so that no producer takes the lane meanwhile; if it dies at it, the next one does it again.
 */
export function reclaimLanes(channel: Channel, me: number): void {
  for (const lane of channel.lanes()) {
    const state = lane.state;
    if (state !== LANE_STATE.ended && state !== LANE_STATE.abandoned) continue;
    if (!lane.isDrained() || !lane.seize(me)) continue;
    // Somebody is at it after all, or the system refuses: it stays as it is, owned by nobody.
    let given = false;
    try {
      given = lane.giveBack(me);
    } finally {
      if (!given) lane.disown(me);
    }
  }
}

function isLeftBy(lane: Lane, label: string): boolean {
  const state = lane.state;
  return state !== LANE_STATE.free && state !== LANE_STATE.ended && lane.label === label && !lane.quarantined;
}

function isLeft(lane: Lane): boolean {
  return lane.state !== LANE_STATE.free && lane.isDrained();
}

function seizeFirst(channel: Channel, me: number, wanted: (lane: Lane) => boolean): Lane | undefined {
  for (let index = 0; index < channel.layout.lanes; index++) {
    const lane = channel.lane(index);
    if (!wanted(lane) || !lane.seize(me)) continue;
    if (!lane.quarantined) return lane;
    // Out of use until what is in it is forgotten; that frees it for the next round.
    if (lane.giveBack(me) && lane.seize(me)) return lane;
    lane.disown(me);
  }
  return undefined;
}

function tooManyProducers(channel: Channel): RingwayError {
  const { segment, producers, maxProducers } = channel.terms;
  return new RingwayError(
    'ERR_RINGWAY_TOO_MANY_PRODUCERS',
    `${segment} ${JSON.stringify(channel.segment.name)} has ${channel.layout.lanes} ${producers} already, as many as ${maxProducers} allows, or that many lanes whose ` +
      `messages are not yet acknowledged; close one, consume, or create the ${segment} with more`,
  );
}
