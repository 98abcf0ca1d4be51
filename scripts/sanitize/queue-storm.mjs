// Workers that open queues, send, wait and receive, and are terminated at random moments: `queue-storm.mjs ROUNDS WORKERS`. Prints
// what was done; exits with 1 when something was invented, doubled without being said, or left behind.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { Queue } from '../../packages/ringway/dist/index.js';

const MOST_STEPS = 200;
const LANE_BYTES = 65536;
const URL_OF_WORKER = new URL('./queue-storm-worker.mjs', import.meta.url);

/** Random numbers from 0 to 1 that are the same for the same seed. */
function randomFrom(seed) {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return (state >>> 0) / 2 ** 32;
  };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function storm(seed, name, count) {
  // A consumer that closes in the middle of a claim leaves its place to whoever works that, and may want another one before it is done.
  const options = { laneBytes: LANE_BYTES, maxProducers: count, maxConsumers: 2 * count };
  const queue = Queue.open(name, options);
  try {
    const steps = new Int32Array(new SharedArrayBuffer(4 * count));
    const random = randomFrom(seed);
    const errors = [];
    const running = new Set();
    const ends = [];
    for (let index = 0; index < count; index += 1) {
      const worker = new Worker(URL_OF_WORKER, { workerData: { name, options, index, seed, steps } });
      worker.on('error', (error) => errors.push(error));
      ends.push(once(worker, 'exit'));
      running.add({ worker, index, until: Math.floor(random() * MOST_STEPS) });
    }
    while (running.size > 0) {
      for (const entry of running) {
        if (errors.length === 0 && Atomics.load(steps, entry.index) < entry.until) continue;
        void entry.worker.terminate();
        running.delete(entry);
      }
      await turn();
    }
    await Promise.all(ends);
    if (errors.length > 0) throw errors[0];

    // Adopts what the workers left. Of each producer whatever is left comes in order, and nothing that nobody sent.
    const consumer = queue.consumer();
    const last = new Map();
    let left = 0;
    for (;;) {
      const delivery = consumer.tryReceive();
      if (delivery === undefined) break;
      const { value, redelivered } = delivery;
      const [producer, number] = value;
      const before = last.get(producer) ?? -1;
      if (!redelivered) {
        if (!(number > before)) throw new Error(`seed ${seed}: ${producer} sent ${number} after ${before}`);
        last.set(producer, number);
      }
      delivery.ack();
      left += 1;
    }
    return left;
  } finally {
    queue.close();
    Queue.unlink(name);
  }
}

/** An argument that is a number of something. */
function countOf(argument, what) {
  const count = Number(argument);
  if (!Number.isInteger(count) || count < 1) throw new Error(`a number of ${what} is wanted, not ${argument}`);
  return count;
}

const rounds = countOf(process.argv[2], 'rounds');
const workers = countOf(process.argv[3], 'workers');
let left = 0;
for (let seed = 1; seed <= rounds; seed += 1) {
  const name = `storm-${randomUUID()}`;
  left += await storm(seed, name, workers);
  const behind = readdirSync('/dev/shm').filter((object) => object.includes(name));
  if (behind.length > 0) throw new Error(`seed ${seed}: left behind: ${behind.join(', ')}`);
}
console.log(`${rounds * workers} workers terminated, ${left} messages left`);
