import { once } from 'node:events';
import { MessageChannel, Worker, receiveMessageOnPort, type MessagePort } from 'node:worker_threads';

import { STEPS } from '../steps/instrument.js';
import { makeTree, type Patch, type Tree } from '../steps/tree.js';
import type { ModelObject } from './model-segment.js';
import { loadModules, moduleUrls, type Modules } from './modules.js';
import type { AnyScenario, Happening, Outcome } from './scenario.js';
import { Scheduler } from './scheduler.js';
import {
  CONTROL,
  EXPLORER,
  LIMITS,
  LOG_WORDS,
  NEVER,
  PLAN_WORDS,
  STATUS,
  STOP,
  newShared,
  type Action,
  type Shared,
} from './shared.js';
import { tuning } from './tuning.js';

/** Slices of 100 ms that may pass after a death until somebody goes on: its lock is free at once, so 250 ms allow two. */
const MOST_SLICES = 2;

/** What a run came to. */
export interface Run {
  readonly steps: number;
  /** What is wrong, if anything is. */
  readonly wrong: string | undefined;
  readonly outcome: Outcome;
}

/**
 * Plays one scenario, run after run, each as its plan says: the participants are threads that execute the compiled modules, instrumented, on modelled shared memory. (Threads, not
 * generators: getters, constructors, callbacks and exceptions stay what they are.)
 */
export class Explorer {
  readonly tree: Tree;
  readonly scenario: AnyScenario;
  /** The trace of the last run: {@link TRACE} words a step. */
  readonly trace: Int32Array;
  readonly #shared: Shared;
  readonly #control: Int32Array;
  readonly #plan: Int32Array;
  readonly #log: Int32Array;
  readonly #scheduler: Scheduler;
  readonly #modules: Modules;
  readonly #object: ModelObject;
  readonly #threads: readonly Thread[];
  readonly #initial: readonly Uint8Array[];
  readonly #initialTables: readonly Int32Array[];
  readonly #before: readonly Happening[];
  #runs = 0;

