import type { IdleStrategy } from '@ringway/sync';
import type { Answers, Orders } from './orders.js';
import type { Promises } from './pattern.js';
import type { MortalPeer, Peer } from './peer.js';

/** A sender or a receiver, wherever it is. */
export class Member {
  readonly #peer: Peer;
  readonly #who: string;

  constructor(peer: Peer, who: string) {
    this.#peer = peer;
    this.#who = who;
  }

  /** Lets it do something that one sender or receiver can do. */
  ask<K extends keyof Orders>(what: K, order: Omit<Orders[K], 'who'>): Promise<Answers[K]> {
    return this.#peer.ask(what, { ...order, who: this.#who } as Orders[K]);
  }

  /** What it goes by where it is. */
  get who(): string {
    return this.#who;
  }
}

/** What a scene is made of. */
export interface SceneParts {
  readonly promises: Promises;
  readonly idle: IdleStrategy;
  readonly here: Peer;
  readonly there: Peer;
  /** Name of a new object, which is removed after the cell. */
  readonly newName: () => string;
  /** A fresh peer in the place of `there`, to be killed. */
  readonly newVictim: () => MortalPeer;
}

/** What a case plays in: two participants, and objects that it may open. */
export class Scene {
  readonly promises: Promises;
  readonly here: Peer;
  readonly there: Peer;
  readonly #parts: SceneParts;
  #name = '';
  #members = 0;

  constructor(parts: SceneParts) {
    this.#parts = parts;
    this.promises = parts.promises;
    this.here = parts.here;
    this.there = parts.there;
  }

  /** Which side sends, and which receives: both ways, one after the other. */
  get ways(): readonly (readonly [from: Peer, to: Peer])[] {
    return [
      [this.here, this.there],
      [this.there, this.here],
    ];
  }

  /** Name of the object that is open. */
  get name(): string {
    return this.#name;
  }

  /** Closes what was open, and lets both open a new object. */
  async open(): Promise<void> {
    await this.close();
    this.#name = this.#parts.newName();
    await this.here.ask('open', { name: this.#name });
    await this.there.ask('open', { name: this.#name });
  }

  async close(): Promise<void> {
    await this.here.ask('close', {});
    await this.there.ask('close', {});
  }

  /** A fresh peer that has opened the object, to be killed. */
  async victim(): Promise<MortalPeer> {
    const victim = this.#parts.newVictim();
    await victim.ask('open', { name: this.#name });
    return victim;
  }

  sender(peer: Peer): Promise<Member> {
    return this.#join(peer, 'sender');
  }

  receiver(peer: Peer): Promise<Member> {
    return this.#join(peer, 'receiver');
  }

  async #join(peer: Peer, role: 'sender' | 'receiver'): Promise<Member> {
    const who = `${role} ${this.#members++}`;
    await peer.ask(role, { who, idle: this.#parts.idle });
    return new Member(peer, who);
  }
}
