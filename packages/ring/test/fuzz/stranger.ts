// A process that takes no part in any queue, and writes where it should not, until it is told to stop.
import { Segment } from '@ringway/memory';

import { KIND_QUEUE } from '../../dist/layout.js';
import { Random } from '../chaos/random.js';
import { MemoryView } from './memory-view.js';
import { Mutator } from './mutator.js';

/** What the fuzzing process says. */
export type Command =
  | {
      readonly spoil: string;
      readonly how: 'scribble' | 'ring';
      readonly seed: number;
      readonly lanes: readonly number[];
    }
  | { readonly halt: true };

const BURST_MS = 2;

let segment: Segment | undefined;
let immediate: NodeJS.Immediate | undefined;
let written = 0;

process.on('message', (command: Command) => {
  if ('halt' in command) {
    clearImmediate(immediate);
    segment?.close();
    process.send?.({ halted: written });
    return;
  }
  const random = new Random(command.seed);
  segment = Segment.open(command.spoil, { kind: KIND_QUEUE });
  const view = new MemoryView(segment);
  const mutator = new Mutator(random, view, command.lanes, () => undefined);
  const once = {
    scribble: () => mutator.mutate(),
    ring: () => view.ring(random.between(0, view.layout.slotCount - 1)),
  }[command.how];
  written = 0;
  const burst = (): void => {
    for (const end = performance.now() + BURST_MS; performance.now() < end; written++) once();
    immediate = setImmediate(burst);
  };
  burst();
  process.send?.({ spoiling: true });
});
process.on('disconnect', () => process.exit());
