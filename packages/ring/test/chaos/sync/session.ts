import { Random } from '../random.js';
import { PHASE } from './journal.js';
import { Loop, type Mode } from './loop.js';
import type { Actor, Part, Scene } from './part.js';

const FEWEST_STEPS = 5;
const MOST_STEPS = 300;

/** What a thread does: opens the primitive, has its loops work with it for some time, closes it, and begins again. */
export interface Session {
  readonly part: string;
  readonly place: number;
  /** Its rows of the journal. */
  readonly loops: readonly number[];
  readonly mode: Mode;
  /** Whether nobody loses patience. */
  readonly patient: boolean;
  readonly seed: number;
}

/** Returns when all shall stop. */
export async function play(session: Session, part: Part, scene: Scene): Promise<void> {
  const { journal } = scene;
  const random = new Random(session.seed);
  const loops = session.loops.map(
    (loop) => new Loop(journal, journal.row(session.place, loop), new Random(random.between(0, 2 ** 31)), session),
  );
  const rows = loops.map(({ row }) => row);
  while (!journal.stopping) {
    for (const row of rows) row.begin(PHASE.opening);
    const actor = await part.join(scene, rows, random);
    const steps = random.between(FEWEST_STEPS, MOST_STEPS);
    const over = new AbortController();
    await Promise.all(loops.map((loop) => work(loop, actor, steps, over)));
    for (const row of rows) row.phase = PHASE.closing;
    actor.close();
    for (const row of rows) row.phase = PHASE.none;
  }
}

async function work(loop: Loop, actor: Actor, steps: number, over: AbortController): Promise<void> {
  loop.row.phase = PHASE.idle;
  for (let step = 0; step < steps && !loop.stopping && !over.signal.aborted; step++) {
    if (!(await actor.step(loop))) over.abort();
    else await loop.rest();
  }
}
