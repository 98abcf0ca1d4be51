import type { Attachments } from '@ringway/memory';
import { SPILL_NAMES } from './blackboard-layout.js';

/** Names are digits of this base: the longest has 5, 11 and 1 of them. */
const BASE = 36;

/** The name of a spilled value, behind the segment's name and creation id: `<key>.<version>.<which>`. The whole version, so that no later value has the same. */
function suffixOf(key: number, version: number, which: number): string {
  return `${key}.${version.toString(BASE)}.${which.toString(BASE)}`;
}

/**
 * A spilled value, or undefined if it is gone. It never changes under its name, which is derived and not read: no peer can make a reader open something else.
 *
 * @param which - which of the names of this version, below `SPILL_NAMES`
 * @param length - bytes that it has
 */
export function spilledValue(
  attachments: Attachments,
  key: number,
  version: number,
  which: number,
  length: number,
): Uint8Array | undefined {
  return attachments.read(suffixOf(key, version, which), length);
}

/** The objects of one key, for its writer. */
export class SpilledValues {
  readonly #attachments: Attachments;
  readonly #key: number;

  constructor(attachments: Attachments, key: number) {
    this.#attachments = attachments;
    this.#key = key;
  }

  /**
   * For who takes a key over: removes what lies around, for the last writer died before he had published it, or before he had removed it.
   *
   * @param published - version and name of the value that is published, if it is a spilled one: that stays
   */
  takeOver(published: { readonly version: number; readonly which: number } | undefined): void {
    const keep = published && suffixOf(this.#key, published.version, published.which);
    for (const suffix of this.#list()) if (suffix !== keep) this.#remove(suffix);
  }

  /**
   * Puts a value into an object of its own. Returns which of the version's names it has: there are several, for a dead writer of another user may have left one that this one cannot
   * remove. Throws `ERR_RINGWAY_NO_SPACE`, those of `node:fs`.
   */
  create(version: number, payload: Uint8Array): number {
    for (let which = 0; ; which++) {
      try {
        this.#attachments.create(suffixOf(this.#key, version, which), [payload]);
        return which;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || which === SPILL_NAMES - 1) throw error;
      }
    }
  }

  /** Removes one that nobody needs any more. */
  remove(version: number, which: number): void {
    this.#remove(suffixOf(this.#key, version, which));
  }

  /**
   * Housekeeping, on which nothing depends: what cannot be removed just now (a folder that is gone, another user's object) is left to the next writer of the key, or to who unlinks
   * the blackboard.
   */
  #remove(suffix: string): void {
    try {
      this.#attachments.remove(suffix);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    }
  }

  #list(): string[] {
    try {
      return this.#attachments.list(`${this.#key}.`);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === undefined) throw error;
      return [];
    }
  }
}
