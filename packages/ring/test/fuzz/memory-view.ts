import type { SegmentHandle } from '@ringway/memory';

import { Channel } from '../../dist/channel.js';
import type { ChannelLayout } from '../../dist/layout.js';

/** All that can be written of a segment by who has it mapped. */
export class MemoryView {
  readonly layout: ChannelLayout;
  /** The control area: queue words, slots, lane headers and rows. */
  readonly words: Int32Array;
  readonly floats: Float64Array;
  readonly creationId: string;
  readonly #channel: Channel;

  constructor(segment: SegmentHandle) {
    this.#channel = new Channel(segment);
    this.layout = this.#channel.layout;
    this.words = this.#channel.words;
    this.floats = new Float64Array(this.words.buffer);
    this.creationId = segment.header.creationId;
  }

  /** Index of a lane's header in the words. */
  lane(index: number): number {
    return this.#channel.lane(index).base;
  }

  row(lane: number, consumer: number): number {
    return this.#channel.lane(lane).row(consumer);
  }

  /** The lane itself, in words; only of one that was taken, whose memory is there. */
  frames(lane: number): Int32Array {
    return this.#channel.lane(lane).frames;
  }

  /** Owner word of a slot's present owner. */
  owner(slot: number): number {
    return this.#channel.slots.owner(slot);
  }

  doorbell(slot: number): number {
    return this.#channel.slots.doorbell(slot);
  }

  /** Rings a doorbell, as a peer would. */
  ring(slot: number): void {
    this.#channel.doorbells.ring(slot);
  }
}
