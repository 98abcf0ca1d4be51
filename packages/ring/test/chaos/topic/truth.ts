import type { Message, Subscriber } from '../../../dist/index.js';
import { readMessage } from '../message.js';
import { KEYS, laneOf } from './scene.js';

/** One message that was published. */
export interface Entry {
  readonly publisher: number;
  readonly sequence: number;
  /** Index of its key. */
  readonly key: number;
}

/**
 * What was published in each lane, in its order: as a subscriber that is waited for, never killed, and there from the beginning has seen it. That it has seen everything is told by the publishers' journals
 * (see judge).
 */
export class Truth {
  readonly lanes = new Map<number, Entry[]>();
  /** Messages that were none, and lanes that hold what no publisher writes. */
  torn = 0;
  count = 0;

  /** Reads until the stream ends. */
  async watch(subscriber: Subscriber<Uint8Array>): Promise<void> {
    for await (const message of subscriber.messages()) this.#add(message);
  }

  #add(message: Message<Uint8Array>): void {
    this.count++;
    const read = readMessage(message.value);
    if (read === undefined) {
      this.torn++;
      return;
    }
    const lane = laneOf(message);
    let entries = this.lanes.get(lane);
    if (entries === undefined) this.lanes.set(lane, (entries = []));
    entries.push({ publisher: read.producer, sequence: read.sequence, key: KEYS.indexOf(message.key) });
  }
}
