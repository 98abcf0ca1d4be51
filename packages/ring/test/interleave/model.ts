import type { ModelObject } from './model-segment.js';
import type { Modules } from './modules.js';
import type { Outcome } from './scenario.js';
import type { Scheduler } from './scheduler.js';
import type { Shared } from './shared.js';

/** What is looked at when a run is over. */
export interface Aftermath<W> {
  readonly modules: Modules;
  /** Somebody who comes when all others are gone. */
  readonly newcomer: () => W;
}

/** One kind of thing that processes share: how it is made, how a participant sees it, and what must hold after every run. */
export interface Model<W, G> {
  /** The modelled object, and the bytes of its regions. */
  object(modules: Modules, geometry: G | undefined): { readonly object: ModelObject; readonly regions: number[] };
  /** One participant's view, made anew for each run. */
  world(modules: Modules, scheduler: Scheduler, shared: Shared, object: ModelObject): W;
  /** Uses it as a newcomer does, and returns what is there; throws where it is not as good as new. */
  left(aftermath: Aftermath<W>): Outcome['left'];
  /** What is wrong, or undefined. */
  verdict(outcome: Outcome): string | undefined;
}
