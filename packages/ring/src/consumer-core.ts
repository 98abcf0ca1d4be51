import { RingwayError } from '@ringway/memory';
import { leaving } from '@ringway/sync';
import type { Channel } from './channel.js';
import { BLOCKED, CORRUPT, Claim, NOTHING } from './claim.js';
import { monotonicMs } from './clock.js';
import type { Lane } from './lane.js';
import { LaneOrder } from './lane-order.js';
import { LANE_STATE } from './layout.js';
import { joinAsConsumer, reclaimLanes } from './membership.js';
import type { Adopter, Recovery } from './recovery.js';

/**
 * Who is never idle looks at the clock after so many calls that found something, or so many times as many that found nothing, and for the dead when this many
 * milliseconds have passed.
 */
const FINDS_PER_CLOCK = 8;
const LOOKS_PER_FIND = 128;
const SWEEP_MS = 100;

/** Claims of a dead consumer that this one works as its own: his slot's lock is held until they are empty. */
interface Adoption {
  readonly slot: number;
  readonly claims: Claim[];
}

/**
 * One consumer slot at work: finds the next frames, in its own claims and in those of the dead, in all lanes in turn. Knows nothing of values,
 * promises or iterators; those are Consumer's.
 */
export class ConsumerCore implements Adopter {
  readonly slot: number;
  readonly #channel: Channel;
  readonly #recovery: Recovery;
  readonly #me: number;
  #capacity: number;
  readonly #corrupt: (error: RingwayError) => void;
  readonly #claims: (Claim | undefined)[];
  /** Own claims that an earlier owner of the slot left. */
  readonly #inherited: Claim[] = [];
  readonly #adoptions: Adoption[] = [];
  readonly #order: LaneOrder;
  #lane = 0;
  #lanesHigh = 0;
  #blocked = false;
  #looks = FINDS_PER_CLOCK * LOOKS_PER_FIND;
  #now = monotonicMs();
  #endings: number;
  #heldUp: (claim: Claim) => boolean = () => false;
  #closed = false;

  /**
   * Joins. Throws `ERR_RINGWAY_TOO_MANY_CONSUMERS`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`.
   *
   * @param prefetch - most frames of a claim
   * @param corrupt - told of each lane that is taken out of use
   */
  constructor(
    channel: Channel,
    recovery: Recovery,
    label: string,
    prefetch: number,
    corrupt: (error: RingwayError) => void,
  ) {
    this.#channel = channel;
    this.#recovery = recovery;
    this.#corrupt = corrupt;
    this.#capacity = capacityFor(prefetch);
    this.#order = new LaneOrder(channel);
    this.#claims = new Array<Claim | undefined>(channel.layout.lanes).fill(undefined);
    const { slot, inherited } = joinAsConsumer(channel, recovery, label);
    this.slot = slot;
    this.#me = channel.slots.owner(slot);
    for (const lane of inherited) {
      const claim = this.#claim(lane);
      if (claim.adopt()) this.#inherited.push(claim);
    }
    // What has no owner is adopted first (Q8), and an end that is still to be seen counts.
    channel.roster.refresh();
    this.lookForDead();
    // Read before the lanes are looked at: who ends in between is seen to have ended, once or twice.
    const { endings } = channel;
    const unseen = channel.lanes().some((lane) => lane.state === LANE_STATE.ended && !lane.isDrained());
    this.#endings = endings - (unseen ? 1 : 0);
  }

  /** What is to be done where messages that are not due keep a claim from going on; true if it can now. */
  onHeldUp(makeWay: (claim: Claim) => boolean): void {
    this.#heldUp = makeWay;
  }

  /** Whether {@link ConsumerCore.close} was called. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * A claim with frames that wait for delivery, or undefined. Claims up to `limit` frames if it has none; what the dead left comes first (Q4). Throws
   * `ERR_RINGWAY_SEGMENT_TRUNCATED`.
   */
  next(limit: number): Claim | undefined {
    const claim = this.#next(limit);
    // After the look: what was found, or that there is nothing, is no news where memory was missing.
    this.#channel.segment.assertIntact();
    return claim;
  }

