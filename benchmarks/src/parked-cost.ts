import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULTS, type Consumer } from 'ringway';
import { ScratchQueues } from './scratch-queues.js';

const THREADS = '/proc/self/task';
const IDLE_MS = 3000;
/** Much longer than a consumer polls before it parks, and than a thread takes to start. */
const SETTLE_MS = 200;

/** Parks consumers, and looks at the process while they are. */
async function whileParked<R>(consumers: readonly Consumer<unknown>[], look: () => R | Promise<R>): Promise<R> {
  const abort = new AbortController();
  const waits = Promise.allSettled(consumers.map((consumer) => consumer.receive({ signal: abort.signal })));
  let found: R;
  try {
    await delay(SETTLE_MS);
    found = await look();
  } finally {
    abort.abort();
  }
  const outcomes = await waits;
  if (outcomes.every(({ status }) => status === 'rejected')) return found;
  throw new Error('a message came where none was sent');
}

/** Threads of this process. */
export function threads(): number {
  return readdirSync(THREADS).length;
}

/** Threads of this process while so many consumers are parked, of as many queues as that needs. */
export function threadsWhileParked(count: number): Promise<number> {
  return ScratchQueues.with((queues) => {
    const consumers: Consumer<unknown>[] = [];
    while (consumers.length < count) {
      const queue = queues.create();
      const here = Math.min(count - consumers.length, DEFAULTS.maxConsumers);
      for (let i = 0; i < here; i++) consumers.push(queue.consumer());
    }
    return whileParked(consumers, threads);
  });
}

/** CPU that a process with one parked consumer uses, in percent of one core. */
export function idlePercent(): Promise<number> {
  return ScratchQueues.with((queues) =>
    whileParked([queues.create().consumer()], async () => {
      const began = performance.now();
      const before = process.cpuUsage();
      await delay(IDLE_MS);
      const { user, system } = process.cpuUsage(before);
      return ((user + system) / 1000 / (performance.now() - began)) * 100;
    }),
  );
}
