import { RingwayError } from '@ringway/memory';
import { leaving } from '@ringway/sync';
import type { Channel } from './channel.js';
import { monotonicMs } from './clock.js';
import { CORRUPT, Cursor, FOUND, LAPPED, NOTHING, OUT_OF_USE, RENEWED } from './cursor.js';
import { CursorRows } from './cursor-rows.js';
import { frameType, isSkipped } from './frame.js';
import type { Lane } from './lane.js';
import { LANE_STATE } from './layout.js';
import { joinAsConsumer } from './membership.js';
import type { Recovery } from './recovery.js';

/** Frames that are passed over in a row before {@link SubscriberCore.next} gives the event loop a turn. */
const MOST_PASSED = 1024;
/** So often lapped before the event loop has a turn: to find where to go on takes up to 0.4 ms among a stranger's words, and no correct publisher laps a reader often in one look. */
export const MOST_LAPS = 8;
/** Messages of one lane in a row before the next lane has its turn. */
const LANE_TURN = 256;
/** Who never parks looks for the dead after so many calls, if so many milliseconds have passed. */
const LOOKS_PER_CLOCK = 1024;
const SWEEP_MS = 100;
/** Of a lane: something was passed over. */
const LOOK_AGAIN = 2;

/** What a subscriber core tells. */
export interface SubscriberEvents {
  /** Messages of a lane were overwritten before they were read. */
  missed(count: number, lane: Lane): void;
  /** A lane was taken out of use. */
  corrupt(error: RingwayError): void;
  /** This subscriber was disconnected, and is closed. */
  evicted(error: RingwayError): void;
}

/**
 * One subscriber slot at work: a cursor in every lane, which it reads in turn. Knows nothing of values, promises or iterators; those are Subscriber's.
 */
export class SubscriberCore {
  readonly slot: number;
  readonly #channel: Channel;
  readonly #recovery: Recovery;
  readonly #events: SubscriberEvents;
  readonly #cursors: Cursor[];
  #lane = 0;
  #inTurn = LANE_TURN;
  #endedEarly = false;
  #laps = 0;
  #looks = LOOKS_PER_CLOCK;
  #swept = monotonicMs();
  #endings: number;
  #state: 'open' | 'closed' | 'evicted' = 'open';

  /**
   * Joins. From here it gets, or is told that it missed, every message that is published. Throws `ERR_RINGWAY_TOO_MANY_CONSUMERS`, `ERR_RINGWAY_UNLINKED`, `ERR_RINGWAY_BUSY`.
   *
   * @param policy - one of CURSOR_POLICY
   * @param history - how many of each lane's last messages to begin with
   */
  constructor(
    channel: Channel,
    recovery: Recovery,
    label: string,
    policy: number,
    history: number,
    events: SubscriberEvents,
  ) {
    const { rows, slots, words, doorbells, layout, segment } = channel;
    if (!(rows instanceof CursorRows)) throw new TypeError('a subscriber needs the channel of a topic');
    this.#channel = channel;
    this.#recovery = recovery;
    this.#events = events;
    channel.roster.refresh();
    recovery.sweep(undefined);
    this.slot = joinAsConsumer(channel, recovery, label).slot;
    const me = slots.owner(this.slot);
    try {
      // Also those that nobody has taken yet: what will be published there counts from the first frame on.
      this.#cursors = Array.from({ length: layout.lanes }, (_, index) => {
        const lane = channel.lane(index);
        return new Cursor(lane, words, doorbells, rows.anchors(lane), lane.row(this.slot), me, policy);
      });
      for (const cursor of this.#cursors) cursor.announce(history);
      segment.fence();
      for (const cursor of this.#cursors) cursor.join();
      // Before the lanes are looked at: who ends in between is seen to have ended, once or twice.
      const { endings } = channel;
      const unseen = this.#cursors.some(({ lane, atEnd }) => lane.state === LANE_STATE.ended && !atEnd);
      this.#endings = endings - (unseen ? 1 : 0);
      segment.inspect();
    } catch (error) {
      leaving(segment, () => {
        recovery.finish(this.slot);
      });
      throw error;
    }
  }

  get closed(): boolean {
    return this.#state !== 'open';
  }

  /** How often what it had found was overwritten. */
  get laps(): number {
    return this.#laps;
  }

  /** Whether it was closed because it was slow, see `onSlow`. */
  get evicted(): boolean {
    return this.#state === 'evicted';
  }

  /** Whether the last {@link SubscriberCore.next} found nothing before it had looked everywhere. */
  get endedEarly(): boolean {
    return this.#endedEarly;
  }

  /**
   * A cursor at a frame with a message; undefined if there is none. It is to be copied, judged ({@link Cursor.isIntact}; if not: {@link SubscriberCore.lapped}), passed
   * ({@link Cursor.advance}) and let go ({@link Cursor.release}). Throws `ERR_RINGWAY_SEGMENT_TRUNCATED`, `ERR_RINGWAY_SLOW_SUBSCRIBER`.
   */
  next(): Cursor | undefined {
    const cursor = this.#next();
    // After the look: what was found, or that there is nothing, is no news where memory was missing.
    this.#channel.segment.assertIntact();
    return cursor;
  }

  /** The same lane's next message, for who goes on with it; undefined if there is none, or something else is to be done first. */
  nextOf(cursor: Cursor): boolean {
    for (let passed = 0; passed < MOST_PASSED && cursor.find() === FOUND; passed++) {
      if (!isSkipped(frameType(cursor.tag))) return true;
      if (!cursor.isIntact()) return false;
      cursor.advance();
    }
    return false;
  }

  /** The next call of {@link SubscriberCore.next} begins with another lane. */
  turnToNextLane(): void {
    this.#lane++;
    this.#inTurn = LANE_TURN;
  }

