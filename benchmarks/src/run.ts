import type { Case } from './cases.js';
import { Deadline } from './deadline.js';
import type { PeerProcess } from './peer-process.js';
import { numberIn } from './peer-protocol.js';
import type { Role } from './peer-spec.js';
import { warmedUp, type Outcome, type Phase } from './phases.js';
import { pinned, type Pinning } from './pinning.js';
import type { RunOptions, System } from './system.js';
import { withPeers } from './with-peers.js';

/** Longest time of a run, besides that for which it measures, in milliseconds: then something hangs. */
const GRACE_MS = 60_000;
/** First phase: enough messages for the compilers, or as many as are this many bytes together. */
const FIRST_MESSAGES = 20_000;
const FIRST_BYTES = 64 * 1024 * 1024;
/** A round trip may take a thousand times as long as a message that is only sent. */
const FIRST_ROUND_TRIPS = 1_000;

/** How long, and how, a run is made. */
export interface Measure extends RunOptions {
  /** Seconds that are measured, about. */
  readonly seconds: number;
  readonly pinning: Pinning | undefined;
}

/** Ends a run that hangs. */
export function runDeadline(system: string, { seconds }: Measure, signal: AbortSignal): Deadline {
  const late = `${system} was not through ${GRACE_MS / 1000} s after it should have been`;
  return new Deadline(signal, seconds * 1000 + GRACE_MS, late);
}

/** A phase as both processes saw it. */
async function phase(asked: Case, sender: PeerProcess, receiver: PeerProcess, count: number): Promise<Phase> {
  receiver.order(count);
  await receiver.line();
  const ordered = performance.now();
  sender.order(count);
  // Either may be the one that fails, and the other would wait for it.
  const [sent, received] = await Promise.all([sender.line(), receiver.number('at')]);
  if (asked.scenario === 'rtt') {
    const outcome = { value: numberIn(sent, 'p50'), p99: numberIn(sent, 'p99') };
    return { count, microseconds: (performance.now() - ordered) * 1000, outcome };
  }
  const microseconds = received - numberIn(sent, 'at');
  return { count, microseconds, outcome: { value: (count / microseconds) * 1e6 } };
}

/**
 * One run: two fresh processes, which warm up by the same work that is measured. The clock goes from the first send to
 * the last receipt. Rejects when a message was wrong, or a process died; nothing is left of either then.
 *
 * @param signal - ends it, at once
 */
export async function run(system: System, asked: Case, how: Measure, signal: AbortSignal): Promise<Outcome> {
  const limit = runDeadline(system.name, how, signal);
  const setup = system.prepare(asked, how);
  const most = asked.scenario === 'rtt' ? FIRST_ROUND_TRIPS : FIRST_MESSAGES;
  const first = Math.min(most, Math.ceil(FIRST_BYTES / asked.params.bytes));
  try {
    return await withPeers(limit, async (start) => {
      const startAs = (role: Role): Promise<PeerProcess> =>
        start(`the ${role} of ${system.name}`, pinned(setup[role], role, how.pinning));
      const receiver = await startAs('receiver');
      const sender = await startAs('sender');
      setup.joined();
      return await warmedUp(how.seconds, first, (count) => phase(asked, sender, receiver, count));
    });
  } finally {
    setup.dispose();
  }
}
