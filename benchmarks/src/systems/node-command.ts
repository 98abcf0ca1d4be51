import { fileURLToPath } from 'node:url';
import type { PeerSpec } from '../peer-spec.js';
import type { Command } from '../system.js';

const PEER = fileURLToPath(new URL('../peer.js', import.meta.url));

/** One side of a run in a process of Node. */
export function nodeCommand(spec: PeerSpec, nodeArguments: readonly string[]): Command {
  return { file: process.execPath, args: [...nodeArguments, PEER, JSON.stringify(spec)] };
}
