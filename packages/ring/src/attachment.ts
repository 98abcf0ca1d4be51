import { RingwayError, type SegmentHandle } from '@ringway/memory';
import type { Peer } from '@ringway/sync';
import { Channel } from './channel.js';
import { isDeserted, isEphemeral, unlinkIfDeserted } from './ephemeral.js';
import { Recovery } from './recovery.js';

/** How often the name may be gone again between opening and joining, before that is told. */
const MOST_REOPENINGS = 100;

/**
 * One handle's hold on the object of its queue; on another object of the same name where the first one was unlinked
 * before anybody joined.
 */
export class Attachment {
  readonly #reopen: (() => SegmentHandle) | undefined;
  readonly #lost: (peer: Peer) => void;
  #channel: Channel;
  #recovery: Recovery;

  /**
   * @param reopen - opens the name anew; undefined if there is no name
   * @param lost - told once of each peer that died
   */
  constructor(segment: SegmentHandle, reopen: (() => SegmentHandle) | undefined, lost: (peer: Peer) => void) {
    this.#reopen = reopen;
    this.#lost = lost;
    this.#channel = new Channel(segment);
    this.#recovery = new Recovery(this.#channel, lost);
  }

  get channel(): Channel {
    return this.#channel;
  }

  get recovery(): Recovery {
    return this.#recovery;
  }

  /**
   * Makes a participant. Where the queue was unlinked and `unused` says that nothing hangs on this object, the name is
   * opened anew: it is what the user asked for.
   */
  join<P>(make: (channel: Channel, recovery: Recovery) => P, unused: boolean): P {
    for (let tries = 0; ; tries++) {
      try {
        return make(this.#channel, this.#recovery);
      } catch (error) {
        const unlinked = error instanceof RingwayError && error.code === 'ERR_RINGWAY_UNLINKED';
        if (!unlinked || !unused || this.#reopen === undefined || tries === MOST_REOPENINGS) throw error;
        const channel = openChannel(this.#reopen());
        this.#channel.segment.close();
        this.#channel = channel;
        this.#recovery = new Recovery(this.#channel, this.#lost);
      }
    }
  }

  /** The last participant of this handle has left: if he was the last of all, what should go with him goes. */
  cleanUp(): void {
    const { segment, layout } = this.#channel;
    if (segment.closed) return;
    if (isEphemeral(segment)) unlinkIfDeserted(segment, layout.slotCount);
    // Whose name is gone is joined by nobody any more: what was spilled from it goes with its last participant.
    if (!segment.isLinked() && isDeserted(segment, layout.slotCount)) {
      for (const suffix of segment.attachments.list('')) segment.attachments.remove(suffix);
    }
  }
}

/** Throws `ERR_RINGWAY_CORRUPT_SEGMENT`, and leaves nothing open. */
function openChannel(segment: SegmentHandle): Channel {
  try {
    return new Channel(segment);
  } catch (error) {
    segment.close();
    throw error;
  }
}