  /** What a cursor had found was overwritten: goes on further on. Throws `ERR_RINGWAY_SLOW_SUBSCRIBER` where that is the end. */
  lapped(cursor: Cursor): void {
    if (cursor.evicted) throw this.#evict(cursor);
    this.#laps++;
    const missed = cursor.skip();
    if (missed > 0) this.#events.missed(missed, cursor.lane);
  }

  /** Now and then: who does not read learns of an eviction here. */
  lookForEviction(): void {
    const evicted = this.closed ? undefined : this.#cursors.find((cursor) => cursor.evicted);
    if (evicted !== undefined) this.#evict(evicted);
  }

  /** What the message at a cursor refers to was removed, before it was read, as if it had been overwritten. */
  missedOne({ lane, counts }: Cursor): void {
    if (counts) this.#events.missed(1, lane);
  }

  /** What stands at a cursor is no frame, or not what it says. */
  corrupt({ lane }: Cursor): void {
    // Zeros where an object was cut are no frames either.
    lane.segment.inspect();
    lane.quarantine();
  }

  /** Looks for the dead; the roster was just refreshed. */
  lookForDead(): void {
    this.#swept = monotonicMs();
    this.#recovery.sweep(undefined);
  }

  /** Who never waits, and so never parks, looks for the dead all the same. */
  lookForDeadIfDue(): void {
    this.#looks = LOOKS_PER_CLOCK;
    if (monotonicMs() - this.#swept < SWEEP_MS) return;
    this.#channel.roster.refresh();
    this.lookForDead();
  }

  /** Whether a stream has ended since this subscriber came, or since it last told so: some publisher has ended, none is left, everything was read. */
  hasEnded(): boolean {
    if (this.#channel.endings === this.#endings || this.#channel.hasOpenLane()) return false;
    if (!this.#cursors.every(({ atEnd, lane }) => atEnd || lane.quarantined)) return false;
    // Zeros look like an end, too.
    this.#channel.segment.inspect();
    return true;
  }

  /** The end was told; the next one counts anew. */
  endSeen(): void {
    this.#endings = this.#channel.endings;
  }

  /** Leaves. After this nothing here touches shared memory any more. */
  close(): void {
    if (this.#state === 'open') this.#leave('closed');
  }

  #next(): Cursor | undefined {
    if (--this.#looks < 0) this.lookForDeadIfDue();
    this.#endedEarly = false;
    let passed = 0;
    const laps = this.#laps;
    // Read before the lanes are looked at, and again when none had anything: a lane that is taken meanwhile is not missed before a sleep.
    let high = this.#channel.lanesHigh;
    for (let tried = 0; tried < high;) {
      if (this.#lane >= high) this.#lane = 0;
      const cursor = this.#cursors[this.#lane];
      const found = this.#inTurn > 0 ? this.#findMessage(cursor) : NOTHING;
      if (found === FOUND) {
        this.#inTurn--;
        return cursor;
      }
      if (found !== NOTHING && (++passed === MOST_PASSED || this.#laps - laps >= MOST_LAPS)) {
        this.#endedEarly = true;
        return undefined;
      }
      if (found !== NOTHING) continue;
      // Its turn was over, not what it has: it is not among those that were found empty.
      tried = this.#inTurn > 0 ? tried + 1 : 0;
      this.turnToNextLane();
      if (tried === high) high = this.#channel.lanesHigh;
    }
    return undefined;
  }

  /** {@link FOUND}, {@link NOTHING}, or anything else: look again. */
  #findMessage(cursor: Cursor): number {
    const found = cursor.find();
    if (found === FOUND) {
      if (!isSkipped(frameType(cursor.tag))) return FOUND;
      // What was overwritten may look like a frame that is passed over.
      if (cursor.isIntact()) {
        cursor.advance();
        cursor.release();
      } else this.lapped(cursor);
      return LOOK_AGAIN;
    }
    if (found === LAPPED) this.lapped(cursor);
    else if (found === CORRUPT) this.corrupt(cursor);
    else if (found === OUT_OF_USE) this.#events.corrupt(corruptError(cursor.lane));
    else if (found === RENEWED) this.#joinAgain(cursor);
    return found;
  }

  /** From where the lane was renewed: its publisher did not wait until this subscriber has seen it. */
  #joinAgain(cursor: Cursor): void {
    this.#laps++;
    cursor.announce(Infinity);
    this.#channel.segment.fence();
    cursor.join();
  }

  #evict(cursor: Cursor): RingwayError {
    const error = slowError(cursor.label);
    this.#leave('evicted');
    this.#events.evicted(error);
    return error;
  }

  #leave(state: 'closed' | 'evicted'): void {
    this.#state = state;
    leaving(this.#channel.segment, () => {
      this.#channel.doorbells.withdraw(this.slot);
      this.#recovery.finish(this.slot);
      // What it held up may go on.
      for (const lane of this.#channel.lanes()) lane.acknowledged();
    });
  }
}

/** For a subscriber that was disconnected. */
export function slowError(publisher: string): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_SLOW_SUBSCRIBER',
    `this subscriber was a whole lane behind publisher ${JSON.stringify(publisher)}, and was disconnected (onSlow: 'disconnect'). Subscribe again, with history to get ` +
      "what is still there; or with onSlow: 'drop' or 'block'",
  );
}

function corruptError(lane: Lane): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_CORRUPT_LANE',
    `lane ${lane.index} (label ${JSON.stringify(lane.label)}) holds bytes that no correct publisher writes: something else wrote there. It is ` +
      'out of use, and what it held is lost; its publisher is told and takes another lane; the other lanes go on',
  );
}
