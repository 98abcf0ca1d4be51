import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { Participant, Participants } from '../participants.js';
import { Random } from '../random.js';
import { decide, describeDecision, type Decision } from './decisions.js';
import { PHASE, PHASE_NAMES, TALLY } from './journal.js';
import type { Keeper, Part, Scene } from './part.js';
import type { Order } from './scene.js';
import { Watch } from './watch.js';

/** Those that never lose patience are left alone so long first. */
const CALM_MS = 4000;
/** How long is waited for a victim to come to what it shall be killed in. */
const AIM_MS = 4;
const END_TIMEOUT_MS = 30_000;

/** What is played with one primitive. */
export interface Act {
  readonly part: Part;
  readonly title: string;
  /** All await, and nobody loses patience. */
  readonly patient: boolean;
  readonly scene: Scene;
  readonly participants: Participants<string, Order>;
  readonly failures: string[];
  readonly seed: number;
  readonly rate: number;
}

/** Has processes work with one primitive, kills them, and compares the books. */
export class Run {
  readonly #act: Act;
  readonly #part: Part;
  readonly #scene: Scene;
  readonly #participants: Participants<string, Order>;
  readonly #failures: string[];
  readonly #random: Random;
  readonly #keeper: Keeper;
  readonly #here: Participant[] = [];
  /** For each phase how many were killed in it. */
  readonly #hits = new Array<number>(PHASE_NAMES.length).fill(0);

  constructor(act: Act) {
    this.#act = act;
    this.#part = act.part;
    this.#scene = act.scene;
    this.#participants = act.participants;
    this.#failures = act.failures;
    this.#random = new Random(act.seed);
    this.#keeper = act.part.keep(act.scene);
  }

  /** Kills so many, and compares the books. Returns how many were killed: fewer if something was found before. */
  async play(kills: number): Promise<number> {
    const { title, rate, patient } = this.#act;
    const { findings } = this.#scene;
    const watch = new Watch(this.#scene.journal, this.#keeper, (place) => this.#here[place].child.pid);
    let done = 0;
    try {
      for (let place = 0; place < this.#part.places; place++) this.#fill(place);
      // A wake-up that is lost shows where no death wakes everybody.
      if (patient) await sleep(CALM_MS);
      for (; done < kills && this.#failures.length + findings.all().length + watch.findings.length === 0; done++) {
        await this.#kill(decide(this.#random, this.#part.places, rate, patient), watch);
      }
      await this.#end();
      if (watch.findings.length + this.#failures.length === 0) await this.#keeper.audit(new Random(0));
    } finally {
      watch.stop();
      this.#keeper.close();
    }
    for (const text of watch.findings) findings.add('stalled', text);
    const hits = this.#hits.map((count, phase) => (count === 0 ? '' : ` ${PHASE_NAMES[phase]} ${count}`)).join('');
    const gained = this.#scene.journal.sum(TALLY.gained);
    const waited = `longest wait ${Math.round(watch.longestWait)} ms, in vain ${Math.round(watch.longestInVain)} ms`;
    console.log(`${title}: ${done} kills (loops killed:${hits}), ${gained} done, ${waited}`);
    return done;
  }

  #fill(place: number): void {
    const { name, folder, planted } = this.#scene;
    const seed = this.#random.between(0, 2 ** 31);
    const part = this.#part.name;
    const { patient } = this.#act;
    this.#here[place] = this.#participants.start(part, String(place), () => ({
      part,
      place,
      seed,
      name,
      folder,
      planted,
      patient,
    }));
  }

  async #kill(decision: Decision, watch: Watch): Promise<void> {
    const { journal, folder } = this.#scene;
    appendFileSync(join(folder, 'schedule'), `${describeDecision(decision)}\n`);
    const { place, after, aim, loop, stop } = decision;
    await this.#present(place);
    // Opening takes no time: who shall die in it is not given any.
    if (aim !== PHASE.opening) await sleep(after);
    if (stop !== undefined) {
      watch.suspend(true);
      this.#here[stop.place].child.kill('SIGSTOP');
      await sleep(stop.milliseconds);
      if (stop.place !== place) this.#here[stop.place].child.kill('SIGCONT');
    }
    const row = journal.row(place, loop);
    const until = performance.now() + AIM_MS;
    while (aim !== undefined && row.phase !== aim && performance.now() < until);
    const victim = this.#here[place];
    // Before it is killed: nothing that it has may be counted on from here.
    journal.doom(place, true);
    victim.child.kill('SIGKILL');
    await victim.gone;
    for (const buried of journal.rowsOf(place)) {
      if (buried.phase === PHASE.none) continue;
      this.#hits[buried.phase]++;
      this.#part.buried(journal, buried);
      buried.clear();
    }
    journal.doom(place, false);
    if (stop !== undefined) watch.suspend(false);
    this.#fill(place);
  }

  /** Waits until a process has begun: not for a kill of Node's own start, which shows nothing. */
  async #present(place: number): Promise<void> {
    const { journal } = this.#scene;
    const rows = journal.rowsOf(place);
    const { live } = this.#participants;
    const deadline = performance.now() + END_TIMEOUT_MS;
    while (live.has(this.#here[place]) && rows.every(({ phase }) => phase === PHASE.none)) {
      if (performance.now() > deadline) throw new Error(`nobody has come to place ${place} of ${this.#part.name}`);
      await turn();
    }
  }

  /** All finish what they are about. */
  async #end(): Promise<void> {
    const { journal, findings } = this.#scene;
    journal.stop();
    for (const one of this.#here) one.leaving = true;
    const gone = Promise.all(this.#here.map((one) => one.gone));
    const deadline = performance.now() + END_TIMEOUT_MS;
    const { live } = this.#participants;
    while (live.size > 0 && performance.now() < deadline) {
      // What waits for others is woken; all else ends by itself.
      await this.#keeper.wake();
      await Promise.race([gone, sleep(10)]);
    }
    if (live.size === 0) return;
    for (const row of journal.rows.filter(({ isLive }) => isLive)) {
      findings.add('stalled', `${this.#act.title}: ${row.name} is ${PHASE_NAMES[row.phase]} and does not end`);
    }
    for (const one of this.#here) one.child.kill('SIGKILL');
    await gone;
  }
}
