import { RingwayError } from '@ringway/memory';
import { Pending, timeoutError, type Idle, type IdleStrategy, type WaitOptions } from '@ringway/sync';
import type { Channel } from './channel.js';
import { outgoingLength, type Outgoing, type ProducerCore } from './producer-core.js';
import type { Recovery } from './recovery.js';

const NO_ROOM = 'there was no room in the lane';
/**
 * Who sleeps because the lane is full is woken when this part of it is free: so it is worth a wake-up, which costs both sides more than hundreds of messages. But it is patient for so many
 * milliseconds only: a reader may hold on to what it has until it gets what would be sent next.
 */
const WORTH_WAKING = 1 / 4;
const PATIENCE_MS = 5;

interface PendingSend {
  /** Undefined: only room for `length` is waited for (`ready`, `reserve`, `end`). */
  readonly outgoing: Outgoing | undefined;
  readonly length: number;
  readonly pending: Pending<void>;
}

/** What waits for room in one producer's lane, in the order of the calls (P5), and the wait for it. */
export class SendQueue<T> {
  readonly #core: ProducerCore<T>;
  readonly #idle: Idle;
  readonly #sends: PendingSend[] = [];
  #held = false;
  /** Whether the next sleep is one that waits for more than it needs. */
  #patient = true;
  /** Longest sleep of the blocking form. */
  #sleepMs = Infinity;
  #blocking = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    core: ProducerCore<T>,
    channel: Channel,
    recovery: Recovery,
    idle: IdleStrategy,
    pollMicroseconds: number,
  ) {
    this.#core = core;
    const sleepMs = (): number => this.#sleepMs;
    const waiting = {
      doorbell: channel.slots.doorbell(core.slot),
      look: () => this.#look(),
      lookForDead: () => {
        recovery.sweep(undefined);
      },
      announce: () => {
        this.#wish();
      },
      get sliceMs() {
        return sleepMs();
      },
      passOn: () => undefined,
      failed: (error: unknown) => {
        this.rejectAll(error);
      },
      withdraw: () => {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        core.wantNothing();
      },
    };
    this.#idle = channel.newIdle(waiting, idle, pollMicroseconds);
    core.onLaneGoing((error) => {
      this.rejectAll(error);
    });
  }

  /** Whether something waits. */
  get waiting(): boolean {
    return this.#sends.length > 0;
  }

  /**
   * Waits until there is room, and then writes `outgoing`, if it is given. An abort or a timeout has published nothing. Throws what {@link ProducerCore.check} throws: then
   * nothing would ever end the wait.
   */
  enqueue(outgoing: Outgoing | undefined, length: number, options: WaitOptions | undefined): Promise<void> {
    this.#check(outgoing);
    this.#core.writer.countWait();
    const pending = new Pending<void>(options, NO_ROOM, () => {
      if (!this.#remove(waiting)) return;
      // The room that is wished for was that of the first one: the next may need less.
      this.#idle.stop();
      if (!this.#look()) this.#idle.start();
    });
    // The codec may use its buffer again before there is room.
    const kept = outgoing === undefined ? undefined : { ...outgoing, payload: new Uint8Array(outgoing.payload) };
    const waiting: PendingSend = { outgoing: kept, length, pending };
    this.#sends.push(waiting);
    this.#settle();
    if (!this.#held) this.#idle.start();
    return pending.promise;
  }

  /** The same, blocking the thread. Throws `ERR_RINGWAY_BUSY` where something waits on the event loop, `ERR_RINGWAY_TIMEOUT`. */
  enqueueSync(outgoing: Outgoing, timeout: number): void {
    this.#check(outgoing);
    if (this.#idle.active || this.#core.busy()) {
      this.#core.discard(outgoing);
      throw new RingwayError(
        'ERR_RINGWAY_BUSY',
        'sendSync cannot overtake a send() that waits, or a reservation: await the one, publish or cancel the other first',
      );
    }
    const pending = new Pending<void>(undefined, NO_ROOM, () => undefined);
    const waiting: PendingSend = { outgoing, length: outgoingLength(outgoing), pending };
    this.#sends.push(waiting);
    this.#settle();
    // The promise is nobody's: what goes wrong is thrown below.
    pending.promise.then(
      () => undefined,
      () => undefined,
    );
    let sent = false;
    try {
      this.#core.writer.countWait();
      this.#blocking = true;
      sent = this.#idle.blockFor(timeout);
    } finally {
      this.#blocking = false;
      if (!sent) this.#remove(waiting);
    }
    if (!sent) throw timeoutError(NO_ROOM, timeout);
    if (pending.failure !== undefined) throw pending.failure.error;
  }

  /** A reservation is open: what waits goes on waiting. */
  hold(): void {
    this.#held = true;
    this.#settle();
  }

  /** It is settled: goes on with what waits. */
  letGo(): void {
    this.#held = false;
    this.#settle();
    if (!this.#look()) this.#idle.start();
  }

  /** As on sockets: whether a wait keeps the process alive. */
  reference(on: boolean): void {
    this.#idle.reference(on);
  }

  /** Ends the wait; what waits is rejected by {@link SendQueue.rejectAll}. */
  stop(): void {
    this.#idle.stop();
  }

  /** None of those that wait was sent. */
  rejectAll(error: unknown): void {
    const rejected = this.#sends.splice(0);
    this.#settle();
    for (const { outgoing, pending } of rejected) {
      if (outgoing !== undefined) this.#core.discard(outgoing);
      pending.reject(error);
    }
  }

  /** What is wished for before a sleep. */
  #wish(): void {
    const { length } = this.#sends[0];
    this.#core.wantRoom(length, this.#patient ? WORTH_WAKING : 0);
    this.#sleepMs = this.#patient ? PATIENCE_MS : Infinity;
    if (this.#patient && !this.#blocking) this.#timer = setTimeout(this.#hurry, PATIENCE_MS).unref();
    this.#patient = false;
  }

  /** Patience is over: looks, and wishes for what it needs. */
  readonly #hurry = (): void => {
    this.#timer = undefined;
    if (!this.#idle.active || this.#sends.length === 0 || !this.#core.open) return;
    this.#idle.stop();
    if (!this.#look()) this.#idle.start();
  };

  /** Throws what {@link ProducerCore.check} throws: what was prepared is not sent then. */
  #check(outgoing: Outgoing | undefined): void {
    try {
      this.#core.check();
    } catch (error) {
      if (outgoing !== undefined) this.#core.discard(outgoing);
      throw error;
    }
  }

  #remove(waiting: PendingSend): boolean {
    const at = this.#sends.indexOf(waiting);
    if (at < 0) return false;
    this.#sends.splice(at, 1);
    this.#settle();
    if (waiting.outgoing !== undefined) this.#core.discard(waiting.outgoing);
    return true;
  }

  /** After every change of what waits. */
  #settle(): void {
    this.#core.setBusy(this.#held || this.#sends.length > 0);
  }

  /** Writes what waits, as far as there is room. True when nothing waits any more. */
  #look(): boolean {
    while (this.#core.open && !this.#held) {
      const first = this.#sends.at(0);
      if (first === undefined) break;
      try {
        const done = first.outgoing === undefined ? this.#core.fits(first.length) : this.#core.write(first.outgoing);
        if (!done) return false;
        this.#sends.shift();
        this.#settle();
        this.#patient = true;
        first.pending.resolve();
      } catch (error) {
        // The lane is lost: none of those that wait was sent, and what they spilled belongs to the old lane.
        this.rejectAll(error);
      }
    }
    return true;
  }
}
