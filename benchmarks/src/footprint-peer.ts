// One look at what Ringway costs while nothing is sent: prints one line of JSON.
import { readdirSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { DEFAULTS, Queue, type Consumer } from 'ringway';
import type { FootprintWhat } from './footprint.js';
import { median } from './statistics.js';
import { runName } from './systems/names.js';

const BLOCK_BYTES = 512;
const DESCRIPTORS = '/proc/self/fd';
const THREADS = '/proc/self/task';
const IDLE_MS = 3000;
/** Longer than a waiter thread takes to start. */
const SETTLE_MS = 200;
const OPENINGS = 50;
const MANY = 127;

/** Bytes that the object of a name occupies, which this process has open. */
function memoryOf(name: string): number {
  for (const descriptor of readdirSync(DESCRIPTORS)) {
    const path = `${DESCRIPTORS}/${descriptor}`;
    const target = linkTarget(path);
    if (target?.includes(name) === true) return statSync(path).blocks * BLOCK_BYTES;
  }
  throw new Error(`no descriptor of this process is the object of ${name}`);
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    // That of the listing itself is gone by now.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Opens a new queue, and removes its name when the work is done. */
async function withQueue<R>(work: (queue: Queue, name: string) => R | Promise<R>): Promise<R> {
  const name = runName();
  const queue = Queue.open(name);
  try {
    return await work(queue, name);
  } finally {
    queue.close();
    Queue.unlink(name);
  }
}

function sharedMemory(): Promise<number> {
  return withQueue((queue, name) => {
    queue.producer();
    return memoryOf(name);
  });
}

/** Parks consumers, and tells what the process does then. */
async function parked<R>(consumers: readonly Consumer<unknown>[], work: () => R | Promise<R>): Promise<R> {
  const abort = new AbortController();
  const waits = Promise.allSettled(consumers.map((consumer) => consumer.receive({ signal: abort.signal })));
  await sleep(SETTLE_MS);
  try {
    return await work();
  } finally {
    abort.abort();
    await waits;
  }
}

function threads(): number {
  return readdirSync(THREADS).length;
}

/** Native threads that appear when so many consumers park, of as many queues as that needs. */
async function threadsFor(count: number): Promise<number> {
  const before = threads();
  return withQueue(async (queue) => {
    const here = Math.min(count, DEFAULTS.maxConsumers);
    const consumers = Array.from({ length: here }, () => queue.consumer());
    return parked(consumers, () => (count > here ? threadsFor(count - here).then((more) => more) : threads())).then(
      (after) => (count > here ? after : after - before),
    );
  });
}

function idlePercent(): Promise<number> {
  return withQueue((queue) =>
    parked([queue.consumer()], async () => {
      const began = performance.now();
      const before = process.cpuUsage();
      await sleep(IDLE_MS);
      const { user, system } = process.cpuUsage(before);
      return ((user + system) / 1000 / (performance.now() - began)) * 100;
    }),
  );
}
