// One participant of a chaos run. Started as a spare: it joins when it is told to, so that a kill can fall into joining. Everything that it says and
// does is on record in its journal; it may be killed at any moment.
import { Queue, bytes } from '../../dist/index.js';
import type { Consumer, Delivery, Producer } from '../../dist/index.js';
import { FLAG_REDELIVERED, FLAG_TORN, INTENDED, Journal, SENT } from './journal.js';
import { MIN_BYTES, makeMessage, readMessage } from './message.js';
import { Random } from './random.js';

export type Role = 'producer' | 'consumer' | 'creator';

/** What the parent says. */
export type Order =
  | {
      readonly go: Role;
      readonly id: number;
      readonly seed: number;
      readonly label: string;
    }
  | { readonly finish: true };

const [name, folder, laneBytes] = [process.argv[2], process.argv[3], Number(process.argv[4])];
const OPEN = { codec: bytes(), laneBytes, maxProducers: 8, maxConsumers: 8 };
const IDLE = ['adaptive', 'park', 'adaptive'] as const;
let finishing = false;
const finished = new AbortController();

process.on('message', (order: Order) => {
  if ('finish' in order) {
    finishing = true;
    finished.abort();
    return;
  }
  const random = new Random(order.seed);
  const work = { producer: produce, consumer: consume, creator: create }[order.go];
  work(order.id, random, order.label).then(
    () => {
      process.disconnect();
    },
    (error: unknown) => {
      console.error(`${order.go} ${order.id} failed:`, error);
      process.exit(1);
    },
  );
});

function length(random: Random): number {
  const kind = random.next();
  if (kind < 0.01) return random.between(laneBytes / 4, laneBytes * 2);
  return kind < 0.2 ? random.between(MIN_BYTES, laneBytes / 4 - 64) : random.between(MIN_BYTES, 200);
}

async function produce(id: number, random: Random, label: string): Promise<void> {
  const journal = new Journal(folder, 'producer', id);
  const queue = Queue.open(name, OPEN);
  const tick = random.next() < 0.2;
  const producer = queue.producer({ label, publish: tick ? 'tick' : 'each', idle: random.pick(IDLE) });
  process.send?.({ running: id });
  let sequence = 0;
  while (!finishing) {
    const count = random.between(1, 24);
    journal.write(INTENDED, sequence + count, 0);
    const messages = Array.from({ length: count }, () => makeMessage(id, ++sequence, length(random)));
    await sendSome(producer, random, messages);
    if (tick) await new Promise(setImmediate);
    journal.write(SENT, sequence, 0);
    if (random.next() < 0.02) await new Promise((resolve) => setTimeout(resolve, random.between(1, 20)));
  }
  await producer.end();
  queue.close();
}

async function sendSome(producer: Producer<Uint8Array>, random: Random, messages: Buffer[]): Promise<void> {
  const way = random.between(0, 4);
  if (way === 0) await producer.sendMany(messages);
  else if (way === 1) await Promise.all(messages.map((message) => producer.send(message)));
  else if (way === 2) for (const message of messages) producer.sendSync(message);
  else if (way === 3) {
    for (const message of messages) {
      if (message.length > laneBytes / 4 - 64) await producer.send(message);
      else {
        const place = await producer.reserve(message.length);
        place.bytes.set(message);
        place.publish();
      }
    }
  } else {
    for (const message of messages) while (!producer.trySend(message)) await producer.ready();
  }
}

async function consume(id: number, random: Random, label: string): Promise<void> {
  const journal = new Journal(folder, 'consumer', id);
  const queue = Queue.open(name, OPEN);
  const consumer = queue.consumer({ label, prefetch: random.pick([1, 2, 7, 32, 256]), idle: random.pick(IDLE) });
  process.send?.({ running: id });
  const record = (message: Uint8Array, redelivered: boolean): void => {
    const read = readMessage(message);
    const flags = (redelivered ? FLAG_REDELIVERED : 0) | (read === undefined ? FLAG_TORN : 0);
    journal.write(read?.producer ?? 0, read?.sequence ?? 0, flags);
  };
  await receiveSome(consumer, random, record);
  queue.close();
}

async function receiveSome(
  consumer: Consumer<Uint8Array>,
  random: Random,
  record: (message: Uint8Array, redelivered: boolean) => void,
): Promise<void> {
  const way = random.between(0, 4);
  const { signal } = finished;
  const slow = random.next() < 0.5;
  /** Between having a message on record and acknowledging it, now and then. */
  const linger = async (): Promise<void> => {
    if (slow && random.next() < 0.2) await new Promise((resolve) => setTimeout(resolve, random.between(0, 4)));
  };
  const handle = async (delivery: Delivery<Uint8Array>): Promise<void> => {
    record(delivery.value, delivery.redelivered);
    await linger();
    delivery.ack();
  };
  try {
    if (way === 0) {
      const concurrency = random.pick([1, 4, 16]);
      await consumer.run(
        async (message, delivery) => {
          record(message, delivery.redelivered);
          await linger();
        },
        { concurrency, signal },
      );
    } else if (way === 1) {
      for await (const delivery of consumer.deliveries({ signal })) await handle(delivery);
    } else if (way === 2) {
      // Acknowledged out of order, in small groups.
      for await (const delivery of consumer.deliveries({ signal })) {
        const group: Delivery<Uint8Array>[] = [];
        for (let next: typeof delivery | undefined = delivery; next !== undefined;) {
          record(next.value, next.redelivered);
          group.unshift(next);
          next = group.length < 8 ? consumer.tryReceive() : undefined;
        }
        await linger();
        for (const one of group) one.ack();
      }
    } else if (way === 3) {
      while (!finishing) {
        const done = consumer.poll((message, offset, size, redelivered) => {
          record(message.slice(offset, offset + size), redelivered);
        });
        if (done === 0) await consumer.receive({ signal }).then((delivery) => delivery && handle(delivery));
        else await new Promise(setImmediate);
      }
    } else {
      while (!finishing) {
        try {
          consumer.pollSync(
            (message, offset, size, redelivered) => {
              record(message.slice(offset, offset + size), redelivered);
            },
            { timeout: 50 },
          );
        } catch (error) {
          if ((error as { code?: string }).code !== 'ERR_RINGWAY_TIMEOUT') throw error;
        }
        await new Promise(setImmediate);
      }
    }
  } catch (error) {
    if (!finishing || (error as { code?: string }).code !== 'ABORT_ERR') throw error;
  }
}

/** Makes queues of its own and uses them: may be killed while one is born. */
async function create(id: number, random: Random): Promise<void> {
  process.send?.({ running: id });
  for (let i = 0; !finishing; i++) {
    const own = `${name}.creator-${id}-${i % 3}`;
    const queue = Queue.open(own, OPEN);
    await queue.producer().send(makeMessage(id, 1, length(random)));
    const delivery = await queue.consumer().receive();
    delivery?.ack();
    queue.close();
    Queue.unlink(own);
    await new Promise(setImmediate);
  }
}
