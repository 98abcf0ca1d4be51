// A work queue: jobs that fail are tried again, later; those that never succeed, or kill their worker, become dead letters: `node examples/dist/work-queue.js [JOBS] [WORKERS]`.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Queue } from 'ringway';

interface Job {
  readonly id: number;
}

interface Result extends Job {
  readonly attempts: number;
}

const [jobs, workers] = [1000, 3].map((usual, index) => Number(process.argv.at(2 + index) ?? usual));
const name = process.env.WORK_QUEUE_NAME ?? `work-${process.pid}`;
const [work, resultsName, dead] = [name, `${name}.results`, `${name}.dead`];
/** Deliveries of one job. */
const MOST = 3;

/** Some jobs fail at first, some always, and one kills whoever tries it. */
function attempt(id: number, attempts: number): void {
  if (id === 50) process.kill(process.pid, 'SIGKILL');
  if (id % 101 === 0) throw new Error(`job ${id} cannot be done`);
  if (id % 17 === 0 && attempts < MOST) throw new Error(`job ${id} did not work out`);
}

async function worker(): Promise<void> {
  const done = Queue.open<Result>(resultsName);
  const queue = Queue.open<Job>(work, { deadLetter: dead, maxDeliveries: MOST });
  const producer = done.producer();
  const consumer = queue.consumer();
  process.once('SIGTERM', () => {
    void consumer.stop();
  });
  await consumer.run(
    async ({ id }, { attempts }) => {
      attempt(id, attempts);
      await producer.send({ id, attempts });
    },
    {
      onError: (_, delivery) => {
        // Each time twice as long as before.
        delivery.nack({ delayMs: 2 ** delivery.attempts });
      },
    },
  );
  queue.close();
  done.close();
}

async function supervise(): Promise<void> {
  const queue = Queue.open<Job>(work);
  const done = Queue.open<Result>(resultsName);
  const letters = Queue.open<Job>(dead);
  const running = new Set<ChildProcess>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL');
    for (const each of [work, resultsName, dead]) Queue.unlink(each);
  });

  let deaths = 0;
  let stopping = false;
  /** A worker, and another one whenever it dies. */
  const keepUp = async (): Promise<void> => {
    while (!stopping) {
      const child = fork(process.argv[1], process.argv.slice(2), {
        env: { ...process.env, WORK_QUEUE_NAME: name, WORK_QUEUE_ROLE: 'worker' },
      });
      running.add(child);
      const [code, signal] = (await once(child, 'exit')) as [unknown, unknown];
      running.delete(child);
      if (signal !== 'SIGKILL') {
        if (code !== 0 && signal !== 'SIGTERM') throw new Error(`a worker failed with exit code ${String(code)}`);
        return;
      }
      deaths += 1;
    }
  };
  const workforce = Promise.all(Array.from({ length: workers }, keepUp));
  const sent = queue.producer().sendMany(Array.from({ length: jobs }, (_, id) => ({ id })));

  const tries = new Map<number, number>();
  const given = new Set<number>();
  const all = new AbortController();
  const counted = (): void => {
    if (tries.size + given.size === jobs) all.abort();
  };
  const unlessAll = (error: unknown): void => {
    if (!all.signal.aborted) throw error;
  };
  const wasDone = ({ id, attempts }: Result): void => {
    tries.set(id, attempts);
    counted();
  };
  const givenUp = ({ id }: Job): void => {
    given.add(id);
    counted();
  };
  const counting = [
    done.consumer().run(wasDone, all).catch(unlessAll),
    letters.consumer().run(givenUp, all).catch(unlessAll),
  ];
  await Promise.race([workforce, Promise.all([...counting, sent])]);
  stopping = true;
  for (const child of running) child.kill('SIGTERM');
  await workforce;
  for (const each of [queue, done, letters]) each.close();
  const again = [...tries.values()].filter((attempts) => attempts > 1).length;
  console.log(
    `${tries.size} of ${jobs} jobs done, ${again} of them not at once; ${given.size} given up after ${MOST} tries: ` +
      `${[...given].sort((a, b) => a - b).join(' ')}; ${deaths} workers died of it`,
  );
}

await (process.env.WORK_QUEUE_ROLE === 'worker' ? worker() : supervise());