  #next(limit: number): Claim | undefined {
    if (--this.#looks < 0) this.lookForDeadIfDue();
    if (this.#inherited.length > 0 || this.#adoptions.length > 0) {
      const adopted = this.#nextAdopted();
      if (adopted !== undefined) return adopted;
    }
    this.#blocked = false;
    if (this.#channel.hasPriorities) return this.#nextByPriority(limit);
    // Looked up again when all known lanes were found empty: before a park that is after the bit was set, so that no new lane is missed.
    let high = this.#lanesHigh;
    for (let tried = 0; ; tried++) {
      if (tried >= high) {
        high = this.#channel.lanesHigh;
        if (high === this.#lanesHigh) return undefined;
        this.#lanesHigh = high;
        tried = 0;
      }
      if (this.#lane >= high) this.#lane = 0;
      const claim = this.#nextIn(this.#lane, limit);
      if (claim !== undefined) return claim;
      this.#lane++;
    }
  }

  /** All lanes that there are now: before a park that is after the bit was set, so that no new lane is missed. */
  #nextByPriority(limit: number): Claim | undefined {
    for (const lane of this.#order.next()) {
      const claim = this.#nextIn(lane, limit);
      if (claim === undefined) continue;
      this.#lane = lane;
      return claim;
    }
    return undefined;
  }

  /** What there is in one lane. */
  #nextIn(lane: number, limit: number): Claim | undefined {
    const claim = (this.#claims[lane] ??= this.#claim(this.#channel.lane(lane)));
    if (claim.waiting > 0) return this.#found(claim);
    if (claim.unnoted) {
      this.#note(claim);
      // All that it could note is in somebody's hands.
      this.#blocked ||= claim.waiting === 0;
    } else {
      const taken = claim.take(this.#me, limit, this.#now);
      if (taken === CORRUPT) this.#quarantine(claim);
      else if (taken === BLOCKED) this.#blocked ||= !this.#takeBehind(claim, limit);
    }
    return claim.waiting > 0 ? this.#found(claim) : undefined;
  }

  /**
   * Whether the last {@link ConsumerCore.next} found frames that this consumer cannot take, because its own claim is in the way: a ring that it was given for
   * them is somebody else's.
   */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** The next call of {@link ConsumerCore.next} begins with another lane: after a batch, so that none starves. */
  turnToNextLane(): void {
    if (this.#channel.hasPriorities) this.#order.taken(this.#lane);
    this.#lane++;
  }

  /** After acknowledgements: an adopted slot whose claims are empty is freed. */
  settle(): void {
    if (this.#adoptions.length === 0 && this.#inherited.length === 0) return;
    for (let i = this.#inherited.length - 1; i >= 0; i--) if (!this.#inherited[i].active) this.#inherited.splice(i, 1);
    for (let i = this.#adoptions.length - 1; i >= 0; i--) {
      const { slot, claims } = this.#adoptions[i];
      if (claims.some((claim) => claim.active)) continue;
      this.#adoptions.splice(i, 1);
      this.#recovery.finish(slot);
    }
  }

  /** Looks for the dead; the roster was just refreshed. Also the time to look at the clock, and to give back memory that nobody needs. */
  lookForDead(): void {
    this.#now = monotonicMs();
    this.#recovery.sweep(this);
    reclaimLanes(this.#channel, this.#me);
  }

  /** The slot's lock is held: see Recovery. */
  adopt(slot: number, lanes: Lane[]): void {
    const claims: Claim[] = [];
    for (const lane of lanes) {
      const claim = this.#newClaim(lane, slot);
      if (claim.adopt()) claims.push(claim);
    }
    if (claims.length === 0) this.#recovery.finish(slot);
    else this.#adoptions.push({ slot, claims });
  }

  /** From here up to `frames` are claimed at a time. */
  makeRoom(frames: number): void {
    this.#capacity = Math.max(this.#capacity, capacityFor(frames));
    for (const claim of this.#claims) claim?.makeRoom(this.#capacity);
  }

  /** Whether a stream has ended since this consumer came, or since it last told so: some producer has ended, none is left, everything is acknowledged. */
  hasEnded(): boolean {
    if (this.#channel.endings === this.#endings || this.#channel.hasOpenLane() || !this.#channel.isDrained())
      return false;
    // Zeros look like an end, too.
    this.#channel.segment.inspect();
    return true;
  }

  /** Before a wait that ends may end: whoever acknowledges last rings. */
  wantEnd(): void {
    if (this.#channel.endings !== this.#endings) this.#channel.wantDrain();
  }

  /** The end was told; the next one counts anew. */
  endSeen(): void {
    this.#endings = this.#channel.endings;
  }

  /** Messages that this consumer has claimed and not yet acknowledged. */
  get outstanding(): boolean {
    return this.#claims.some((claim) => claim?.active === true) || this.#adoptions.length > 0;
  }

  /**
   * Leaves. With unacknowledged claims this is a handover (Q8): the rows stay as they are, the locks go, the others are rung and adopt them at once.
   * After this nothing here touches shared memory any more.
   */
  close(): void {
    if (this.#closed) return;
    const { slots, doorbells, segment } = this.#channel;
    const handover = this.outstanding;
    this.#closed = true;
    leaving(segment, () => {
      for (const { slot } of this.#adoptions) slots.unlock(slot);
    });
    leaving(segment, () => {
      if (this.#claims.some((claim) => claim?.active === true)) slots.handOver(this.slot);
      else this.#recovery.finish(this.slot);
      if (handover) doorbells.ringAll();
      else doorbells.ringOne();
    });
  }

  /** Who never waits, and so never parks, looks for the dead all the same. */
  lookForDeadIfDue(): void {
    this.#looks = FINDS_PER_CLOCK * LOOKS_PER_FIND;
    if (monotonicMs() - this.#now < SWEEP_MS) return;
    this.#channel.roster.refresh();
    this.lookForDead();
  }

  /** What stands in the way of a claim are messages that are not due: tries once more without them. */
  #takeBehind(claim: Claim, limit: number): boolean {
    if (!this.#makeWay(claim)) return false;
    const taken = claim.take(this.#me, limit, this.#now);
    if (taken === CORRUPT) this.#quarantine(claim);
    return taken > NOTHING;
  }

  #makeWay(claim: Claim): boolean {
    return claim.deferred > 0 && this.#heldUp(claim);
  }

  #found(claim: Claim): Claim {
    this.#looks -= LOOKS_PER_FIND;
    return claim;
  }

  #nextAdopted(): Claim | undefined {
    for (const claim of [...this.#inherited, ...this.#adoptions.flatMap(({ claims }) => claims)]) {
      if (claim.waiting === 0 && claim.unnoted) this.#note(claim);
      if (claim.waiting === 0 && claim.unnoted && this.#makeWay(claim)) this.#note(claim);
      if (claim.waiting > 0) return claim;
    }
    this.settle();
    return undefined;
  }

  #note(claim: Claim): void {
    if (!claim.note()) this.#quarantine(claim);
  }

  #quarantine(claim: Claim): void {
    const { lane } = claim;
    // Zeros where an object was cut are no frames either.
    lane.segment.inspect();
    lane.quarantine();
    claim.clear();
    this.#corrupt(
      new RingwayError(
        'ERR_RINGWAY_CORRUPT_LANE',
        `lane ${lane.index} (label ${JSON.stringify(lane.label)}) holds bytes that no correct producer writes: something else wrote there. It is ` +
          'out of use, and what it held is lost; its producer is told and takes another lane; the other lanes go on',
      ),
    );
  }

  #claim(lane: Lane): Claim {
    return (this.#claims[lane.index] ??= this.#newClaim(lane, this.slot));
  }

  #newClaim(lane: Lane, slot: number): Claim {
    return new Claim(lane, this.#channel.words, this.#channel.slots, this.#channel.doorbells, slot, this.#capacity);
  }
}

/** Twice as many as are claimed at a time, so that a claim can be extended while its first part is worked on. A power of two. */
function capacityFor(frames: number): number {
  return 2 ** Math.ceil(Math.log2(frames * 2));
}
