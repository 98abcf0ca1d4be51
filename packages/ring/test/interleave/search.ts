import type { Explorer } from './explorer.js';
import { ACTION, BUFFERED, REGION, STEP, TRACE, type Action } from './shared.js';

/** A schedule under which something went wrong. */
export interface Violation {
  readonly plan: readonly Action[];
  readonly wrong: string;
}

export interface SearchResult {
  readonly schedules: number;
  /** Most steps of a run. */
  readonly longest: number;
  readonly violation: Violation | undefined;
}

/** How far to go: actions of a plan at most, in all and of a kind. */
export interface Budget {
  readonly actions: number;
  readonly deaths: number;
  readonly delays: boolean;
}

/** Who has accessed a location, and whether anybody has written there. */
interface Accesses {
  readers: number;
  writers: number;
}

/**
 * All schedules within a budget of preemptions, deaths and delayed stores (context bounding: Musuvathi and Qadeer, "Iterative context bounding for systematic testing of
 * multithreaded programs", PLDI 2007). A schedule is a plan: what departs from "go on until you block". Every run's trace says where the plan can be extended; each plan is run
 * once. Who goes on when somebody blocks is a choice, too, and costs nothing.
 *
 * What comes to the same is left out. Departures are made only before accesses to locations that several participants use and somebody writes: before any other the outcome
 * is that of departing at the next such one. (Which locations these are is learned from the runs; when a round has found a new one, it is made again.) A schedule in which
 * nothing that ran between the preemption and the return touches what was about to be accessed is not extended: the one that preempts a step later is. And who is
 * about to load might as well be killed before his next store.
 */
export class Search {
  readonly #explorer: Explorer;
  readonly #budget: Budget;
  readonly #accesses = new Map<number, Accesses>();
  /** Locations that are shared, as far as known. */
  #shared = 0;
  #schedules = 0;
  #longest = 0;
  #violation: Violation | undefined;

  constructor(explorer: Explorer, budget: Budget) {
    this.#explorer = explorer;
    this.#budget = budget;
  }

  run(): SearchResult {
    // Cheap rounds first: they find most of the shared locations, and the simplest violation.
    for (let actions = 0; actions <= this.#budget.actions; actions++) {
      while (this.#round(actions) === 'again');
      if (this.#isOver()) break;
    }
    return { schedules: this.#schedules, longest: this.#longest, violation: this.#violation };
  }

  #isOver(): boolean {
    return this.#violation !== undefined;
  }

  /** All schedules with so many departures. `again` if a shared location was found on the way. */
  #round(actions: number): 'again' | 'done' {
    const before = this.#shared;
    this.#schedules = 0;
    this.#extend([], actions);
    return this.#shared > before && !this.#isOver() ? 'again' : 'done';
  }

  #extend(plan: readonly Action[], budget: number): void {
    const run = this.#explorer.run(plan);
    this.#schedules++;
    this.#longest = Math.max(this.#longest, run.steps);
    if (run.wrong !== undefined) {
      this.#violation = { plan, wrong: run.wrong };
      return;
    }
    this.#learn(run.steps);
    if (this.#isMadeLater(plan, run.steps)) return;
    for (const action of this.#departures(plan, run.steps, budget)) {
      if (this.#isOver()) return;
      this.#extend([...plan, action.action], budget - action.cost);
    }
  }

  /** Whether preempting one step later comes to the same as the last action of this plan: the access that waited commutes with all that went before it. */
  #isMadeLater(plan: readonly Action[], steps: number): boolean {
    const last = plan.at(-1);
    if (last?.kind !== ACTION.preempt) return false;
    const { trace, scenario } = this.#explorer;
    const entry = last.step * TRACE.words;
    const kind = trace[entry + TRACE.kind];
    const mortal = scenario.programs[trace[entry + TRACE.who]].mortal === true;
    // Killed where it was stopped, it would not have made this access.
    if (mortal && plan.filter((action) => action.kind === ACTION.kill).length < this.#budget.deaths) return false;
    if (kind === STEP.block || kind === STEP.end || (trace[entry + TRACE.ready] & BUFFERED) !== 0) return false;
    const who = trace[entry + TRACE.who];
    const at = trace[entry + TRACE.location];
    for (let step = last.step + 1; step < steps; step++) {
      const other = step * TRACE.words;
      if (trace[other + TRACE.who] === who) return true;
      // Whoever comes to his end lets his locks go.
      if (kind === STEP.system && trace[other + TRACE.kind] === STEP.end) return false;
      const writes = kind !== STEP.load || trace[other + TRACE.kind] !== STEP.load;
      if (trace[other + TRACE.location] === at && writes) return false;
    }
    // It never went on.
    return false;
  }

  #learn(steps: number): void {
    const { trace } = this.#explorer;
    for (let step = 0; step < steps; step++) {
      const entry = step * TRACE.words;
      const kind = trace[entry + TRACE.kind];
      if (kind === STEP.block || kind === STEP.end) continue;
      const at = trace[entry + TRACE.location];
      const who = 1 << trace[entry + TRACE.who];
      let found = this.#accesses.get(at);
      if (found === undefined) this.#accesses.set(at, (found = { readers: 0, writers: 0 }));
      const before = isShared(found);
      if (kind === STEP.load) found.readers |= who;
      else found.writers |= who;
      if (!before && isShared(found)) this.#shared++;
    }
  }

  #departures(plan: readonly Action[], steps: number, budget: number): { action: Action; cost: number }[] {
    const { trace, scenario } = this.#explorer;
    const found: { action: Action; cost: number }[] = [];
    const deaths = plan.filter(({ kind }) => kind === ACTION.kill).length;
    const mayDie = budget > 0 && deaths < this.#budget.deaths;
    /** Who was preempted: he can be killed where he stands. */
    const preempted = new Set<number>();
    for (const { kind, step } of plan)
      if (kind === ACTION.preempt) preempted.add(trace[step * TRACE.words + TRACE.who]);
    for (let step = (plan.at(-1)?.step ?? -1) + 1; step < steps; step++) {
      const entry = step * TRACE.words;
      const who = trace[entry + TRACE.who];
      const kind = trace[entry + TRACE.kind];
      const ready = trace[entry + TRACE.ready];
      const free = kind === STEP.block || kind === STEP.end;
      if (!free) {
        if (budget === 0) continue;
        const accesses = this.#accesses.get(trace[entry + TRACE.location]);
        const matters = (ready & BUFFERED) !== 0 || (accesses !== undefined && isShared(accesses));
        if (!matters) continue;
      }
      const taken = step + 1 < steps ? trace[entry + TRACE.words + TRACE.who] : -1;
      for (let other = 0; other < scenario.programs.length; other++) {
        const isReady = (ready & (1 << other)) !== 0;
        if (isReady && other !== who && !(free && other === taken)) {
          found.push({ action: { step, kind: ACTION.preempt, who: other }, cost: free ? 0 : 1 });
        }
        if (!mayDie || scenario.programs[other].mortal !== true) continue;
        if (other === who ? kind !== STEP.end && kind !== STEP.load : preempted.has(other) && isReady) {
          found.push({ action: { step, kind: ACTION.kill, who: other }, cost: 1 });
        }
      }
      const plain = kind === STEP.store && Math.floor(trace[entry + TRACE.location] / 2 ** 20) < REGION.system;
      if (this.#budget.delays && plain) found.push({ action: { step, kind: ACTION.delay, who }, cost: 1 });
    }
    return found;
  }
}

function isShared({ readers, writers }: Accesses): boolean {
  const all = readers | writers;
  return writers !== 0 && (all & (all - 1)) !== 0;
}
