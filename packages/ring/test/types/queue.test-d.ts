// What the public generics infer. Compiled with every build and never run.
import { bytes, json, msgpack, Queue, text, typed } from '@ringway/ring';
import type { Codec, Consumer, Delivery, Producer, QueueOptions, RunHandler, StandardSchema } from '@ringway/ring';
import { expectTypeOf } from 'expect-type';

interface Order {
  readonly id: number;
  readonly total: number;
}

declare const orders: Queue<Order>;
declare const orderSchema: StandardSchema<Order>;
declare const reversed: Codec<string[]>;

/** The type of message comes from the codec or the schema, and is unknown without either. */
export function inferred(): void {
  expectTypeOf(Queue.open('q')).toEqualTypeOf<Queue>();
  expectTypeOf(Queue.open('q').consumer()).toEqualTypeOf<Consumer<unknown>>();
  expectTypeOf(Queue.open<Order>('q')).toEqualTypeOf<Queue<Order>>();
  expectTypeOf(Queue.open('q', { codec: msgpack<Order>() })).toEqualTypeOf<Queue<Order>>();
  expectTypeOf(Queue.local({ codec: json<Order>() })).toEqualTypeOf<Queue<Order>>();
  expectTypeOf(Queue.open('q', { codec: msgpack() })).toEqualTypeOf<Queue>();
  expectTypeOf(Queue.open('q', { codec: text() })).toEqualTypeOf<Queue<string>>();
  expectTypeOf(Queue.open('q', { codec: bytes() })).toEqualTypeOf<Queue<Uint8Array>>();
  expectTypeOf(Queue.open('q', { codec: typed(Float64Array) })).toEqualTypeOf<Queue<Float64Array<ArrayBuffer>>>();
  expectTypeOf(Queue.open('q', { codec: reversed })).toEqualTypeOf<Queue<string[]>>();
  expectTypeOf(Queue.open('q', { schema: orderSchema })).toEqualTypeOf<Queue<Order>>();
}

/** A queue hands its type on to whoever sends and receives. */
export function handedOn(): void {
  const producer = orders.producer();
  expectTypeOf(producer).toEqualTypeOf<Producer<Order>>();
  expectTypeOf(producer).toHaveProperty('send').parameter(0).toEqualTypeOf<Order>();
  expectTypeOf(producer).toHaveProperty('trySend').parameter(0).toEqualTypeOf<Order>();
  expectTypeOf(producer)
    .toHaveProperty('sendMany')
    .parameter(0)
    .toEqualTypeOf<Iterable<Order> | AsyncIterable<Order>>();

  const consumer = orders.consumer();
  expectTypeOf(consumer).toEqualTypeOf<Consumer<Order>>();
  expectTypeOf(consumer.receive()).resolves.toEqualTypeOf<Delivery<Order> | undefined>();
  expectTypeOf(consumer.tryReceive()).toEqualTypeOf<Delivery<Order> | undefined>();
  expectTypeOf(consumer).toHaveProperty('run').parameter(0).toEqualTypeOf<RunHandler<Order>>();
  expectTypeOf<Delivery<Order>>().toHaveProperty('value').toEqualTypeOf<Order>();
}

/** Every form of iteration has the type of message in its place. */
export async function iteration(): Promise<void> {
  const consumer = orders.consumer();
  for await (const order of consumer) expectTypeOf(order).toEqualTypeOf<Order>();
  for await (const order of consumer.values()) expectTypeOf(order).toEqualTypeOf<Order>();
  for await (const delivery of consumer.deliveries()) expectTypeOf(delivery).toEqualTypeOf<Delivery<Order>>();
  for await (const batch of consumer.batches({ max: 256 })) expectTypeOf(batch).toEqualTypeOf<Order[]>();
  await consumer.run(async (order, delivery) => {
    expectTypeOf(order).toEqualTypeOf<Order>();
    expectTypeOf(delivery).toEqualTypeOf<Delivery<Order>>();
    await orders.producer().send(order);
  });
}

/** What must not compile. */
export function misuse(): void {
  const producer = orders.producer();
  // @ts-expect-error -- a message of another type
  producer.trySend({ id: '1', total: 9.5 });
  // @ts-expect-error -- a message that lacks a member
  void producer.send({ id: 1 });
  // @ts-expect-error -- a codec of another type than was asked for
  Queue.open<Order>('q', { codec: text() });
  // @ts-expect-error -- a codec and a schema that disagree
  Queue.open('q', { codec: text(), schema: orderSchema });
  // @ts-expect-error -- an array is no typed array
  typed(Array);
  // @ts-expect-error -- a handler for other messages
  void orders.consumer().run((order: string) => order.length);
  // @ts-expect-error -- an option that does not exist
  orders.consumer({ prefech: 1 });
  // @ts-expect-error -- a queue in one thread has no directory
  Queue.local({ dir: 'somewhere' });
}

/** Options can be built step by step: a member that is undefined is one that was not given. */
export const stepByStep: QueueOptions<Order> = { codec: undefined, laneBytes: undefined };
