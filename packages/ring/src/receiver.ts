import { RingwayError, type SegmentHandle } from '@ringway/memory';
import {
  Pending,
  Turn,
  checkWait,
  timeoutError,
  type Idle,
  type IdleStrategy,
  type WaitOptions,
  type Waiting,
} from '@ringway/sync';
import type { Channel } from './channel.js';
import { unlessTruncated } from './truncated.js';

const NO_MESSAGE = 'no message came';

/** How a reader waits. */
export interface WaitStrategy {
  readonly idle: IdleStrategy;
  readonly pollMicroseconds: number;
}

/** What a receiver waits for: one reader's messages, and what it knows of their end. */
export interface Source<D> {
  /** What it is, for messages: "consumer". */
  readonly word: string;
  readonly slot: number;
  readonly closed: boolean;
  /** Whether a handler of `poll` is at work. */
  readonly busy: boolean;
  /** The next one, if there is one now. */
  take(): D | undefined;
  /** It was taken for a wait that was over by then: it is the next one again. */
  putBack(message: D): void;
  /** Nobody is there to be told: the next call that receives throws it. */
  keepFailure(error: RingwayError): void;
  /** For whatever is asked of it when it is closed. */
  closedError(): RingwayError;
  hasEnded(): boolean;
  endSeen(): void;
  /** Before a wait that an end may end. */
  wantEnd(): void;
  lookForDead(): void;
  /** Whether the last {@link Source.take} found nothing before it had looked everywhere. */
  readonly endedEarly: boolean;
  /** It was rung, and has looked in vain: whether the ring was for what only others can take. */
  readonly leavesWork: boolean;
  /** It was rung, and will not look again: whether somebody else must, for what he was rung for is for one of them. */
  readonly oneOfMany: boolean;
}

/**
 * The waits of one reader: who asked first gets the next message. On the event loop any number of them at a time; a
 * blocking one only where none of these is under way.
 */
export class Receiver<D> {
  /** What loops over the reader spend of the event loop's turn, and `receive` with them. */
  readonly turn = new Turn();
  readonly #segment: SegmentHandle;
  readonly #source: Source<D>;
  readonly #idle: Idle;
  readonly #waits: Pending<D | undefined>[] = [];
  #blocking: (() => boolean) | undefined;
  #stopping = false;
  #paused = false;

  constructor(channel: Channel, source: Source<D>, strategy: WaitStrategy) {
    this.#segment = channel.segment;
    this.#source = source;
    this.#idle = channel.newIdle(this.#waiting(channel), strategy.idle, strategy.pollMicroseconds);
  }

  /** Whether the reader was closed. */
  get closed(): boolean {
    return this.#source.closed;
  }

  /** Whether {@link Receiver.stop} was called. */
  get stopping(): boolean {
    return this.#stopping;
  }

  /** Whether nothing is handed out until {@link Receiver.resume}. */
  get paused(): boolean {
    return this.#paused;
  }

  /** From here whoever asks waits. A ring that came meanwhile is passed on. */
  pause(): void {
    this.#paused = true;
    this.#idle.stop();
  }

  resume(): void {
    this.#paused = false;
    if (this.awaited) this.#goOn();
  }

  /** Whether somebody waits on the event loop. */
  get awaited(): boolean {
    return this.#waits.length > 0;
  }

