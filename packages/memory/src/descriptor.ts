import { closeSync, fstatSync } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import type { Native } from '@ringway/native';

import { RingwayError } from './errors.js';
import { PosixError } from './posix-error.js';

/** Which descriptor numbers of this environment belong to whom. */
const owners = new Map<number, Descriptor>();

/**
 * A descriptor of a segment's object together with the identity (device and inode) that it had when it was opened. Anybody in the
 * process may close a descriptor by its number, and the next `open` gets the same number: whatever would prove something through it
 * asks {@link Descriptor.stat} first.
 */
export class Descriptor {
  readonly #native: Native;
  readonly #fd: number;
  readonly #device: bigint;
  readonly #inode: bigint;
  #ours = true;
  #onLost: (() => void) | undefined;

  /**
   * Takes `fd` over, and has it closed in forked children.
   *
   * @param native - the addon
   * @param fd - an open descriptor
   */
  constructor(native: Native, fd: number) {
    const stats = fstatSync(fd, { bigint: true });
    this.#native = native;
    this.#fd = fd;
    this.#device = stats.dev;
    this.#inode = stats.ino;
    // Whoever had this number believes that it still has it: somebody closed it behind the owner's back. If the number leads to the
    // same object again, fstat could not tell.
    owners.get(fd)?.lose();
    const guarded = native.guardDescriptor(fd);
    if (guarded < 0) throw new PosixError(guarded, 'fstat');
    owners.set(fd, this);
  }

  /** The number, for one call: never keep it. */
  get fd(): number {
    return this.#fd;
  }

  /** Called once, when the descriptor turns out to be no longer ours. */
  onLost(listener: () => void): void {
    this.#onLost = listener;
  }

  /** What `fstat` says now. Throws `ERR_RINGWAY_DESCRIPTOR` when the number leads elsewhere or nowhere. About 2 us. */
  stat(): BigIntStats {
    const stats = this.#peek();
    if (stats === undefined) {
      this.lose();
      throw new RingwayError(
        'ERR_RINGWAY_DESCRIPTOR',
        `descriptor ${this.#fd} was closed or replaced by somebody else in this process. Close no descriptor by its number ` +
          'unless you opened it; open the segment again',
      );
    }
    return stats;
  }

  /** Whether the number still leads to the object. */
  isOurs(): boolean {
    return this.#peek() !== undefined;
  }

  /** Whether `stats` are of the object that was opened. */
  isSame(stats: BigIntStats): boolean {
    return stats.dev === this.#device && stats.ino === this.#inode;
  }

  /** Gives the number up without touching it: it is somebody else's. */
  lose(): void {
    if (!this.#ours) return;
    this.#release();
    this.#onLost?.();
  }

  /** Closes the descriptor if it is still ours. Idempotent, never throws. */
  close(): void {
    if (!this.#ours) return;
    const ours = this.isOurs();
    this.#release();
    if (!ours) return;
    try {
      closeSync(this.#fd);
    } catch {
      // Another thread closed it since the look, and a closed descriptor is what was wanted; Linux frees the number on every error.
    }
  }

  #peek(): BigIntStats | undefined {
    if (!this.#ours) return undefined;
    try {
      const stats = fstatSync(this.#fd, { bigint: true });
      return this.isSame(stats) ? stats : undefined;
    } catch {
      // EBADF, or a reason not to know: what cannot be shown to be ours is not.
      return undefined;
    }
  }

  #release(): void {
    this.#ours = false;
    if (owners.get(this.#fd) === this) {
      owners.delete(this.#fd);
      this.#native.unguardDescriptor(this.#fd);
    }
  }
}
