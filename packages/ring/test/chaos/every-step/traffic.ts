import { Queue, Topic, bytes, type Producer } from '../../../dist/index.js';
import { topicGeometry, type Ground } from './protocol.js';

/** What came, and who need not settle it does nothing by `ack`. */
export interface Taken {
  readonly value: Uint8Array;
  readonly redelivered: boolean;
  ack(): void;
}

/** A queue or a topic of one point, as those see it who play it with the plain modules. */
export interface Traffic {
  producer(label: string): Producer<Uint8Array>;
  /** Joins as one to whom everything comes, or as one of those who share it. */
  receiver(): { receive(): Promise<Taken | undefined> };
  drained(timeout: number): Promise<void>;
  /** Changes with each message that is sent, and with each that somebody is done with. */
  progress(): number;
  /** For people. */
  tell(): string;
  /** Fills every place, sends through every lane, and leaves. Throws where it is not as good as new. */
  prove(): void;
  close(): void;
}

/** Weight of what was published among what changes. */
const PUBLISHED = 2 ** 31;

/** Opens it, or makes it. */
export function openTraffic(ground: Ground): Traffic {
  return ground.kind === 'queue' ? new QueueTraffic(ground) : new TopicTraffic(ground);
}

function assertNobody(left: object, isEmpty: boolean): void {
  if (!isEmpty) throw new Error(`somebody or something is left: ${JSON.stringify(left)}`);
}

class QueueTraffic implements Traffic {
  readonly #ground: Ground;
  readonly #queue: Queue<Uint8Array>;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#queue = Queue.open(ground.name, { ...ground.geometry, codec: bytes() });
  }

  producer(label: string): Producer<Uint8Array> {
    return this.#queue.producer({ label, idle: 'park' });
  }

  receiver(): { receive(): Promise<Taken | undefined> } {
    return this.#queue.consumer({ idle: 'park', prefetch: 4 });
  }

  drained(timeout: number): Promise<void> {
    return this.#queue.drained({ timeout });
  }

  progress(): number {
    return this.#queue.stats().lanes.reduce((sum, lane) => sum + lane.publishedMessages + lane.acknowledgedMessages, 0);
  }

  tell(): string {
    return JSON.stringify(this.#queue.stats());
  }

  prove(): void {
    const queue = this.#queue;
    const { maxConsumers = 0, maxProducers = 0 } = this.#ground.geometry;
    const consumers = Array.from({ length: maxConsumers }, () => queue.consumer({ prefetch: 1 }));
    const producers = Array.from({ length: maxProducers }, () => queue.producer());
    for (const producer of producers) if (!producer.trySend(Buffer.of(1))) throw new Error('an empty lane has no room');
    let received = 0;
    for (let found = true; found;) {
      found = false;
      for (const consumer of consumers) {
        const delivery = consumer.tryReceive();
        if (delivery === undefined) continue;
        if (delivery.value.length !== 1 || delivery.redelivered) throw new Error('a message that was left over');
        delivery.ack();
        received++;
        found = true;
      }
    }
    if (received !== producers.length) throw new Error(`${received} of ${producers.length} messages came`);
    for (const { backlogBytes, lane } of queue.stats().lanes) {
      if (backlogBytes !== 0) throw new Error(`lane ${lane} is not drained: ${backlogBytes} bytes`);
    }
    for (const producer of producers) producer.close();
    for (const consumer of consumers) consumer.close();
    const { producers: left, consumers: waiting, lanes } = queue.stats();
    const used = lanes.filter(({ state }) => state !== 'free');
    assertNobody({ left, waiting, used }, left.length + waiting.length + used.length === 0);
  }

  close(): void {
    this.#queue.close();
  }
}

class TopicTraffic implements Traffic {
  readonly #ground: Ground;
  readonly #topic: Topic<Uint8Array>;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#topic = Topic.open(ground.name, { ...topicGeometry(ground), codec: bytes() });
  }

  producer(label: string): Producer<Uint8Array> {
    return this.#topic.publisher({ label, idle: 'park' });
  }

  receiver(): { receive(): Promise<Taken | undefined> } {
    const subscriber = this.#topic.subscriber({ onSlow: 'block', idle: 'park' });
    return {
      receive: async () => {
        const message = await subscriber.receive();
        return message && { value: message.value, redelivered: false, ack: () => undefined };
      },
    };
  }

  drained(timeout: number): Promise<void> {
    return this.#topic.drained({ timeout });
  }

  progress(): number {
    return this.#topic
      .stats()
      .lanes.reduce((sum, lane) => sum + lane.publishedMessages * PUBLISHED + lane.heldBytes, 0);
  }

  tell(): string {
    return JSON.stringify(this.#topic.stats());
  }

  prove(): void {
    const topic = this.#topic;
    const { maxSubscribers, maxPublishers } = topicGeometry(this.#ground);
    const subscribers = Array.from({ length: maxSubscribers }, () => topic.subscriber());
    const publishers = Array.from({ length: maxPublishers }, () => topic.publisher());
    for (const publisher of publishers) if (!publisher.trySend(Buffer.of(1))) throw new Error('a lane has no room');
    for (const subscriber of subscribers) {
      let received = 0;
      for (let message = subscriber.tryReceive(); message !== undefined; message = subscriber.tryReceive()) {
        if (message.value.length !== 1) throw new Error('a message that was left over');
        received++;
      }
      if (received !== publishers.length) throw new Error(`${received} of ${publishers.length} messages came`);
    }
    for (const publisher of publishers) publisher.close();
    for (const subscriber of subscribers) subscriber.close();
    // Lanes stay whose they were, for who comes late; nobody may hold anything in them.
    const { publishers: left, subscribers: waiting, lanes } = topic.stats();
    const held = lanes.filter(({ heldBytes }) => heldBytes > 0);
    assertNobody({ left, waiting, held }, left.length + waiting.length + held.length === 0);
  }

  close(): void {
    this.#topic.close();
  }
}
