// A process that plays a role with instrumented modules and meets its fate at one of its steps. Started ahead: it has loaded the modules, and waits for its order.
import { writeSync } from 'node:fs';

import { KillAtStep } from '../../steps/kill-at-step.js';
import { Actor, type Modules } from './actor.js';
import { WORD_FD, type Sentence, type Word } from './protocol.js';
import { ROLES } from './roles.js';

const steps = new KillAtStep(
  (place) => {
    say({ place });
  },
  () => {
    say({ resumed: String(process.hrtime.bigint()) });
  },
);
const [global, queueUrl, topicUrl, codecUrl] = process.argv.slice(2);
steps.install(global);
const { Queue } = (await import(queueUrl)) as Pick<Modules, 'Queue'>;
const { Topic } = (await import(topicUrl)) as Pick<Modules, 'Topic'>;
const { bytes } = (await import(codecUrl)) as { bytes: () => Modules['codec'] };

/** Written at once, whatever becomes of this process. */
function say(word: Word): void {
  writeSync(WORD_FD, `${JSON.stringify(word)}\n`);
}

async function play(sentence: Sentence): Promise<number> {
  const actor = new Actor({ Queue, Topic, codec: bytes() }, steps, sentence, () => {
    say({ waits: true });
  });
  await ROLES[sentence.role](actor);
  return actor.leave();
}

process.on('message', (sentence: Sentence) => {
  play(sentence).then(
    (done) => {
      say({ done });
    },
    (error: unknown) => {
      steps.disarm();
      say({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    },
  );
});
process.on('disconnect', () => {
  process.exit(0);
});
say({ ready: true });
