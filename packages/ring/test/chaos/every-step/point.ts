import type { Fate, Place } from '../../steps/kill-at-step.js';
import { judge, type Verdict } from '../verdict.js';
import type { Victim, Victims } from './processes.js';
import { ID, MESSAGE_BYTES } from './protocol.js';
import type { RoleName } from './roles.js';
import { SCENES } from './scenes.js';
import type { Stage } from './stage.js';
import { Stillness } from './stillness.js';

/** How long a point may take in all: only a hang takes longer, however little of the processor there is. What stands still before is found by {@link Stillness}. */
const PATIENCE_MS = 120_000;
/** Goes round a lane twice: where anything holds the floor, it does not fit. */
const REST = 44;
/** Within this time a survivor who finds nothing has parked, and looked for the dead. */
const QUIET_MS = 30;

/** Ends a point; what stood still was noted. */
class Stalled extends Error {}

/** What came of one point. */
export interface Outcome {
  /** Where the victim met its fate; undefined if its role ended before that step. */
  readonly place: Place | undefined;
  /** Steps of the role, where it was played to its end. */
  readonly steps: number | undefined;
  readonly verdict: Verdict;
  readonly stalls: string[];
  /** Whatever else went wrong. */
  readonly failures: string[];
}

/** One role, one step, one fate. */
export class Point {
  readonly #stage: Stage;
  readonly #victims: Victims;
  readonly #fate: Fate;
  readonly #failures: string[] = [];
  readonly #stalls: string[] = [];
  readonly #tasks: Promise<void>[] = [];
  #place: Place | undefined;
  #steps: number | undefined;

  constructor(stage: Stage, victims: Victims, fate: Fate) {
    this.#stage = stage;
    this.#victims = victims;
    this.#fate = fate;
  }

  /** Plays it. Never rejects: what goes wrong is in the outcome. */
  async play(role: RoleName, step: number): Promise<Outcome> {
    const stage = this.#stage;
    const victim = this.#victims.take();
    const going = this.#perform(role, step, victim).catch((error: unknown) => {
      if (!(error instanceof Stalled))
        this.#failures.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
    if (!(await inTime(going))) {
      this.#stalls.push(`the point was not over within ${PATIENCE_MS} ms`);
      // Whatever it waits for ends with those who should have done it.
      await Promise.all([victim.kill(), stage.dispose()]);
      await going;
    }
    const good = this.#failures.length + this.#stalls.length === 0;
    // Who was to be killed must be new each time: what was done before is remembered, and shortens the way.
    if (!good || this.#fate === 'SIGKILL') {
      await victim.kill();
      this.#victims.replace();
    } else this.#victims.giveBack(victim);
    if (!good) await stage.renew();
    const verdict = judge(stage.ground.folder);
    if (SCENES[role].firstHand && verdict.redelivered > 0) {
      this.#failures.push(`${verdict.redelivered} messages came as redelivered, and nobody can have had them before`);
    }
    const left = stage.tearDown();
    if (left.length > 0) this.#failures.push(`left in /dev/shm: ${left.join(' ')}`);
    return {
      place: this.#place,
      steps: this.#steps,
      verdict,
      stalls: this.#stalls,
      failures: this.#failures,
    };
  }

