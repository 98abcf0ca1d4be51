import type { ChannelMessage } from './channel-message.js';
import { runWorker } from './lifeline.js';
import { SequenceCheck } from './sequence-check.js';
import { readArguments, requireMilestones } from './worker-options.js';

const options = readArguments();
void runWorker(
  options,
  (lifeline) =>
    new Promise((resolve, reject) => {
      const sequence = new SequenceCheck(requireMilestones(options));
      process.on('message', ({ number, block }: ChannelMessage) => {
        try {
          if (sequence.check(number, block.length)) lifeline.report({ type: 'received', messages: sequence.received });
          if (sequence.complete) resolve();
        } catch (error) {
          reject(error);
        }
      });
      lifeline.report({ type: 'ready' });
    }),
);
