// Checked by every build; never run.
import { Queue, bytes, json, msgpack, text, typed, type Codec } from 'ringway';
import { same } from './same.js';

interface Order {
  readonly id: number;
}

same<Codec<string>>()(text());
same<Codec<Uint8Array>>()(bytes());
same<Codec<unknown>>()(json());
same<Codec<Order>>()(json<Order>());
same<Codec<unknown>>()(msgpack());
same<Codec<Order>>()(msgpack<Order>());
const floats: Codec<Float64Array> = typed(Float64Array);
// @ts-expect-error -- these are 64-bit floats
const words: Codec<Int32Array> = typed(Float64Array);
same<Codec<Float64Array>>()(floats);
same<Codec<Int32Array>>()(words);

// The codec gives a queue its type.
same<Queue<string>>()(Queue.open('a', { codec: text() }));
same<Queue<Order>>()(Queue.open('a', { codec: msgpack<Order>() }));
same<Queue<Uint8Array>>()(Queue.local({ codec: bytes() }));

// Without one it is what the user says, and else unknown.
same<Queue>()(Queue.open('a'));
same<Queue<Order>>()(Queue.open<Order>('a'));
same<Queue<Order>>()(Queue.local<Order>());

// A codec of another type than the queue is none.
// @ts-expect-error -- text() sends strings
Queue.open<Order>('a', { codec: text() });

// A codec of one's own.
const own = {
  name: 'own',
  encode: (value: Order) => Uint8Array.of(value.id),
  decode: (copy: Uint8Array): Order => ({ id: copy[0] }),
};
same<Queue<Order>>()(Queue.open('a', { codec: own }));
// @ts-expect-error -- a codec encodes to bytes
Queue.open('a', { codec: { ...own, encode: (value: Order) => String(value.id) } });
