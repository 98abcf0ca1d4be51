import { Pending, type WaitOptions } from '@ringway/sync';
import type { Channel } from './channel.js';
import type { Recovery } from './recovery.js';

/** Who waits, by one handle, until everything is acknowledged. None of them needs a slot. */
export class Drains {
  /** With what ends each of them. */
  readonly #waits = new Map<Pending<void>, () => void>();

  /** Whether nobody waits. */
  get none(): boolean {
    return this.#waits.size === 0;
  }

  /** Throws `ERR_RINGWAY_SEGMENT_TRUNCATED`. Resolves when everything that was published, by anybody, is acknowledged. */
  wait(channel: Channel, recovery: Recovery, options: WaitOptions | undefined): Promise<void> {
    const { segment, words, drainDoorbell } = channel;
    if (channel.isDrained()) {
      segment.inspect();
      return Promise.resolve();
    }
    let cancel: (() => void) | undefined;
    const over = (): void => {
      if (!this.#waits.delete(pending)) return;
      cancel?.();
      if (!segment.closed) segment.releaseLoop();
    };
    const pending = new Pending<void>(options, 'the queue was not drained', over);
    const guarded = (): void => {
      try {
        look();
      } catch (error) {
        over();
        pending.reject(error);
      }
    };
    const look = (): void => {
      cancel = undefined;
      if (pending.settled || segment.closed) return;
      // Note, want, look, wait: in this order. Whoever acknowledges last stores first and looks for the wish after
      // (Channel.drained). If he dies between the two, his death is what wakes us.
      const noted = Atomics.load(words, drainDoorbell);
      channel.roster.refresh();
      recovery.sweep(undefined);
      channel.wantDrain();
      segment.fence();
      if (channel.isDrained()) {
        // Zeros look drained, too.
        segment.inspect();
        over();
        pending.resolve();
        return;
      }
      const locks = { start: 0, count: channel.layout.slotCount, held: channel.roster.held };
      const watch = segment.watch(words, drainDoorbell, noted, locks, guarded);
      cancel = () => {
        watch.cancel();
      };
    };
    this.#waits.set(pending, over);
    segment.holdLoop();
    guarded();
    return pending.promise;
  }

  /** Before the segment is closed, or when it has lost memory: rejects them. */
  fail(error: unknown): void {
    for (const [pending, over] of this.#waits) {
      over();
      pending.reject(error);
    }
  }
}
