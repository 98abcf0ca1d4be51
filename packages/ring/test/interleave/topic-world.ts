import type { Channel } from '../../dist/channel.js';
import type { Gap, Message } from '../../dist/message.js';
import type { ProducerOptions, SubscriberOptions } from '../../dist/options.js';
import type { Producer } from '../../dist/producer.js';
import type { Recovery } from '../../dist/recovery.js';
import type { Subscriber } from '../../dist/subscriber.js';
import { ModelSegment, type ModelObject } from './model-segment.js';
import type { Modules } from './modules.js';
import type { Scheduler } from './scheduler.js';
import { EVENT, type Shared } from './shared.js';
import { turnUntil } from './turns.js';
import { messageOf, numberOf } from './world.js';

/** What a subscriber of a model receives. */
export type Received = Message<Uint8Array> | Gap;

/** One participant's view of a topic, made anew for each run; and what scenarios are written with. */
export class TopicWorld {
  readonly modules: Modules;
  readonly segment: ModelSegment;
  readonly channel: Channel;
  readonly recovery: Recovery;
  readonly #scheduler: Scheduler;
  #publisher: Producer<Uint8Array> | undefined;
  #subscriber: Subscriber<Uint8Array, Gap> | undefined;

  constructor(modules: Modules, scheduler: Scheduler, shared: Shared, object: ModelObject) {
    this.modules = modules;
    this.#scheduler = scheduler;
    this.segment = new ModelSegment(scheduler, shared, object);
    this.channel = new modules.Channel(this.segment);
    this.recovery = new modules.Recovery(this.channel, () => undefined);
  }

  /** This participant's publisher; joins at the first call. */
  publisher(options: ProducerOptions = {}): Producer<Uint8Array> {
    const { channel, recovery, modules } = this;
    return (this.#publisher ??= new modules.Producer(
      { channel, recovery, codec: modules.bytes(), closed: () => undefined },
      { idle: 'park', ...options },
    ));
  }

  /** This participant's subscriber; joins at the first call, and says that it has. */
  subscriber(options: SubscriberOptions = {}): Subscriber<Uint8Array, Gap> {
    const { channel, recovery, modules } = this;
    if (this.#subscriber === undefined) {
      this.#subscriber = new modules.Subscriber<Uint8Array, Gap>(
        {
          channel,
          recovery,
          codec: modules.bytes(),
          closed: () => undefined,
          corrupt: () => false,
          missed: () => undefined,
        },
        { idle: 'park', gaps: true, ...options },
      );
      this.say(EVENT.joined, 0);
    }
    return this.#subscriber;
  }

  /** Leaves with everything that it has. */
  leave(): void {
    this.#publisher?.close();
    this.#subscriber?.close();
  }

  /** Publishes; blocks while there is no room. */
  send(number: number, bytes = 8): void {
    const publisher = this.publisher();
    this.say(EVENT.tried, number);
    publisher.sendSync(messageOf(number, bytes));
    this.say(EVENT.sent, number);
  }

  /** Publishes if there is room. */
  trySend(number: number, bytes = 8): boolean {
    const publisher = this.publisher();
    this.say(EVENT.tried, number);
    const sent = publisher.trySend(messageOf(number, bytes));
    if (sent) this.say(EVENT.sent, number);
    return sent;
  }

  /** No more will come. */
  end(): void {
    // Nothing waits, so it is done when this returns; what it threw would be told by whoever waits.
    void this.publisher().end();
  }

  /** Receives; blocks while there is none. Undefined at the end of the stream. */
  receive(): Received | undefined {
    const received = this.subscriber().receiveSync();
    if (received === undefined) this.say(EVENT.ended, 0);
    else this.#got(received);
    return received;
  }

  /** Receives what is there. */
  tryReceive(): Received | undefined {
    const received = this.subscriber().tryReceive();
    if (received !== undefined) this.#got(received);
    return received;
  }

  /** Receives until the stream ends. False if it was disconnected. */
  receiveToTheEnd(): boolean {
    try {
      while (this.receive() !== undefined);
      return true;
    } catch (error) {
      const { RingwayError } = this.modules;
      if (!(error instanceof RingwayError) || error.code !== 'ERR_RINGWAY_SLOW_SUBSCRIBER') throw error;
      this.say(EVENT.refused, 0);
      return false;
    }
  }

  until<T>(promise: Promise<T>): Promise<T> {
    return turnUntil(this.segment, promise);
  }

  signal(bit = 0): void {
    this.#scheduler.signal(bit);
  }

  awaitSignal(bit = 0): void {
    this.#scheduler.awaitSignal(bit);
  }

  say(event: number, number: number): void {
    this.#scheduler.log(event, number);
  }

  #got(received: Received): void {
    if (received instanceof this.modules.Gap) this.say(EVENT.missed, received.missed);
    else this.say(EVENT.got, numberOf((received as Message<Uint8Array>).value));
  }
}
