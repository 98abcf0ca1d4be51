import { RingwayError } from '@ringway/memory';
import type { Attachment } from './attachment.js';
import type { Channel } from './channel.js';
import type { Drains } from './drains.js';
import type { Recovery } from './recovery.js';
import { isTruncation } from './truncated.js';

/** How often an open handle with participants looks whether its segment was unlinked, or something is held, in milliseconds. */
const HOUSEKEEPING_MS = 1000;

/** One who takes part in a segment: sends or receives. */
export interface Member {
  close(): void;
  /** The segment has lost memory: what waits rejects with this. */
  fail(error: unknown): void;
  /** Now and then. */
  housekeep?(): void;
}

/** Those who take part in one segment through one handle, and with them the handle's life. */
export class Participants {
  readonly #attachment: Attachment;
  readonly #drains: Drains;
  readonly #look: (channel: Channel) => void;
  readonly #members = new Set<Member>();
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** Why it was closed, if not by the user. */
  #failure: unknown;

  /** @param look - called now and then, while anybody takes part */
  constructor(attachment: Attachment, drains: Drains, look: (channel: Channel) => void) {
    this.#attachment = attachment;
    this.#drains = drains;
    this.#look = look;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Throws `ERR_RINGWAY_CLOSED`. */
  check(): void {
    if (this.#closed) throw this.#closedError();
  }

  /** Makes one; he says by {@link Participants.left} that he is gone. */
  join<P extends Member>(make: (channel: Channel, recovery: Recovery) => P): P {
    this.check();
    const member = this.#attachment.join(make, this.#members.size === 0 && this.#drains.none);
    this.#members.add(member);
    this.#timer ??= setInterval(this.#housekeep, HOUSEKEEPING_MS).unref();
    return member;
  }

  /** Leaving never fails: what the last one could not clean up is left as after a kill, and the reason kept. */
  left(member: Member): void {
    this.#members.delete(member);
    if (this.#closed || this.#members.size > 0) return;
    try {
      this.#attachment.cleanUp();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** Closes everybody, and lets the memory go. Immediate, idempotent, never throws. */
  close(): void {
    if (this.#closed) return;
    for (const member of this.#members) member.close();
    this.#closed = true;
    clearInterval(this.#timer);
    this.#drains.fail(this.#closedError());
    this.#attachment.channel.segment.close();
  }

  #closedError(): RingwayError {
    const cause = this.#failure === undefined ? undefined : { cause: this.#failure };
    const { segment } = this.#attachment.channel.terms;
    return new RingwayError('ERR_RINGWAY_CLOSED', `this ${segment} was closed: open it again`, cause);
  }

  readonly #housekeep = (): void => {
    try {
      this.#look(this.#attachment.channel);
      for (const member of this.#members) member.housekeep?.();
    } catch (error) {
      if (isTruncation(error)) {
        // Some who wait have not met it: they are told here. What is called from now on tells by itself.
        for (const member of this.#members) member.fail(error);
        this.#drains.fail(error);
        return;
      }
      // The descriptor was taken away, or the like: nothing here works any more, and the others count us as dead.
      this.#failure = error;
      this.close();
    }
  };
}
