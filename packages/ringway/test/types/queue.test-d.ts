// Checked by every build; never run.
import {
  Queue,
  bytes,
  msgpack,
  type Consumer,
  type Delivery,
  type ErrorCode,
  type Held,
  type Peer,
  type Producer,
  type Reservation,
  type RingwayError,
  type StandardSchema,
} from 'ringway';
import { same } from './same.js';

interface Order {
  readonly id: number;
}

declare const schema: StandardSchema<Order>;
declare const queue: Queue<Order>;
const producer = queue.producer();
const consumer = queue.consumer();
same<Producer<Order>>()(producer);
same<Consumer<Order>>()(consumer);

// A schema gives a queue its type, too; codec and schema must agree.
same<Queue<Order>>()(Queue.open('a', { schema }));
same<Queue<Order>>()(Queue.open('a', { codec: msgpack<Order>(), schema }));
// @ts-expect-error -- bytes are no orders
Queue.open<Order>('a', { codec: bytes(), schema });

// What is sent.
same<Promise<void>>()(producer.send({ id: 1 }));
same<boolean>()(producer.trySend({ id: 1 }));
same<Promise<void>>()(producer.sendMany([{ id: 1 }]));
same<Reservation | undefined>()(producer.tryReserve(8));
same<Promise<Reservation>>()(producer.reserve(8));
// @ts-expect-error -- an order has an id
void producer.send({});
// @ts-expect-error -- all of them have
void producer.sendMany([{ id: 1 }, {}]);
// @ts-expect-error -- headers are strings
void producer.send({ id: 1 }, { headers: { colour: 1 } });
// @ts-expect-error -- a blocking form cannot be aborted
producer.sendSync({ id: 1 }, { signal: AbortSignal.timeout(1) });

// What is received.
same<Promise<Delivery<Order> | undefined>>()(consumer.receive());
same<Delivery<Order> | undefined>()(consumer.tryReceive());
same<Delivery<Order> | undefined>()(consumer.receiveSync());
same<AsyncIterableIterator<Order>>()(consumer.values());
same<AsyncIterableIterator<Delivery<Order>>>()(consumer.deliveries());
same<AsyncIterableIterator<Order[]>>()(consumer.batches({ max: 2 }));
void consumer.run((order, delivery) => {
  same<Order>()(order);
  same<Delivery<Order>>()(delivery);
});
consumer.poll((lane, offset, length, redelivered) => {
  same<Uint8Array>()(lane);
  same<number>()(offset + length);
  same<boolean>()(redelivered);
});
for await (const order of consumer) same<Order>()(order);

// Events are known by name.
queue.on('peer-lost', (peer) => {
  same<Peer>()(peer);
});
queue.on('held', (held) => {
  same<Held>()(held);
});
queue.on('corrupt-lane', (error) => {
  same<RingwayError>()(error);
});
// @ts-expect-error -- no event has this name
queue.on('message', () => undefined);

// Codes are a closed list.
declare const error: RingwayError;
same<ErrorCode>()(error.code);
// @ts-expect-error -- a code is not just any string
same<string>()(error.code);
// @ts-expect-error -- no error has this code
const unknown: ErrorCode = 'ERR_RINGWAY_ELSE';
same<ErrorCode>()(unknown);
