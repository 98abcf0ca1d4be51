import { SeededRandom } from './seeded-random.js';

/** Where the kills fall, in numbers of messages. */
export interface KillPlan {
  /**
   * The first consumer to hold this message, or a later one, dies with it: written, not acknowledged. Undefined: there
   * is no message.
   */
  readonly consumerAt: number | undefined;
  /** The producer dies when it has sent this many messages, before the next one. */
  readonly producerAt: number;
}

/** Chooses a consumer's death about halfway, and the producer's some time after it; the same for the same seed. */
export function planKills(messages: number, seed: number): KillPlan {
  const random = new SeededRandom(seed);
  const consumerAt = Math.floor(messages * random.between(0.4, 0.6));
  const producerAt = Math.floor(messages * random.between(0.65, 0.85));
  if (messages === 0) return { consumerAt: undefined, producerAt: 0 };
  return { consumerAt, producerAt: Math.max(producerAt, consumerAt + 1) };
}
