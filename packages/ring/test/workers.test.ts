import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

import { Queue, bytes } from '@ringway/ring';

import { messageOf, readMessage } from './fixtures/message.js';
import type { Received } from './fixtures/protocol.js';
import { channelOf, Child, cleanUp, fixture, keep, queueName, SMALL } from './support/process.js';
import { PATIENCE_MS, TEST_MS, until, within } from './support/turns.js';

const COUNT = 3000;

describe('worker threads', function () {
  this.timeout(TEST_MS);
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
      const [found] = (await within(PATIENCE_MS, 'the messages', numbers)) as [number[]];
      assert.deepEqual(
        found,
        Array.from({ length: COUNT }, (_, number) => number),
      );
      assert.deepEqual(await within(PATIENCE_MS, 'the exit', ended), [0]);
    });
  }

  for (const how of ['hold-sync', 'hold-async']) {
    for (const who of ['this process', 'another process']) {
      it(`one that is terminated in ${how === 'hold-sync' ? 'receiveSync' : 'await receive'} is adopted by ${who}`, async () => {
        const producer = queue.producer();
        await producer.send(messageOf(1));
        const worker = start(how);
        assert.deepEqual(await within(PATIENCE_MS, 'its claim', once(worker, 'message')), ['holds']);
        const { doorbells } = channelOf(name);
        await until(() => doorbells.someoneSleeps());
        let adopted: Promise<boolean | undefined>;
        if (who === 'this process') {
          const receiving = queue.consumer({ idle: 'park' }).receive({ timeout: PATIENCE_MS });
          adopted = receiving.then((delivery) => {
            assert.equal(readMessage(delivery?.value ?? messageOf(0)).number, 1);
            return delivery?.redelivered;
          });
        } else {
          const child = await Child.peer(name);
          await child.ask({ do: 'open' });
          await child.ask({ do: 'consumer', options: { idle: 'park' } });
          adopted = child
            .ask<Received[]>({ do: 'receive', count: 1, timeout: PATIENCE_MS })
            .then(([received]) => received.redelivered);
        }
        await within(PATIENCE_MS, 'terminate', worker.terminate());
        assert.equal(await within(PATIENCE_MS, 'adoption', adopted), true);
      });
    }
  }
});
