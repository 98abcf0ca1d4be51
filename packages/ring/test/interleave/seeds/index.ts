import { blackboardSeeds } from './blackboards.js';
import { lockSeeds } from './locks.js';
import { queueSeeds } from './queues.js';
import type { Seed } from './seed.js';
import { topicSeeds } from './topics.js';

/** All of them. */
export const seeds: readonly Seed[] = [...queueSeeds, ...topicSeeds, ...blackboardSeeds, ...lockSeeds];
