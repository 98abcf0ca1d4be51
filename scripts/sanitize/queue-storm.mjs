// Workers that open queues, send, wait and receive, and are terminated at random moments: `queue-storm.mjs ROUNDS`. Prints what was
// done; exits with 1 when something was invented, doubled without being said, or left behind.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import { Worker } from 'node:worker_threads';
import { Queue } from '../../packages/ringway/dist/index.js';

const WORKERS = 50;
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

async function storm(seed, name) {
  const options = { laneBytes: LANE_BYTES, maxProducers: WORKERS, maxConsumers: WORKERS };
  const queue = Queue.open(name, options);
  try {
    const steps = new Int32Array(new SharedArrayBuffer(4 * WORKERS));
    const random = randomFrom(seed);
    const errors = [];
    const running = new Set();
    const ends = [];
    for (let index = 0; index < WORKERS; index += 1) {
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

const rounds = Number(process.argv[2]);
if (!Number.isInteger(rounds) || rounds < 1) throw new Error(`a number of rounds is wanted, not ${process.argv[2]}`);
let left = 0;
for (let seed = 1; seed <= rounds; seed += 1) {
  const name = `storm-${process.pid}-${randomUUID()}`;
  left += await storm(seed, name);
  const behind = readdirSync('/dev/shm').filter((object) => object.includes(name));
  if (behind.length > 0) throw new Error(`seed ${seed}: left behind: ${behind.join(', ')}`);
}
console.log(`${rounds * WORKERS} workers terminated, ${left} messages left`);