  async #perform(role: RoleName, step: number, victim: Victim): Promise<void> {
    const stage = this.#stage;
    const scene = SCENES[role];
    await stage.setUp(scene);
    victim.play({ role, ground: stage.ground, id: ID.victim, step, fate: this.#fate });
    await this.#meetFate(victim);
    if (this.#place === undefined) await this.#finish();
    else if (this.#fate === 'SIGKILL') {
      const end = await victim.gone;
      if (end !== 'SIGKILL') throw new Error(`the victim ran on after SIGKILL, and ended with ${String(end)}`);
      await this.#finish();
    } else await this.#goOn(victim, scene.alone);
    stage.collectLetters();
    await stage.leave();
  }

  /** Until the victim has met its fate, or has played to its end. */
  async #meetFate(victim: Victim): Promise<void> {
    for (;;) {
      const word = await victim.word();
      if (word === undefined) throw new Error(`the victim ended by itself: ${String(await victim.gone)}`);
      if ('place' in word) {
        this.#place = word.place;
        return;
      }
      if ('done' in word) {
        this.#steps = word.done;
        return;
      }
      if ('failed' in word) throw new Error(`the victim failed: ${word.failed}`);
      if ('waits' in word) this.#help();
      else if ('resumed' in word) throw new Error('the victim went on before it was told to');
    }
  }

  /** The victim is stopped: the others go on as far as they can; then it may go on, too. */
  async #goOn(victim: Victim, alone: boolean): Promise<void> {
    const stage = this.#stage;
    await victim.stopped();
    if (!alone && (await this.#canJoin())) {
      await stage.sender.ask({ do: 'fill' });
      await stage.receiver.ask({ do: 'serve' });
      await stage.receiver.ask({ do: 'quiet', milliseconds: QUIET_MS });
    }
    const before = process.hrtime.bigint();
    victim.process.kill('SIGCONT');
    const word = await victim.word();
    if (word === undefined || !('resumed' in word)) throw new Error(`a stopped victim said ${JSON.stringify(word)}`);
    if (BigInt(word.resumed) < before) throw new Error('the victim ran on after SIGSTOP');
    for (;;) {
      const next = await victim.word();
      if (next === undefined || 'place' in next || 'resumed' in next || 'failed' in next) {
        throw new Error(`the victim went on to ${JSON.stringify(next)}`);
      }
      if ('waits' in next) this.#help();
      else if ('done' in next) {
        this.#steps = next.done;
        break;
      }
    }
    await this.#finish();
  }

  /** From here only the survivors are left: they must come to the end, and nobody may stand still for long. */
  async #finish(): Promise<void> {
    const stage = this.#stage;
    let stuck: (error: Error) => void;
    const still = new Promise<never>((_resolve, reject) => (stuck = reject));
    const stillness = new Stillness(
      () => stage.observed,
      [stage.sender.pid, stage.receiver.pid],
      (milliseconds) => {
        const lanes = stage.observed?.tell();
        this.#stalls.push(`the survivors stood still for ${milliseconds} ms after ${stillness.tasks} tasks: ${lanes}`);
        stuck(new Stalled());
      },
    );
    const task = async (doing: Promise<unknown>): Promise<void> => {
      await doing;
      stillness.done();
    };
    const end = async (): Promise<void> => {
      await task(Promise.all(this.#tasks));
      await task(this.#joinAll());
      const observed = stage.observe();
      await task(stage.receiver.ask({ do: 'serve' }));
      await task(stage.sender.ask({ do: 'send', count: REST, bytes: MESSAGE_BYTES }));
      await task(stage.sender.ask({ do: 'end' }));
      await Promise.all([task(stage.receiver.ask({ do: 'served' })), task(observed.drained(PATIENCE_MS))]);
    };
    try {
      await Promise.race([end(), still]);
    } finally {
      stillness.stop();
    }
  }

  /** False where the victim was stopped while it held the gate: then who would join is told so, instead of waiting for ever. */
  async #canJoin(): Promise<boolean> {
    try {
      await this.#joinAll();
      return true;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_RINGWAY_BUSY') throw error;
      return false;
    }
  }

  async #joinAll(): Promise<void> {
    await this.#stage.joinSender();
    await this.#stage.joinReceiver();
  }

  /** What the victim waits for; whether it comes to that is seen at the end. */
  #help(): void {
    const helping = this.#stage.waits();
    helping.catch(() => undefined);
    this.#tasks.push(helping);
  }
}

/** False if it has not come to an end within {@link PATIENCE_MS}. */
async function inTime(going: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => {
      resolve(false);
    }, PATIENCE_MS);
  });
  try {
    return await Promise.race([going.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
