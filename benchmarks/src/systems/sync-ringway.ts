import { fileURLToPath } from 'node:url';
import { Mutex } from 'ringway';
import type { SyncCase } from '../sync-cases.js';
import type { SyncPeerSpec } from '../sync-peer-spec.js';
import type { SyncSetup, SyncSystem } from '../sync-system.js';
import type { RunOptions } from '../system.js';
import { InheritedMemory } from './inherited-memory.js';
import { runName } from './names.js';

const PEER = fileURLToPath(new URL('../sync-peer.js', import.meta.url));

/** Ringway itself, with default options: named locks between processes of Node, which block. */
export const syncRingway: SyncSystem = {
  name: 'ringway',
  takes: () => true,
  ready: () => Promise.resolve(undefined),
  prepare(asked: SyncCase, { spoil, nodeArguments }: RunOptions): SyncSetup {
    const name = runName();
    const memory = new InheritedMemory();
    const unlink = (): void => {
      // Of all primitives alike: it is the segment that goes.
      Mutex.unlink(name);
    };
    return {
      command: (role) => {
        const spec: SyncPeerSpec = { case: asked, role, name, spoil };
        return {
          file: process.execPath,
          args: [...nodeArguments, PEER, JSON.stringify(spec)],
          descriptors: [memory.descriptor],
        };
      },
      // Without its name the lock goes when the processes do, however they go.
      joined: unlink,
      dispose: () => {
        memory.dispose();
        unlink();
      },
    };
  },
};
