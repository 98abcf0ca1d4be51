import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { Queue, bytes } from '@ringway/ring';

import { messageOf, readMessage } from './fixtures/message.js';
import type { Received } from './fixtures/protocol.js';
import { Child, cleanUp, fixture, keep, queueName } from './support/process.js';
import { within } from './support/turns.js';

const LONG_MS = 8000;
const COUNT = 3000;
const SMALL = { laneBytes: 16_384, maxProducers: 4, maxConsumers: 4 };

describe('worker threads', function () {
  this.timeout(30_000);
  let name: string;
  let queue: Queue<Uint8Array>;
  const workers: Worker[] = [];

  beforeEach(() => {
    name = queueName();
    queue = keep(Queue.open<Uint8Array>(name, { codec: bytes(), ...SMALL }));
  });

  afterEach(async () => {
    await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
    await cleanUp();
  });

  function start(what: string, count = 0): Worker {
    const worker = new Worker(fixture('worker'), { workerData: { name, what, count } });
    workers.push(worker);
    return worker;
  }

  for (const [sends, receives] of [
    ['send', 'receive'],
    ['sendSync', 'receiveSync'],
    ['send', 'receiveSync'],
    ['sendSync', 'receive'],
  ]) {
    it(`one that uses ${sends} and one that uses ${receives} exchange everything, in order`, async () => {
      const receiver = start(receives);
      const numbers = once(receiver, 'message');
      const ended = once(receiver, 'exit');
      start(sends, COUNT);
      const [found] = (await within(LONG_MS, 'the messages', numbers)) as [number[]];
      assert.deepEqual(
        found,
        Array.from({ length: COUNT }, (_, number) => number),
      );
      assert.deepEqual(await within(LONG_MS, 'the exit', ended), [0]);
    });
  }

  for (const how of ['hold-sync', 'hold-async']) {
    for (const who of ['this process', 'another process']) {
      it(`one that is terminated in ${how === 'hold-sync' ? 'receiveSync' : 'await receive'} is adopted by ${who}`, async () => {
        const producer = queue.producer();
        await producer.send(messageOf(1));
        const worker = start(how);
        assert.deepEqual(await within(LONG_MS, 'its claim', once(worker, 'message')), ['holds']);
        // Time to block for good.
        await new Promise((resolve) => setTimeout(resolve, 200));
        let adopted: Promise<boolean | undefined>;
        if (who === 'this process') {
          const receiving = queue.consumer({ idle: 'park' }).receive({ timeout: LONG_MS });
          adopted = receiving.then((delivery) => {
            assert.equal(readMessage(delivery?.value ?? messageOf(0)).number, 1);
            return delivery?.redelivered;
          });
        } else {
          const child = await Child.peer(name);
          await child.ask({ do: 'open' });
          await child.ask({ do: 'consumer', options: { idle: 'park' } });
          adopted = child
            .ask<Received[]>({ do: 'receive', count: 1, timeout: LONG_MS })
            .then(([received]) => received.redelivered);
        }
        await within(LONG_MS, 'terminate', worker.terminate());
        assert.equal(await within(LONG_MS, 'adoption', adopted), true);
      });
    }
  }
});
