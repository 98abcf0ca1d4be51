import { fileURLToPath } from 'node:url';
import { Blackboard } from 'ringway';
import type { Wanted } from './bench.js';
import { BLACKBOARD, BLACKBOARD_CASES, BLACKBOARD_UNIT, type BlackboardCase } from './blackboard-cases.js';
import type { BlackboardPeerSpec } from './blackboard-peer-spec.js';
import { inTurn, type Contender } from './in-turn.js';
import type { PeerProcess } from './peer-process.js';
import { numberIn } from './peer-protocol.js';
import { warmedUp, type Outcome, type Phase } from './phases.js';
import { pinned } from './pinning.js';
import type { Row } from './row.js';
import { runDeadline, type Measure } from './run.js';
import { runName } from './systems/names.js';
import { withPeers } from './with-peers.js';

const PEER = fileURLToPath(new URL('./blackboard-peer.js', import.meta.url));
const SYSTEM = 'ringway';
/** First phase: enough for the compilers. */
const FIRST = 50_000;

/** Reads beside a writer are measured again where it wrote nothing meanwhile: on a busy machine it may not have had its turn. The run's deadline ends that. */
async function phase({ what }: BlackboardCase, peer: PeerProcess, count: number): Promise<Phase> {
  for (;;) {
    peer.order(count);
    const line = await peer.line();
    if (what === 'read-written' && numberIn(line, 'versions') === 0) continue;
    const microseconds = numberIn(line, 'microseconds');
    return { count, microseconds, outcome: { value: (microseconds * 1e3) / count } };
  }
}

/**
 * One run: fresh processes, each on a CPU of its own, which warm up by the same work that is measured. Rejects when a value
 * was wrong, or a process died; nothing is left then.
 */
async function run(asked: BlackboardCase, how: Measure, signal: AbortSignal): Promise<Outcome> {
  const limit = runDeadline(SYSTEM, how, signal);
  const name = runName();
  try {
    return await withPeers(limit, async (start) => {
      const startAs = (role: BlackboardPeerSpec['role']): Promise<PeerProcess> => {
        const spec: BlackboardPeerSpec = { case: asked, role, name, spoil: how.spoil };
        const command = { file: process.execPath, args: [...how.nodeArguments, PEER, JSON.stringify(spec)] };
        const cpu = role === 'writer' ? 'sender' : 'receiver';
        return start(`${role} of ${BLACKBOARD}`, pinned(command, cpu, how.pinning));
      };
      if (asked.what === 'read-written') await startAs('writer');
      const peer = await startAs('measured');
      return await warmedUp(how.seconds, FIRST, (count) => phase(asked, peer, count));
    });
  } finally {
    // Of whichever kind it is.
    Blackboard.unlink(name);
  }
}

/** Runs what is wanted of the blackboard, and yields its rows. */
export async function* blackboard(options: Wanted, signal: AbortSignal): AsyncGenerator<Row[]> {
  const { runs, wants, progress } = options;
  const contenders = BLACKBOARD_CASES.filter((asked) => wants(SYSTEM, BLACKBOARD, { ...asked })).map(
    (asked): Contender => ({
      ...{ scenario: BLACKBOARD, params: { ...asked }, system: SYSTEM, unit: BLACKBOARD_UNIT },
      run: (ending) => run(asked, options, ending),
    }),
  );
  if (contenders.length > 0) yield await inTurn(contenders, runs, progress, signal);
}
