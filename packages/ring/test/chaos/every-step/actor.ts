import type { Consumer, Delivery, Producer, Queue, QueueOptions, Subscriber, Topic } from '../../../dist/index.js';
import type { KillAtStep } from '../../steps/kill-at-step.js';
import { FLAG_REDELIVERED, FLAG_TORN, INTENDED, Journal, SENT } from '../journal.js';
import { makeMessage, readMessage } from '../message.js';
import { MESSAGE_BYTES, lettersOf, topicGeometry, type Ground, type Sentence } from './protocol.js';

type Bytes = Uint8Array;

/** The instrumented modules, as far as a role needs them: other objects than those that this folder could import. */
export interface Modules {
  readonly Queue: typeof Queue;
  readonly Topic: typeof Topic;
  readonly codec: NonNullable<QueueOptions<Bytes>['codec']>;
}

/** How long a victim waits for a message that somebody else may have taken: only a stop can make it wait in vain. */
const PATIENCE_MS = 300;

/** What the roles are played with: the instrumented queue, and journals that are no steps. */
export class Actor {
  readonly #modules: Modules;
  readonly #steps: KillAtStep;
  readonly #ground: Ground;
  readonly #sentence: Sentence;
  readonly #waits: () => void;
  readonly #sent: Journal;
  readonly #received: Journal;
  readonly #opened: { close(): void }[] = [];
  /** By publisher: the last message that was read. */
  readonly #read = new Map<number, number>();
  #sequence = 0;

  constructor(modules: Modules, steps: KillAtStep, sentence: Sentence, waits: () => void) {
    this.#modules = modules;
    this.#steps = steps;
    this.#ground = sentence.ground;
    this.#sentence = sentence;
    this.#waits = waits;
    this.#sent = new Journal(this.#ground.folder, 'producer', sentence.id);
    this.#received = new Journal(this.#ground.folder, 'consumer', sentence.id);
  }

  /** From here steps are counted. */
  arm(): void {
    const { step, fate, site } = this.#sentence;
    this.#steps.arm(step, fate, site);
  }

  /** Tells the others that it is about to wait for them. */
  waits(): void {
    this.#steps.quietly(this.#waits);
  }

  open(options: QueueOptions<Bytes> = {}): Queue<Bytes> {
    const { name, geometry } = this.#ground;
    const queue = this.#modules.Queue.open<Bytes>(name, { ...geometry, ...options, codec: this.#modules.codec });
    this.#opened.push(queue);
    return queue;
  }

  /** With a queue beside it that takes the dead letters. */
  openWithLetters(): Queue<Bytes> {
    return this.open({ deadLetter: lettersOf(this.#ground.name) });
  }

  openTopic(): Topic<Bytes> {
    const options = { ...topicGeometry(this.#ground), codec: this.#modules.codec };
    const topic = this.#modules.Topic.open<Bytes>(this.#ground.name, options);
    this.#opened.push(topic);
    return topic;
  }

  /** Reads what is there. False if it was disconnected. What others receive of a topic is none of its affair, so nothing is on record. */
  readAll(subscriber: Subscriber<Bytes>): boolean {
    try {
      for (let message = subscriber.tryReceive(); message !== undefined; message = subscriber.tryReceive()) {
        this.#check(message.value);
      }
      return true;
    } catch (error) {
      if ((error as { code?: string }).code !== 'ERR_RINGWAY_SLOW_SUBSCRIBER') throw error;
      return false;
    }
  }

  /** Reads the next message, if one comes. */
  async read(subscriber: Subscriber<Bytes>): Promise<void> {
    try {
      const message = await subscriber.receive({ timeout: PATIENCE_MS });
      if (message !== undefined) this.#check(message.value);
    } catch (error) {
      if (!isTimeout(error)) throw error;
    }
  }

  unlink(): void {
    this.#modules.Queue.unlink(this.#ground.name);
  }

  /** The next messages, on record as intended. */
  messages(count: number, length = MESSAGE_BYTES): Buffer[] {
    return this.#steps.quietly(() => {
      this.#sent.write(INTENDED, this.#sequence + count, 0);
      return Array.from({ length: count }, () => makeMessage(this.#sentence.id, ++this.#sequence, length));
    });
  }

  /** All messages that were made are in shared memory, as the library told. */
  allSent(): void {
    this.#steps.quietly(() => {
      this.#sent.write(SENT, this.#sequence, 0);
    });
  }

  async send(producer: Producer<Bytes>, count: number, length = MESSAGE_BYTES): Promise<void> {
    for (const message of this.messages(count, length)) await producer.send(message);
    this.allSent();
  }

  /** Sends until there is no room; unmakes the message that did not fit. */
  fill(producer: Producer<Bytes>): void {
    for (;;) {
      const [message] = this.messages(1);
      if (!producer.trySend(message)) break;
      this.allSent();
    }
    this.#sequence--;
  }

  /** The next message, on record; undefined if none is left for this one. */
  async take(consumer: Consumer<Bytes>): Promise<Delivery<Bytes> | undefined> {
    try {
      return this.record(await consumer.receive({ timeout: PATIENCE_MS }));
    } catch (error) {
      if (!isTimeout(error)) throw error;
      return undefined;
    }
  }

  takeSync(consumer: Consumer<Bytes>): Delivery<Bytes> | undefined {
    try {
      return this.record(consumer.receiveSync({ timeout: PATIENCE_MS }));
    } catch (error) {
      if (!isTimeout(error)) throw error;
      return undefined;
    }
  }

  record<D extends Delivery<Bytes> | undefined>(delivery: D): D {
    if (delivery !== undefined) this.recordBytes(delivery.value, delivery.redelivered);
    return delivery;
  }

  recordBytes(message: Bytes, redelivered: boolean): void {
    this.#steps.quietly(() => {
      const read = readMessage(message);
      const flags = (redelivered ? FLAG_REDELIVERED : 0) | (read === undefined ? FLAG_TORN : 0);
      this.#received.write(read?.producer ?? 0, read?.sequence ?? 0, flags);
    });
  }

  /** The role is played: leaves. Answers how many steps it took. */
  leave(): number {
    this.#steps.disarm();
    for (const opened of this.#opened) opened.close();
    this.#sent.close();
    this.#received.close();
    return this.#steps.count;
  }

  /** Whole, and behind all that its publisher sent before it. */
  #check(message: Bytes): void {
    this.#steps.quietly(() => {
      const read = readMessage(message);
      if (read === undefined) throw new Error('a message came torn');
      const { producer, sequence } = read;
      const last = this.#read.get(producer) ?? 0;
      if (sequence <= last) throw new Error(`publisher ${producer}: ${sequence} came after ${last}`);
      this.#read.set(producer, sequence);
    });
  }
}

function isTimeout(error: unknown): boolean {
  return (error as { code?: string }).code === 'ERR_RINGWAY_TIMEOUT';
}
