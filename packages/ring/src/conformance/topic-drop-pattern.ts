import { Topic } from '../topic.js';
import type { Pattern } from './pattern.js';
import { localTopic, openTopic, type Subscription } from './topic-handle.js';

/** They begin with the last message that was published before. */
const OVERTAKEN: Subscription = { onSlow: 'drop', history: 1 };

/** `Topic` with subscribers that skip ahead, as the suite wants it. */
export const pattern: Pattern = {
  name: 'topic (drop)',
  module: import.meta.url,
  promises: {
    keeps: 'latest',
    reaches: 'all',
    backPressure: false,
    manySenders: true,
    lateJoin: 'latest',
    atDeath: 'gone',
  },
  open: (name) => openTopic(name, OVERTAKEN),
  local: () => localTopic(OVERTAKEN),
  unlink: (name) => {
    Topic.unlink(name);
  },
};
