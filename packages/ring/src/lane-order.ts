import type { Channel } from './channel.js';

/** Priorities are read again after so many looks: a lane may have got another producer. */
const LOOKS_PER_REFRESH = 64;
/** One look in so many goes round all lanes alike, so that none starves. */
const LOOKS_PER_FAIR = 16;

/**
 * In which order one consumer looks at the lanes, where some have a priority: higher ones first, those of the same priority in turn. Every 16th time all in turn. What stands in the lanes' words is
 * another process's, and decides the order only.
 */
export class LaneOrder {
  readonly #channel: Channel;
  #lanes: number[] = [];
  #priorities: number[] = [];
  #looks = 0;
  #turn = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** The lanes, for one look. The same array each time. */
  next(): readonly number[] {
    const high = this.#channel.lanesHigh;
    if (high !== this.#lanes.length || this.#looks % LOOKS_PER_REFRESH === 0) this.#refresh(high);
    this.#looks++;
    if (this.#looks % LOOKS_PER_FAIR === 0) this.#rotateAll();
    else if (this.#looks % LOOKS_PER_FAIR === 1) this.#sort();
    return this.#lanes;
  }

  /** Something of this lane was taken, and others of its priority are to be looked at first. */
  taken(lane: number): void {
    const at = this.#lanes.indexOf(lane);
    if (at < 0) return;
    let end = at + 1;
    while (end < this.#lanes.length && this.#priorities[this.#lanes[end]] === this.#priorities[lane]) end++;
    this.#lanes.splice(end - 1, 0, ...this.#lanes.splice(at, 1));
  }

  #refresh(high: number): void {
    const known = this.#lanes.filter((lane) => lane < high);
    this.#priorities = Array.from({ length: high }, (_, lane) => this.#channel.lane(lane).priority);
    for (let lane = 0; lane < high; lane++) if (!known.includes(lane)) known.push(lane);
    this.#lanes = known;
    this.#sort();
  }

  /** Stable: those of the same priority stay in their turn. */
  #sort(): void {
    this.#lanes.sort((a, b) => this.#priorities[b] - this.#priorities[a]);
  }

  #rotateAll(): void {
    const { length } = this.#lanes;
    if (length === 0) return;
    this.#turn = (this.#turn + 1) % length;
    this.#lanes = Array.from({ length }, (_, at) => (this.#turn + at) % length);
  }
}
