// One process of a chaos run over the primitives. Started as a spare: it takes part when it is told to. It works in its
// main thread, by awaiting or by blocking, or in two workers; all that it does is on record in the journal, and it may
// be killed at any moment.
import { Worker } from 'node:worker_threads';
import { Random } from '../random.js';
import { PHASE } from './journal.js';
import { partOf } from './parts/index.js';
import { sceneOf, type Order, type Task } from './scene.js';
import { play, type Session } from './session.js';

const WORKERS = 2;
const TERMINATED = 0.7;
const LONGEST_LIFE_MS = 1000;
/** Longest delay of a timer. */
const FOR_EVER_MS = 2 ** 31 - 1;

/** Nobody is left to be told what was seen. */
const orphaned = (): never => process.exit(0);

process.once('disconnect', orphaned);
process.on('message', (order: Order) => {
  run(order).then(
    () => {
      process.off('disconnect', orphaned);
      process.disconnect();
    },
    (error: unknown) => {
      console.error(`${order.part} at place ${order.place} failed:`, error);
      process.exit(1);
    },
  );
});

async function run(order: Order): Promise<void> {
  const { seed, place, patient } = order;
  const part = partOf(order.part);
  const random = new Random(seed);
  const session = { part: part.name, place, loops: [0], patient, seed: random.between(0, 2 ** 31) };
  const way = patient ? 1 : random.next();
  if (way < 0.25) await play({ ...session, mode: 'block' }, part, sceneOf(order));
  else if (way < 0.5) await inWorkers(order, { ...session, mode: 'block' }, Math.min(part.loops, WORKERS));
  else if (way < 0.6) await inWorkers(order, { ...session, mode: 'await' }, Math.min(part.loops, WORKERS));
  else {
    const loops = Array.from({ length: random.between(1, part.loops) }, (_, loop) => loop);
    await play({ ...session, loops, mode: 'await' }, part, sceneOf(order));
  }
}

async function inWorkers(order: Order, session: Session, count: number): Promise<void> {
  const threads = Array.from({ length: count }, (_, loop) => inWorker(order, { ...session, loops: [loop] }));
  await Promise.all(threads);
}

/**
 * One worker after another, most of them terminated at a random moment: for the others that is a death like any other.
 */
async function inWorker(order: Order, session: Session): Promise<void> {
  const { journal } = sceneOf(order);
  const part = partOf(order.part);
  const row = journal.row(session.place, session.loops[0]);
  const random = new Random(session.seed + row.index);
  while (!journal.stopping) {
    const task: Task = { order, session: { ...session, seed: random.between(0, 2 ** 31) } };
    const worker = new Worker(new URL('worker.js', import.meta.url), { workerData: task });
    const lifetime = random.next() < TERMINATED ? random.next() * LONGEST_LIFE_MS : undefined;
    const timer = setTimeout(() => {
      row.doomThread();
      void worker.terminate();
    }, lifetime ?? FOR_EVER_MS);
    await ended(worker);
    clearTimeout(timer);
    if (!row.is(PHASE.none)) part.buried(journal, row);
    row.clear();
  }
}

/** Rejects with what the worker failed with. */
function ended(worker: Worker): Promise<void> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => {
      resolve();
    });
  });
}
