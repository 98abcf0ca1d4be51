import type { PeerProcess } from './peer-process.js';
import type { Role } from './peer-spec.js';
import { warmedUp, type Outcome, type Phase } from './phases.js';
import { pinned } from './pinning.js';
import { runDeadline, type Measure } from './run.js';
import type { SyncCase, SyncWhat } from './sync-cases.js';
import { SYNC_JUDGES } from './sync-judges.js';
import type { SyncSystem } from './sync-system.js';
import { withPeers } from './with-peers.js';

/** First phase: enough for the compilers. */
const FIRST: Readonly<Record<SyncWhat, number>> = { uncontended: 20_000, contended: 20_000, handover: 300 };
/** Of fewer, a median would say little. */
const LEAST_HANDOVERS = 100;

async function phase(what: SyncWhat, peers: readonly PeerProcess[], wanted: number): Promise<Phase> {
  const count = what === 'handover' ? Math.max(LEAST_HANDOVERS, wanted) : wanted;
  const ordered = performance.now();
  for (const peer of peers) peer.order(count);
  const lines = await Promise.all(peers.map((peer) => peer.line()));
  return SYNC_JUDGES[what](lines, count, (performance.now() - ordered) * 1000);
}

/**
 * One run of one system's locks: fresh processes, which warm up by the same work that is measured. Rejects when an
 * increment was lost, or a process died; nothing is left then.
 *
 * @param signal - ends it, at once
 */
export async function runSync(
  system: SyncSystem,
  asked: SyncCase,
  how: Measure,
  signal: AbortSignal,
): Promise<Outcome> {
  const limit = runDeadline(system.name, how, signal);
  const setup = system.prepare(asked, how);
  const roles: readonly Role[] = asked.what === 'uncontended' ? ['sender'] : ['sender', 'receiver'];
  try {
    return await withPeers(limit, async (start) => {
      const peers: PeerProcess[] = [];
      for (const role of roles) {
        peers.push(await start(`the ${role} of ${system.name}`, pinned(setup.command(role), role, how.pinning)));
      }
      setup.joined();
      return await warmedUp(how.seconds, FIRST[asked.what], (count) => phase(asked.what, peers, count));
    });
  } finally {
    setup.dispose();
  }
}
