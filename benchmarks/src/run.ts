import type { Case } from './cases.js';
import { Deadline } from './deadline.js';
import { PeerProcess } from './peer-process.js';
import { numberIn } from './peer-protocol.js';
import { pinned, type Pinning } from './pinning.js';
import type { Role } from './peer-spec.js';
import type { RunOptions, System } from './system.js';

/** Longest time of a run, besides that for which it measures, in milliseconds: then something hangs. */
const GRACE_MS = 60_000;
/** First phase: enough messages for the compilers, or as many as are this many bytes together. */
const FIRST_MESSAGES = 20_000;
const FIRST_BYTES = 64 * 1024 * 1024;
/** A round trip may take a thousand times as long as a message that is only sent. */
const FIRST_ROUND_TRIPS = 1_000;
/**
 * Then as many as take this part of the time that is measured, at the rate of the phase before; until a phase took half
 * of that.
 */
const WARM_UP_PART = 0.3;
const WARM_UP_PHASES = 5;

/** How long, and how, a run is made. */
export interface Measure extends RunOptions {
  /** Seconds that are measured, about. */
  readonly seconds: number;
  readonly pinning: Pinning | undefined;
}

/** What a run found, in the unit of its scenario. */
export interface Outcome {
  readonly value: number;
  /** Of round trips: 99 % took less. */
  readonly p99?: number;
}

/** A phase as both processes saw it. */
interface Phase {
  readonly count: number;
  readonly microseconds: number;
  readonly outcome: Outcome;
}

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

/** How many messages take about `seconds`, at the rate of a phase. */
function countFor(seconds: number, { count, microseconds }: Phase): number {
  return Math.max(1, Math.round((count * seconds * 1e6) / microseconds));
}

async function measure(asked: Case, seconds: number, sender: PeerProcess, receiver: PeerProcess): Promise<Outcome> {
  const most = asked.scenario === 'rtt' ? FIRST_ROUND_TRIPS : FIRST_MESSAGES;
  const warmUp = seconds * WARM_UP_PART;
  let last = await phase(asked, sender, receiver, Math.min(most, Math.ceil(FIRST_BYTES / asked.params.bytes)));
  for (let phases = 1; phases < WARM_UP_PHASES && last.microseconds < (warmUp * 1e6) / 2; phases++) {
    last = await phase(asked, sender, receiver, countFor(warmUp, last));
  }
  const { outcome } = await phase(asked, sender, receiver, countFor(seconds, last));
  return outcome;
}

/**
 * One run: two fresh processes, which warm up by the same work that is measured. The clock goes from the first send to
 * the last receipt. Rejects when a message was wrong, or a process died; nothing is left of either then.
 *
 * @param signal - ends it, at once
 */
export async function run(system: System, asked: Case, how: Measure, signal: AbortSignal): Promise<Outcome> {
  const late = `${system.name} was not through ${GRACE_MS / 1000} s after it should have been`;
  const limit = new Deadline(signal, how.seconds * 1000 + GRACE_MS, late);
  const setup = system.prepare(asked, how);
  const started: PeerProcess[] = [];
  const start = async (role: Role): Promise<PeerProcess> => {
    const peer = new PeerProcess(`the ${role} of ${system.name}`, pinned(setup[role], role, how.pinning), limit.signal);
    started.push(peer);
    await peer.line();
    return peer;
  };
  const end = async (): Promise<void> => {
    await Promise.all(started.map((peer) => peer.kill()));
  };
  try {
    const receiver = await start('receiver');
    const sender = await start('sender');
    setup.joined();
    const outcome = await measure(asked, how.seconds, sender, receiver);
    await Promise.all([sender.finish(), receiver.finish()]);
    return outcome;
  } catch (error) {
    await end();
    limit.signal.throwIfAborted();
    // The first that is seen to fail may have failed because of the other one: tell what both said.
    throw new Error(started.map((peer) => peer.story).join('\n'), { cause: error });
  } finally {
    await end();
    limit.clear();
    setup.dispose();
  }
}
