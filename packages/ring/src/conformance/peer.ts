import type { Actor } from './actor.js';
import type { Answers, Orders } from './orders.js';

/** An actor, wherever it is. */
export interface Peer {
  /** Lets it do something. Rejects where it fails, or is gone. */
  ask<K extends keyof Orders>(what: K, order: Orders[K]): Promise<Answers[K]>;
  /** Lets it end. Rejects where it does not end well. */
  end(): Promise<void>;
}

/** One that can die by itself. */
export interface MortalPeer extends Peer {
  /** Ends it without a word, and resolves when it is gone. */
  kill(): Promise<void>;
}

/** An actor in this thread. */
export class SameThreadPeer implements Peer {
  readonly #actor: Actor;

  constructor(actor: Actor) {
    this.#actor = actor;
  }

  ask<K extends keyof Orders>(what: K, order: Orders[K]): Promise<Answers[K]> {
    return this.#actor.perform(what, order);
  }

  async end(): Promise<void> {
    await this.#actor.perform('close', {});
  }
}
