import type { Post } from './crew.js';
import type { KillPlan } from './kill-plan.js';
import type { Workshop } from './workshop.js';

/** What the posts of a job depend on. */
export interface PostsPlan {
  readonly workshop: Workshop;
  readonly file: string;
  /** The kind of messages: decides which programs are started. */
  readonly kind: 'block' | 'line';
  readonly consumers: number;
  readonly kills: KillPlan | undefined;
  readonly pauseMs: number;
}

/** Consumers first, then the producer. */
export function posts({ workshop, file, kind, consumers, kills, pauseMs }: PostsPlan): Post[] {
  const consuming = Array.from({ length: consumers }, (_, index): Post => {
    const name = `consumer ${index + 1}`;
    const options = { ...workshop, label: `receiver ${index + 1}`, askAt: kills?.consumerAt };
    return { role: 'consumer', name, program: `./${kind}-consumer.js`, options };
  });
  const options = { ...workshop, file, askAt: kills?.producerAt, pauseMs };
  return [...consuming, { role: 'producer', name: 'producer', program: `./${kind}-producer.js`, options }];
}