  private constructor(
    tree: Tree,
    scenario: AnyScenario,
    modules: Modules,
    shared: Shared,
    object: ModelObject,
    threads: readonly Thread[],
    scheduler: Scheduler,
  ) {
    this.tree = tree;
    this.scenario = scenario;
    this.trace = new Int32Array(shared.trace);
    this.#modules = modules;
    this.#shared = shared;
    this.#object = object;
    this.#threads = threads;
    this.#scheduler = scheduler;
    this.#control = scheduler.control;
    this.#plan = new Int32Array(shared.plan);
    this.#log = new Int32Array(shared.log);
    this.#before = [];
    this.#control[CONTROL.linked] = 1;
    this.#control[CONTROL.participants] = scenario.programs.length;
    scenario.setup?.(this.#world());
    this.#before = this.#happenings();
    this.#letGo();
    this.#initial = shared.regions.map((region) => new Uint8Array(region).slice());
    this.#initialTables = [shared.attachments].map((table) => new Int32Array(table).slice());
  }

  /**
   * Starts the threads of a scenario.
   *
   * @param patches - changes of the modules: seeded bugs
   * @param strict - the atomic form of every access, as with `RINGWAY_STRICT_ORDER=1`
   */
  static async start(scenario: AnyScenario, patches: readonly Patch[], strict: boolean): Promise<Explorer> {
    if (strict) process.env.RINGWAY_STRICT_ORDER = '1';
    else delete process.env.RINGWAY_STRICT_ORDER;
    const tree = makeTree([...tuning, ...patches]);
    try {
      const modules = await loadModules((module) => tree.url(module));
      const { object, regions } = scenario.model.object(modules, scenario.geometry);
      const shared = newShared(regions);
      const scheduler = new Scheduler(shared, scenario.programs.length);
      Reflect.set(globalThis, STEPS, scheduler);
      const urls = moduleUrls((module) => tree.url(module));
      const threads = await Promise.all(
        scenario.programs.map(async (_, me) => {
          const { port1: errors, port2: port } = new MessageChannel();
          const worker = new Worker(new URL('participant.js', import.meta.url), {
            workerData: { scenario: scenario.name, me, shared, object, urls, port },
            transferList: [port],
          });
          await once(worker, 'message');
          return { worker, errors };
        }),
      );
      return new Explorer(tree, scenario, modules, shared, object, threads, scheduler);
    } catch (error) {
      tree.remove();
      throw error;
    }
  }

  /** One run. `telling`: values are noted in the trace, too. */
  run(plan: readonly Action[], telling = false): Run {
    const control = this.#control;
    Reflect.set(globalThis, STEPS, this.#scheduler);
    this.#reset(plan, telling);
    const count = this.scenario.programs.length;
    for (let who = 0; who < count; who++) this.#play(who);
    control[CONTROL.exploring] = 1;
    this.#play(0);
    const stopped = control[CONTROL.stop];
    const dead = this.scenario.programs.map((_, who) => control[CONTROL.status + who] === STATUS.dead);
    control[CONTROL.stop] = stopped === STOP.none ? STOP.over : stopped;
    for (let who = 0; who < count; who++) if (control[CONTROL.returned + who] === 0) this.#play(who);
    const steps = control[CONTROL.step];
    control[CONTROL.exploring] = 0;
    control[CONTROL.stop] = STOP.none;
    const log = this.#happenings();
    const linked = control[CONTROL.linked] !== 0;
    const broken = this.#thrown();
    if (broken === undefined && control[CONTROL.action] !== plan.length)
      throw new Error(`the plan goes on behind the end of the run: ${JSON.stringify(plan)}`);
    if (broken !== undefined) return { steps, wrong: `threw: ${broken}`, outcome: { log, left: [], dead, linked } };
    if (stopped === STOP.stalled)
      return { steps, wrong: 'everybody waits: a wake-up was lost', outcome: { log, left: [], dead, linked } };
    if (stopped === STOP.endless) return { steps, wrong: 'no end', outcome: { log, left: [], dead, linked } };
    this.#letGo();
    let wrong: string | undefined;
    let left: Outcome['left'] = [];
    try {
      this.#control[CONTROL.linked] = 1;
      left = this.scenario.model.left({ modules: this.#modules, newcomer: () => this.#world() });
      this.#letGo();
    } catch (error) {
      wrong = `it cannot be used afterwards: ${error instanceof Error ? String(error.stack) : String(error)}`;
    }
    const outcome = { log, left, dead, linked };
    wrong ??= this.scenario.model.verdict(outcome) ?? this.scenario.check?.(outcome);
    return { steps, wrong, outcome };
  }

  async close(): Promise<void> {
    this.#control[CONTROL.exit] = 1;
    this.scenario.programs.forEach((_, who) => {
      this.#scheduler.giveBaton(who);
    });
    await Promise.all(
      this.#threads.map(async ({ worker, errors }) => {
        errors.close();
        await worker.terminate();
      }),
    );
    this.tree.remove();
  }

  #world(): unknown {
    return this.scenario.model.world(this.#modules, this.#scheduler, this.#shared, this.#object);
  }

  /** Gives the baton to a participant, and waits until it comes back. */
  #play(who: number): void {
    this.#scheduler.giveBaton(who);
    const control = this.#control;
    while (Atomics.load(control, CONTROL.baton + EXPLORER) === 0) Atomics.wait(control, CONTROL.baton + EXPLORER, 0);
    Atomics.store(control, CONTROL.baton + EXPLORER, 0);
  }

  #reset(plan: readonly Action[], telling: boolean): void {
    const control = this.#control;
    const { regions, attachments } = this.#shared;
    regions.forEach((region, index) => {
      new Uint8Array(region).set(this.#initial[index]);
    });
    new Int32Array(attachments).set(this.#initialTables[0]);
    control.fill(0, 0, CONTROL.baton);
    control.fill(0, CONTROL.status, CONTROL.lock + LIMITS.locks);
    control[CONTROL.run] = ++this.#runs;
    control[CONTROL.linked] = 1;
    control[CONTROL.participants] = this.scenario.programs.length;
    control[CONTROL.mostSlices] = MOST_SLICES;
    control[CONTROL.telling] = telling ? 1 : 0;
    if (plan.length > LIMITS.actions) throw new Error('the plan is too long');
    plan.forEach(({ step, kind, who }, index) => {
      this.#plan[index * PLAN_WORDS] = step;
      this.#plan[index * PLAN_WORDS + 1] = kind;
      this.#plan[index * PLAN_WORDS + 2] = who;
    });
    this.#plan[plan.length * PLAN_WORDS] = NEVER;
    control[CONTROL.next] = this.#plan[0];
  }

  /** All locks are free: the participants are gone. */
  #letGo(): void {
    this.#control.fill(0, CONTROL.lock, CONTROL.lock + LIMITS.locks);
    this.#control[CONTROL.gate] = 0;
  }

  #happenings(): Happening[] {
    const log = [...this.#before];
    for (let at = 0; at < this.#control[CONTROL.logLength]; at++) {
      const entry = at * LOG_WORDS;
      log.push({ who: this.#log[entry], event: this.#log[entry + 1], number: this.#log[entry + 2] });
    }
    return log;
  }

  #thrown(): string | undefined {
    for (const { errors } of this.#threads) {
      const found = receiveMessageOnPort(errors);
      if (found !== undefined) return String(found.message);
    }
    return undefined;
  }
}

interface Thread {
  readonly worker: Worker;
  /** What a program threw. */
  readonly errors: MessagePort;
}
