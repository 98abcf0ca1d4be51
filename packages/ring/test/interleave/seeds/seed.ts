import type { Patch } from '../../steps/tree.js';

/** A bug that is put into the compiled modules: the checker must find it. */
export interface Seed {
  readonly name: string;
  readonly patches: readonly Patch[];
  /** Where it shows. */
  readonly scenario: string;
  /** Whether it shows only where plain stores may be delayed. Default: the atomic form of every access is run. */
  readonly relaxed?: boolean;
}
