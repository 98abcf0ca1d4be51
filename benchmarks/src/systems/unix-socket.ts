import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Case } from '../cases.js';
import type { RunOptions, Setup, System } from '../system.js';
import { runName } from './names.js';
import { nodeCommand } from './node-command.js';

/**
 * What a Node user has without any package: `node:net` over a Unix socket, each message with its length before it. It
 * can wait in one way only, in the kernel; so it takes part wherever event loops wait for each other, however Ringway
 * waits there.
 */
export const unixSocket: System = {
  name: 'unix-socket',
  takes: (asked: Case) => asked.scenario === 'throughput' || asked.params.idle !== 'spin',
  ready: () => Promise.resolve(),
  prepare(asked: Case, { spoil, nodeArguments }: RunOptions): Setup {
    const directory = mkdtempSync(join(tmpdir(), `${runName()}-`));
    const place = join(directory, 'socket');
    const remove = (): void => {
      rmSync(directory, { recursive: true, force: true });
    };
    const command = (role: 'sender' | 'receiver'): Setup['sender'] =>
      nodeCommand({ system: 'unix-socket', role, case: asked, place, spoil }, nodeArguments);
    // A connected socket needs no path any more.
    return { sender: command('sender'), receiver: command('receiver'), joined: remove, dispose: remove };
  },
};
