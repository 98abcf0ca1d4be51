import { Queue } from 'ringway';
import type { Case } from '../cases.js';
import { queueNames } from '../peers/ringway-pair.js';
import type { RunOptions, Setup, System } from '../system.js';
import { runName } from './names.js';
import { nodeCommand } from './node-command.js';

/** Ringway itself, with default options: queues between two processes of Node. */
export const ringway: System = {
  name: 'ringway',
  takes: () => true,
  ready: () => Promise.resolve(),
  prepare(asked: Case, { spoil, nodeArguments }: RunOptions): Setup {
    const place = runName();
    const { there, back } = queueNames(place);
    const names = asked.scenario === 'rtt' ? [there, back] : [place];
    const unlink = (): void => {
      for (const name of names) Queue.unlink(name);
    };
    const command = (role: 'sender' | 'receiver'): Setup['sender'] =>
      nodeCommand({ system: 'ringway', role, case: asked, place, spoil }, nodeArguments);
    // Without their names the queues go when both processes do, however they go.
    return { sender: command('sender'), receiver: command('receiver'), joined: unlink, dispose: unlink };
  },
};
