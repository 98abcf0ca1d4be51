// A peer in a worker or in a process: does what it is told by messages, with the pattern of the module that it is given.
import { parentPort, workerData } from 'node:worker_threads';
import { Actor } from './actor.js';
import { failureOf } from './orders.js';
import type { Pattern } from './pattern.js';
import { HANG_UP, type Answered, type Asked } from './remote-peer.js';

/** The way to whoever started this. */
interface Starter {
  answer(answered: Answered): void;
  listen(asked: (asked: Asked | typeof HANG_UP) => void): void;
  /** Keeps nothing alive any more. */
  leave(): void;
}

const starter: Starter =
  parentPort === null
    ? {
        answer: (answered) => process.send?.(answered),
        listen: (asked) => process.on('message', asked),
        leave: () => {
          process.disconnect();
        },
      }
    : {
        answer: parentPort.postMessage.bind(parentPort),
        listen: parentPort.on.bind(parentPort, 'message'),
        leave: parentPort.close.bind(parentPort),
      };

const module = parentPort === null ? process.argv[2] : (workerData as { readonly module: string }).module;
const { pattern } = (await import(module)) as { readonly pattern: Pattern };
const actor = new Actor((name) => pattern.open(name));

/** Does one thing; what fails is told, too. */
async function perform({ id, what, order }: Asked): Promise<void> {
  try {
    starter.answer({ id, answer: await actor.perform(what, order) });
  } catch (error) {
    starter.answer({ id, failure: failureOf(error) });
  }
}

starter.listen((asked) => {
  if (asked === HANG_UP) {
    starter.leave();
    void actor.perform('close', {});
  } else void perform(asked);
});
// Whoever started this process has died: what is open would keep it.
process.once('disconnect', () => void actor.perform('close', {}));
