import type { ChildProcess } from 'node:child_process';
import type { CyclicSource } from './cyclic-source.js';
import type { SpeedFigures } from './figures.js';

/** The sending side of one system in the speed phase. It is ready for its receiver when it is made. */
export interface Sender {
  readonly system: SpeedFigures['system'];
  /** The receiver's program, beside this one. */
  readonly receiver: string;
  /**
   * Sends blocks `first` to `end` - 1; the receiver is up, and takes `end` as a milestone. Returns the milliseconds
   * from the first send to the last acknowledgement.
   */
  send(source: CyclicSource, first: number, end: number, signal: AbortSignal, receiver: ChildProcess): Promise<number>;
  /** Removes what was made for it, if anything was. */
  close?(): void;
}
