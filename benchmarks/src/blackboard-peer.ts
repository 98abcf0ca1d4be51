// A process of a run of the blackboard: `node blackboard-peer.js SPEC`, where SPEC is a BlackboardPeerSpec as JSON. Ends
// with its input.
import { createInterface } from 'node:readline';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { BlackboardPeerSpec } from './blackboard-peer-spec.js';
import { READY } from './peer-protocol.js';
import { Writer, openMeasured } from './peers/blackboard.js';

/** Writes between two looks at whether it is to end. */
const WRITES = 10_000;

async function write(spec: BlackboardPeerSpec): Promise<void> {
  const writer = new Writer(spec);
  const input = { ended: false };
  process.stdin.once('end', () => (input.ended = true)).resume();
  console.log(READY);
  const ended = (): boolean => input.ended;
  while (!ended()) {
    writer.run(WRITES);
    await nextTurn();
  }
  writer.close();
}

async function measured(spec: BlackboardPeerSpec): Promise<void> {
  const peer = openMeasured(spec);
  const orders = createInterface({ input: process.stdin });
  console.log(READY);
  for await (const order of orders) console.log(JSON.stringify(peer.run(Number(order))));
  peer.close();
}

async function main(spec: BlackboardPeerSpec): Promise<void> {
  await (spec.role === 'writer' ? write(spec) : measured(spec));
}

main(JSON.parse(process.argv[2]) as BlackboardPeerSpec).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
