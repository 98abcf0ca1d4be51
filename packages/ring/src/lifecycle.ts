import type { RingwayError } from '@ringway/memory';
import type { Peer } from '@ringway/sync';
import type { Channel } from './channel.js';
import type { DeadLetter } from './returns.js';
import { holders, type Holder } from './stats.js';

/** A message that has been unacknowledged for long: `held` is emitted once for each claim. */
export interface Held extends Holder {
  readonly lane: number;
}

/** Events of a queue: of its life, never messages. */
export interface QueueEvents {
  /**
   * A participant died (it did not leave): within 250 ms after the kernel has let its lock go, if anybody here waits.
   */
  'peer-lost': [peer: Peer];
  /** A consumer has kept messages unacknowledged for `heldWarningMs`. */
  held: [held: Held];
  /** The queue's name was removed: who has it open goes on, newcomers get another queue. */
  unlinked: [];
  /** A message is given to no consumer any more; it went to the dead letters, if the queue has any. Told by the handle that found out. */
  'dead-letter': [letter: DeadLetter];
  /**
   * A message could not be sent to the dead letters; it stays where it is, and is sent there again and again. Without a listener, a call that receives fails with it.
   */
  'dead-letter-failed': [error: unknown];
  /** A lane was taken out of use. With a listener, calls that receive do not fail for it. */
  'corrupt-lane': [error: RingwayError];
}

/** Emits one of a queue's events. */
export type Emit = <E extends keyof QueueEvents>(event: E, ...values: QueueEvents[E]) => void;

/** Sees when the name of a segment was removed. */
export class UnlinkWatch {
  /** Whose end was told. */
  #told: Channel | undefined;

  /** True once for each segment whose name is gone. */
  isNews(channel: Channel): boolean {
    if (this.#told === channel || channel.segment.isLinked()) return false;
    this.#told = channel;
    return true;
  }
}

/** Tells those events of a queue that nobody causes here and now: they are seen when somebody looks. */
export class LifecycleWatch {
  readonly #heldWarningMs: number;
  readonly #emit: Emit;
  readonly #warned = new Set<string>();
  readonly #unlinked = new UnlinkWatch();

  /** @param heldWarningMs - milliseconds after which a message counts as held */
  constructor(heldWarningMs: number, emit: Emit) {
    this.#heldWarningMs = heldWarningMs;
    this.#emit = emit;
  }

  /** Looks, and emits what is new. */
  look(channel: Channel): void {
    if (this.#unlinked.isNews(channel)) this.#emit('unlinked');
    for (const lane of channel.lanes()) {
      for (const holder of holders(channel, lane)) {
        const key = `${lane.index}/${holder.slot}`;
        if (holder.milliseconds < this.#heldWarningMs) this.#warned.delete(key);
        else if (!this.#warned.has(key)) {
          this.#warned.add(key);
          this.#emit('held', { lane: lane.index, ...holder });
        }
      }
    }
  }
}
