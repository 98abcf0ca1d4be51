import type { IdleStrategy } from '@ringway/sync';
import { bytes } from '../codec.js';
import type { Message } from '../message.js';
import type { SubscriberOptions } from '../options.js';
import { Topic } from '../topic.js';
import type { Handle, Received, Receiver, Sender } from './pattern.js';

/** Soon full. */
const GEOMETRY = { laneBytes: 16_384, maxPublishers: 4, maxSubscribers: 4 };

/** How a pattern's receivers subscribe. */
export type Subscription = Pick<SubscriberOptions, 'onSlow' | 'history'>;

function received(message: Message<Uint8Array>): Received {
  return { bytes: message.value, redelivered: false, settle: () => undefined };
}

function handleOf(topic: Topic<Uint8Array>, subscription: Subscription): Handle {
  return {
    sender(idle: IdleStrategy): Sender {
      return topic.publisher({ idle });
    },
    receiver(idle: IdleStrategy): Receiver {
      const subscriber = topic.subscriber({ ...subscription, idle });
      return {
        receive: async (options) => {
          const message = await subscriber.receive(options);
          return message && received(message);
        },
        tryReceive: () => {
          const message = subscriber.tryReceive();
          return message && received(message);
        },
        close: () => {
          subscriber.close();
        },
      };
    },
    close: () => {
      topic.close();
    },
  };
}

/** Attaches to a topic, or makes it. */
export function openTopic(name: string, subscription: Subscription): Handle {
  return handleOf(Topic.open(name, { codec: bytes(), ...GEOMETRY }), subscription);
}

/** A topic on the heap. */
export function localTopic(subscription: Subscription): Handle {
  return handleOf(Topic.local({ codec: bytes(), ...GEOMETRY }), subscription);
}