  /** Throws `ERR_RINGWAY_CLOSED`, `ERR_RINGWAY_SEGMENT_TRUNCATED`, and `ERR_RINGWAY_BUSY` inside of a handler of `poll`. */
  check(): void {
    if (this.closed || this.#segment.closed) throw this.#source.closedError();
    this.#segment.assertIntact();
    if (this.#source.busy) {
      throw new RingwayError(
        'ERR_RINGWAY_BUSY',
        `a handler of poll() cannot receive from the same ${this.#source.word}: return first`,
      );
    }
  }

  /** The next message; waits for one. Undefined at the end. */
  receive(options?: WaitOptions): Promise<D | undefined> {
    try {
      this.check();
      checkWait(options);
      if (this.#stopping) return Promise.resolve(undefined);
      if (this.#paused) return this.#enqueue(options);
      if (this.#waits.length === 0 && !this.turn.spent()) {
        const delivery = this.#source.take();
        if (delivery !== undefined) return Promise.resolve(delivery);
        if (this.#atEnd()) return Promise.resolve(undefined);
      } else if (this.#waits.length === 0) return this.#receiveNextTurn(options);
    } catch (error) {
      return Promise.reject(error);
    }
    const promise = this.#enqueue(options);
    // The codec is the user's, and may have paused.
    if (!this.paused) this.#idle.start();
    return promise;
  }

  /** The next message, if there is one now and nobody waits for it. */
  tryReceive(): D | undefined {
    this.check();
    return this.awaited || this.#stopping || this.#paused ? undefined : this.#source.take();
  }

  /** Blocks the thread until `found` is true, or at the end. Throws `ERR_RINGWAY_TIMEOUT`, `ERR_RINGWAY_BUSY`. */
  block(timeout: number | undefined, found: () => boolean): void {
    this.check();
    checkWait({ timeout });
    if (this.#paused) {
      throw new RingwayError(
        'ERR_RINGWAY_BUSY',
        `this ${this.#source.word} is paused, and a blocked thread cannot resume it: call resume()`,
      );
    }
    if (this.#waits.length > 0) {
      throw new RingwayError(
        'ERR_RINGWAY_BUSY',
        'a blocking call cannot overtake a receive() that waits: await that first',
      );
    }
    this.#blocking = found;
    try {
      if (!this.#idle.blockFor(timeout ?? Infinity)) throw timeoutError(NO_MESSAGE, timeout ?? 0);
    } finally {
      this.#blocking = undefined;
    }
  }

  /**
   * After an acknowledgement, for a wait may have been held up by the reader's own claim. Not inside of `poll`, which
   * acknowledges all that was delivered meanwhile: it calls this at its end.
   */
  lookAgain(): void {
    if (!this.#source.busy && this.#idle.active && this.#look()) this.#idle.stop();
  }

  /** Whether a wait keeps the process alive. */
  reference(on: boolean): void {
    this.#idle.reference(on);
  }

  /** From here it is as at the end of the stream. */
  stop(): void {
    this.#stopping = true;
    this.#idle.stop();
    this.#end();
  }

  /** Nothing can come any more: waits reject with this. */
  fail(error: unknown): void {
    this.#idle.stop();
    this.#fail(error);
  }

  /** Before the reader is closed: waits reject with `ERR_RINGWAY_CLOSED`. */
  close(): void {
    this.fail(this.#source.closedError());
  }

  /** How this consumer sleeps (DESIGN P4). */
  #waiting(channel: Channel): Waiting {
    const { slots, doorbells } = channel;
    const { slot } = this.#source;
    return {
      doorbell: slots.doorbell(slot),
      look: () => (this.#blocking === undefined ? this.#look() : this.#blocking() || this.#atEnd()),
      unfinished: () => !this.closed && this.#source.endedEarly,
      lookForDead: () => {
        if (!this.closed) this.#source.lookForDead();
      },
      announce: () => {
        channel.raiseConsumersHigh(slot);
        doorbells.announce(slot);
        // After the announcement: whoever acknowledges last takes this wish away, and rings those who are announced.
        this.#source.wantEnd();
      },
      passOn: () => {
        if (!this.closed && this.#source.leavesWork) doorbells.ringNext(slot);
      },
      failed: (error: unknown) => {
        this.#fail(error);
      },
      withdraw: unlessTruncated((leaving: boolean) => {
        if (this.closed || this.#segment.closed) return;
        if (!doorbells.withdraw(slot) && leaving && this.#source.oneOfMany) doorbells.ringOne();
      }),
    };
  }

  /** Nobody overtakes while the event loop has its turn: what is asked for meanwhile queues up behind this one. */
  #receiveNextTurn(options: WaitOptions | undefined): Promise<D | undefined> {
    void this.turn.next().then(() => {
      if (!this.closed && !this.#paused) this.#goOn();
    });
    return this.#enqueue(options);
  }

  #enqueue(options: WaitOptions | undefined): Promise<D | undefined> {
    const pending = new Pending<D | undefined>(options, NO_MESSAGE, () => {
      const at = this.#waits.indexOf(pending);
      if (at >= 0) this.#waits.splice(at, 1);
      if (this.#waits.length === 0) this.#idle.stop();
    });
    this.#waits.push(pending);
    return pending.promise;
  }

  #goOn(): void {
    if (!this.#look() && !this.#paused) this.#idle.start();
  }

  /** Settles waits, as far as there are messages. True when none is left. */
  #look(): boolean {
    while (!this.closed && !this.#paused) {
      if (this.#waits.length === 0) return true;
      try {
        const delivery = this.#source.take();
        if (delivery !== undefined) {
          this.turn.begin();
          // Not `first`: the codec is the user's, and may have ended that wait.
          const waiting = this.#waits.shift();
          if (waiting === undefined) this.#source.putBack(delivery);
          else waiting.resolve(delivery);
        } else if (!this.#atEnd()) return false;
        else this.#end();
      } catch (error) {
        const waiting = this.#waits.shift();
        if (waiting === undefined) this.#source.keepFailure(error as RingwayError);
        else waiting.reject(error);
      }
    }
    return true;
  }

  #atEnd(): boolean {
    if (this.#stopping) return true;
    if (!this.#source.hasEnded()) return false;
    this.#source.endSeen();
    return true;
  }

  #end(): void {
    for (const pending of this.#waits.splice(0)) pending.resolve(undefined);
  }

  #fail(error: unknown): void {
    for (const pending of this.#waits.splice(0)) pending.reject(error);
  }
}
