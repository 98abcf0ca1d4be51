import { fileURLToPath } from 'node:url';
import { Queue } from 'ringway';
import type { MultiCase, MultiScenario } from './multi-cases.js';
import { judgeMulti, judgeTopic } from './multi-judge.js';
import type { MultiPeerSpec } from './multi-peer-spec.js';
import type { PeerProcess } from './peer-process.js';
import type { Role } from './peer-spec.js';
import { queueNames } from './peers/ringway-pair.js';
import { warmedUp, type Outcome, type Phase } from './phases.js';
import { pinnedAside } from './pinning.js';
import { runDeadline, type Measure } from './run.js';
import { runName } from './systems/names.js';
import { withPeers } from './with-peers.js';

const PEER = fileURLToPath(new URL('./multi-peer.js', import.meta.url));
/** First phase: enough for the compilers, of each process that takes part. */
const FIRST = 50_000;

/** A phase: `count` messages, of all senders together, or as few more as make the shares equal. */
async function phase(
  scenario: MultiScenario,
  senders: readonly PeerProcess[],
  receivers: readonly PeerProcess[],
  count: number,
): Promise<Phase> {
  const each = Math.ceil(count / senders.length);
  for (const receiver of receivers) receiver.order(each * senders.length);
  await Promise.all(receivers.map((receiver) => receiver.line()));
  for (const sender of senders) sender.order(each);
  // Any may be the one that fails, and the others would wait for it.
  const [sent, received] = await Promise.all([
    Promise.all(senders.map((sender) => sender.line())),
    Promise.all(receivers.map((receiver) => receiver.line())),
  ]);
  return scenario === 'topic' ? judgeTopic(sent[0], received, each) : judgeMulti(sent, received, each);
}

/**
 * One run of a pattern with several producers or consumers: fresh processes, which warm up by the same work that is
 * measured. The clock goes from the first send to the last receipt. The one that is alone has a CPU of its own, the
 * several share all others. Rejects when a message was wrong, missing or there twice, or a process died; nothing is left
 * of any then.
 *
 * @param signal - ends it, at once
 */
export async function runMulti(asked: MultiCase, how: Measure, signal: AbortSignal): Promise<Outcome> {
  const { scenario, params } = asked;
  const limit = runDeadline(scenario, how, signal);
  const place = runName();
  const { there, back } = queueNames(place);
  const unlink = (): void => {
    for (const name of [place, there, back]) Queue.unlink(name);
  };
  const alone: Role = scenario === 'fan-in' ? 'receiver' : 'sender';
  try {
    return await withPeers(limit, async (start) => {
      const startAll = async (role: Role, count: number): Promise<PeerProcess[]> => {
        const peers: PeerProcess[] = [];
        for (let index = 0; index < count; index++) {
          const spec: MultiPeerSpec = { case: asked, role, index, place, spoil: how.spoil };
          const command = { file: process.execPath, args: [...how.nodeArguments, PEER, JSON.stringify(spec)] };
          const name = `${role} ${index} of ${scenario}`;
          peers.push(await start(name, pinnedAside(command, alone, role, how.pinning)));
        }
        return peers;
      };
      const receivers = await startAll('receiver', params.consumers);
      const senders = await startAll('sender', params.producers);
      // Without their names the queues go when all processes do, however they go.
      unlink();
      return await warmedUp(
        how.seconds,
        FIRST * (params.producers + params.consumers),
        (count) => phase(scenario, senders, receivers, count),
        Math.max(params.producers, params.consumers),
      );
    });
  } finally {
    unlink();
  }
}
