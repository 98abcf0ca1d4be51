import type { IdleStrategy } from '@ringway/sync';
import { bytes } from '../codec.js';
import type { Delivery } from '../delivery.js';
import { Queue } from '../queue.js';
import type { Handle, Pattern, Received, Receiver, Sender } from './pattern.js';

/** Soon full. */
const GEOMETRY = { laneBytes: 16_384, maxProducers: 4, maxConsumers: 4 };

function received(delivery: Delivery<Uint8Array>): Received {
  return {
    bytes: delivery.value,
    redelivered: delivery.redelivered,
    settle: () => {
      delivery.ack();
    },
  };
}

function handleOf(queue: Queue<Uint8Array>): Handle {
  return {
    sender(idle: IdleStrategy): Sender {
      return queue.producer({ idle });
    },
    receiver(idle: IdleStrategy): Receiver {
      const consumer = queue.consumer({ idle });
      return {
        receive: async (options) => {
          const delivery = await consumer.receive(options);
          return delivery && received(delivery);
        },
        tryReceive: () => {
          const delivery = consumer.tryReceive();
          return delivery && received(delivery);
        },
        close: () => {
          consumer.close();
        },
      };
    },
    close: () => {
      queue.close();
    },
  };
}

/** `Queue`, as the suite wants it. */
export const pattern: Pattern = {
  name: 'queue',
  module: import.meta.url,
  promises: {
    keeps: 'every',
    reaches: 'one',
    backPressure: true,
    manySenders: true,
    lateJoin: 'everything',
    atDeath: 'redelivered',
  },
  open: (name) => handleOf(Queue.open(name, { codec: bytes(), ...GEOMETRY })),
  local: () => handleOf(Queue.local({ codec: bytes(), ...GEOMETRY })),
  unlink: (name) => {
    Queue.unlink(name);
  },
};
