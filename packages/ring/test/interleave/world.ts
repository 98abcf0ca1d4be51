import type { Channel } from '../../dist/channel.js';
import type { Consumer } from '../../dist/consumer.js';
import type { Delivery } from '../../dist/delivery.js';
import type { ConsumerOptions, ProducerOptions } from '../../dist/options.js';
import type { ForwardTarget, Forwarder } from '../../dist/forwarder.js';
import type { Producer } from '../../dist/producer.js';
import type { Recovery } from '../../dist/recovery.js';
import type { Returns } from '../../dist/returns.js';
import { ModelSegment, type ModelObject } from './model-segment.js';
import type { Modules } from './modules.js';
import type { Scheduler } from './scheduler.js';
import { EVENT, type Shared } from './shared.js';
import { turnUntil } from './turns.js';

/** One participant's view of the queue, made anew for each run; and what scenarios are written with. */
export class World {
  readonly modules: Modules;
  readonly segment: ModelSegment;
  readonly channel: Channel;
  readonly recovery: Recovery;
  readonly #scheduler: Scheduler;
  readonly #shared: Shared;
  readonly #object: ModelObject;
  #producer: Producer<Uint8Array> | undefined;
  #consumer: Consumer<Uint8Array> | undefined;
  #copies: Producer<Uint8Array> | undefined;

  constructor(modules: Modules, scheduler: Scheduler, shared: Shared, object: ModelObject) {
    this.modules = modules;
    this.#scheduler = scheduler;
    this.#shared = shared;
    this.#object = object;
    this.segment = new ModelSegment(scheduler, shared, object);
    this.channel = new modules.Channel(this.segment);
    this.recovery = new modules.Recovery(this.channel, () => undefined);
  }

