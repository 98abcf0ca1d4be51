import { setMaxListeners } from 'node:events';
import type { Deadline } from './deadline.js';
import { PeerError, PeerProcess } from './peer-process.js';
import type { Command } from './system.js';

/** Starts a process of a run, and waits until it is ready. */
export type StartPeer = (name: string, command: Command) => Promise<PeerProcess>;

/**
 * Lets `work` start processes, and lets them end well when it is through. Whatever happens, all of them are gone
 * afterwards. Rejects with what all of them said when one went wrong.
 */
export async function withPeers<R>(limit: Deadline, work: (start: StartPeer) => Promise<R>): Promise<R> {
  const started: PeerProcess[] = [];
  // Each process listens, and there may be many of them.
  setMaxListeners(0, limit.signal);
  const end = async (): Promise<void> => {
    await Promise.all(started.map((peer) => peer.kill()));
  };
  try {
    const result = await work(async (name, command) => {
      const peer = new PeerProcess(name, command, limit.signal);
      started.push(peer);
      await peer.line();
      return peer;
    });
    await Promise.all(started.map((peer) => peer.finish()));
    return result;
  } catch (error) {
    await end();
    limit.signal.throwIfAborted();
    if (!(error instanceof PeerError)) throw error;
    // The first that is seen to fail may have failed because of the other one: tell what both said.
    throw new Error(started.map((peer) => peer.story).join('\n'), { cause: error });
  } finally {
    await end();
    limit.clear();
  }
}
