import type { Fate } from '../../steps/kill-at-step.js';
import type { Site } from '../../steps/instrument.js';
import { makeTree, type Patch, type Tree } from '../../steps/tree.js';
import { Point, type Outcome } from './point.js';
import { Spares, Victims } from './processes.js';
import type { RoleName } from './roles.js';
import { Stage } from './stage.js';

/** Points that are played at a time: most of each is waiting. */
const STAGES = 4;
/** Victims that are started ahead. */
const AHEAD = 3;
/** A role's steps vary with what the survivors do meanwhile: where each is to be met, it is over when so many points in a row lie beyond its end. */
const BEYOND = 3;

export interface EveryStepOptions {
  readonly roles: readonly RoleName[];
  readonly fate: Fate;
  /** Which steps: of `every` of them the one after `offset`, to the end of each role; or `only` one. */
  readonly steps: { readonly every: number; readonly offset: number } | { readonly only: number };
  /** Changes of the modules that the victims run. */
  readonly patches: readonly Patch[];
  readonly say: (line: string) => void;
}

export interface Totals {
  points: number;
  lost: number;
  invented: number;
  doubled: number;
  stalled: number;
  /** Whatever else went wrong: order, leftovers, processes that failed. */
  failures: number;
  /** Accesses to shared memory, as they stand in the modules, before which no process was killed or stopped. */
  unreached: Site[];
}

/** Whether nothing went wrong, and something was looked at. */
export function isGood({ points, lost, invented, doubled, stalled, failures }: Totals): boolean {
  return points > 0 && lost + invented + doubled + stalled + failures === 0;
}

/** Kills or stops a process at every step of every role. */
export async function runEveryStep(options: EveryStepOptions): Promise<Totals> {
  const totals: Totals = { points: 0, lost: 0, invented: 0, doubled: 0, stalled: 0, failures: 0, unreached: [] };
  const tree = makeTree(options.patches);
  const reached = new Set<number>();
  const spares = new Spares();
  const victims = new Victims(tree, AHEAD);
  const stages = Array.from(
    { length: STAGES },
    (_, stage) => new Stage(`steps-${process.pid}-${stage}`, spares, victims),
  );
  try {
    for (const role of options.roles) {
      await new RoleRun(role, options, tree, victims, totals, reached).play(stages);
    }
    totals.unreached = tree.sites.filter((_, site) => !reached.has(site));
    options.say(`before ${reached.size} of the ${tree.sites.length} accesses that stand in the code`);
  } finally {
    await Promise.all([victims, spares, ...stages].map((group) => group.dispose()));
    tree.remove();
  }
  return totals;
}

/** All points of one role. */
class RoleRun {
  readonly #role: RoleName;
  readonly #options: EveryStepOptions;
  readonly #tree: Tree;
  readonly #victims: Victims;
  readonly #totals: Totals;
  readonly #reached: Set<number>;
  #next = 1;
  #every = 1;
  #last = Infinity;
  #furthest = 0;
  #beyond: number[] = [];
  #points = 0;

  constructor(
    role: RoleName,
    options: EveryStepOptions,
    tree: Tree,
    victims: Victims,
    totals: Totals,
    reached: Set<number>,
  ) {
    this.#role = role;
    this.#options = options;
    this.#tree = tree;
    this.#victims = victims;
    this.#totals = totals;
    this.#reached = reached;
  }

  async play(stages: readonly Stage[]): Promise<void> {
    const began = performance.now();
    const whole = await new Point(stages[0], this.#victims, this.#options.fate).play(this.#role, 0);
    this.#judge(0, whole);
    this.#plan(whole.steps ?? 1);
    await Promise.all(stages.map((stage) => this.#playOn(stage)));
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    this.#options.say(`${this.#role}: ${whole.steps ?? 'unknown'} steps, ${this.#points} points, ${seconds} s`);
  }

  /** A role that is shorter than the stride has a point all the same; who leaves steps out need not look for the very last one. */
  #plan(length: number): void {
    const { steps } = this.#options;
    if ('only' in steps) this.#next = this.#last = steps.only;
    else {
      this.#every = steps.every;
      if (steps.every > 1) this.#last = length;
      this.#next = 1 + (steps.offset % Math.max(1, Math.min(steps.every, length)));
    }
  }

  async #playOn(stage: Stage): Promise<void> {
    const { fate } = this.#options;
    while (this.#next <= this.#last && this.#beyond.length < BEYOND) {
      const step = this.#next;
      this.#next += this.#every;
      const outcome = await new Point(stage, this.#victims, fate).play(this.#role, step);
      this.#judge(step, outcome);
    }
  }

  #judge(step: number, { place, verdict, stalls, failures }: Outcome): void {
    const totals = this.#totals;
    if (place === undefined) this.#beyond = [...this.#beyond, step].filter((at) => at > this.#furthest);
    else {
      this.#points++;
      totals.points++;
      if (place.site !== undefined) this.#reached.add(place.site);
      this.#furthest = Math.max(this.#furthest, step);
      this.#beyond = this.#beyond.filter((at) => at > step);
    }
    totals.lost += verdict.lost;
    totals.invented += verdict.invented;
    totals.doubled += verdict.doubled;
    totals.stalled += stalls.length;
    totals.failures += verdict.reordered + failures.length;
    const findings = [...verdict.findings, ...stalls, ...failures];
    if (findings.length === 0) return;
    const { say, fate } = this.#options;
    const site = place?.site === undefined ? undefined : this.#tree.sites[place.site];
    const where = site === undefined ? place?.call : `${site.file}:${site.line} ${site.text}`;
    say(`${this.#role}, step ${step}, ${where === undefined ? 'played to its end' : `${fate} before ${where}`}`);
    for (const finding of findings) say(`  ${finding}`);
    const stop = fate === 'SIGSTOP' ? ' --stop' : '';
    say(`  repeat: npm run chaos -- --every-step --role ${JSON.stringify(this.#role)} --step ${step}${stop}`);
  }
}