  /** This participant's producer; joins at the first call. */
  producer(options: ProducerOptions = {}): Producer<Uint8Array> {
    const { channel, recovery, modules } = this;
    return (this.#producer ??= new modules.Producer(
      { channel, recovery, codec: modules.bytes(), closed: () => undefined },
      { idle: 'park', ...options },
    ));
  }

  /** This participant's consumer; joins at the first call. */
  consumer(options: ConsumerOptions = {}): Consumer<Uint8Array> {
    const { channel, recovery, modules } = this;
    const context = { channel, recovery, codec: modules.bytes(), returns: this.#returns() };
    return (this.#consumer ??= new modules.Consumer(
      { ...context, closed: () => undefined, corrupt: () => false, lettersFailed: () => false },
      { idle: 'park', ...options },
    ));
  }

  /** Where messages go that this participant's consumer sends back: onto a lane of its own. */
  #returns(): Returns {
    const { channel, recovery, modules } = this;
    const named = (): never => {
      throw new Error('the dead letters have no name that could be opened');
    };
    return new modules.Returns({
      queue: 'model',
      copies: () =>
        (this.#copies ??= new modules.Producer(
          { channel, recovery, codec: modules.bytes(), closed: () => undefined, aside: true },
          { idle: 'park' },
        )),
      deadLetters: new modules.DeadLetters('model', '', 'bytes', this.#letters(), named),
      maxDeliveries: undefined,
      told: () => undefined,
    });
  }

  /** The queue of the dead letters, in one step: what it is given it has, whoever dies. What it does with it is explored elsewhere: it is a queue. */
  #letters(): ForwardTarget {
    const forwarder: Forwarder = {
      closed: false,
      close: () => undefined,
      tryForward: (payload) => {
        this.#scheduler.work();
        this.say(EVENT.buried, numberOf(payload));
        return true;
      },
    };
    return {
      ...{ name: 'letters', codecName: 'bytes', creationId: 'letters' },
      forwarder: () => forwarder,
      close: () => undefined,
    };
  }

  /** Another handle of the same participant, for another producer or consumer. */
  again(): World {
    return new World(this.modules, this.#scheduler, this.#shared, this.#object);
  }

  /** Leaves with everything that it has. */
  leave(): void {
    this.#producer?.close();
    this.#consumer?.close();
    this.#copies?.close();
  }

  /** Sends if there is room, and says so. */
  trySend(number: number, bytes = 8): boolean {
    const producer = this.producer();
    this.say(EVENT.tried, number);
    const sent = producer.trySend(messageOf(number, bytes));
    if (sent) this.say(EVENT.sent, number);
    return sent;
  }

  /** Sends; blocks while there is no room. */
  send(number: number, bytes = 8): void {
    const producer = this.producer();
    this.say(EVENT.tried, number);
    producer.sendSync(messageOf(number, bytes));
    this.say(EVENT.sent, number);
  }

  /** Sends; waits on the event loop while there is no room. */
  async sendOnLoop(number: number, bytes = 8): Promise<void> {
    this.say(EVENT.tried, number);
    await this.until(this.producer().send(messageOf(number, bytes)));
    this.say(EVENT.sent, number);
  }

  /** Receives; waits on the event loop while there is none. */
  async receiveOnLoop(): Promise<Delivery<Uint8Array> | undefined> {
    const delivery = await this.until(this.consumer().receive());
    if (delivery === undefined) this.say(EVENT.ended, 0);
    else this.got(delivery);
    return delivery;
  }

  /** Receives one message if it is there, and says so. */
  tryReceive(): Delivery<Uint8Array> | undefined {
    const delivery = this.consumer().tryReceive();
    if (delivery !== undefined) this.got(delivery);
    return delivery;
  }

  /** Receives; blocks while there is none. Undefined at the end of the stream. */
  receive(): Delivery<Uint8Array> | undefined {
    const delivery = this.consumer().receiveSync();
    if (delivery === undefined) this.say(EVENT.ended, 0);
    else this.got(delivery);
    return delivery;
  }

  /** Waits on the event loop until everything is acknowledged. */
  async drained(): Promise<void> {
    await this.until(new this.modules.Drains().wait(this.channel, this.recovery, undefined));
  }

  /** Says that a message came. */
  got(delivery: Delivery<Uint8Array>): void {
    const { redelivered, attempts } = delivery;
    const event = attempts > 1 ? EVENT.redelivered : EVENT.late;
    this.say(redelivered ? event : EVENT.got, numberOf(delivery.value));
  }

  ack(delivery: Delivery<Uint8Array>): void {
    // From here it counts as handled: if this participant is killed before the acknowledgement is done, it may come again, or not.
    this.say(EVENT.acking, numberOf(delivery.value));
    delivery.ack();
    this.say(EVENT.acked, numberOf(delivery.value));
  }

  /** Sends a message back. */
  nack(delivery: Delivery<Uint8Array>): void {
    this.say(EVENT.back, numberOf(delivery.value));
    delivery.nack();
  }

  /** Gives a message to the dead letters. */
  reject(delivery: Delivery<Uint8Array>): void {
    delivery.reject();
    // There is always room for it, and it is acknowledged.
    this.say(EVENT.acked, numberOf(delivery.value));
  }

  /** Turns of the event loop until the promise is settled. */
  until<T>(promise: Promise<T>): Promise<T> {
    return turnUntil(this.segment, promise);
  }

  /** Tells who waits for it, outside of the queue. */
  signal(bit = 0): void {
    this.#scheduler.signal(bit);
  }

  /** Blocks until it is signalled: so that no leaving, which rings everybody, hides that somebody was not rung. */
  awaitSignal(bit = 0): void {
    this.#scheduler.awaitSignal(bit);
  }

  say(event: number, number: number): void {
    this.#scheduler.log(event, number);
  }
}

/** A message that tells whether it is whole. */
export function messageOf(number: number, bytes = 8): Uint8Array {
  const message = new Uint8Array(bytes).fill(number & 0xff);
  new DataView(message.buffer).setUint32(0, number, true);
  return message;
}

/** The number of a message; -1 if it is not whole. */
export function numberOf(message: Uint8Array): number {
  if (message.length < 8) return -1;
  const number = new DataView(message.buffer, message.byteOffset).getUint32(0, true);
  for (let i = 4; i < message.length; i++) if (message[i] !== (number & 0xff)) return -1;
  return number;
}
