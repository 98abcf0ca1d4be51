import { Topic } from '../topic.js';
import type { Pattern } from './pattern.js';
import { localTopic, openTopic, type Subscription } from './topic-handle.js';

const WAITED_FOR: Subscription = { onSlow: 'block' };

/** `Topic` with subscribers that are waited for, as the suite wants it. */
export const pattern: Pattern = {
  name: 'topic (block)',
  module: import.meta.url,
  promises: {
    keeps: 'every',
    reaches: 'all',
    backPressure: true,
    manySenders: true,
    lateJoin: 'nothing',
    atDeath: 'gone',
  },
  open: (name) => openTopic(name, WAITED_FOR),
  local: () => localTopic(WAITED_FOR),
  unlink: (name) => {
    Topic.unlink(name);
  },
};
