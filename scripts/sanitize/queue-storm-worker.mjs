// Opens a queue again and again, sends, waits and receives without end; counts its steps.
import { setImmediate } from 'node:timers';
import { workerData } from 'node:worker_threads';
import { Queue } from '../../packages/ringway/dist/index.js';

const { name, options, index, seed, steps } = workerData;
let number = 0;

async function use() {
  const queue = Queue.open(name, options);
  const producer = queue.producer({ label: `worker-${index}` });
  const consumer = queue.consumer();
  for (let count = 0; count < 1 + ((seed + index) % 7); count += 1) {
    // Spilled now and then.
    producer.trySend([index, number, 'x'.repeat(number % 50 === 49 ? 30_000 : 20)]);
    number += 1;
    Atomics.add(steps, index, 1);
    if ((number + index) % 3 === 0) consumer.tryReceive()?.ack();
    else await consumer.receive({ timeout: 2 }).then((delivery) => delivery.ack(), onlyTimeouts);
    Atomics.add(steps, index, 1);
  }
  if ((number + index) % 2 === 0) producer.close();
  queue.close();
}

function onlyTimeouts(error) {
  if (error.code !== 'ERR_RINGWAY_TIMEOUT') throw error;
}

for (;;) {
  await use();
  // Closed handles let the event loop breathe.
  await new Promise((resolve) => setImmediate(resolve));
}
