// A process of a run with several producers or consumers: `node multi-peer.js SPEC`, where SPEC is a MultiPeerSpec as
// JSON. Ends with its input.
import { createInterface } from 'node:readline';
import type { MultiPeerSpec } from './multi-peer-spec.js';
import { READY } from './peer-protocol.js';
import { openMultiPeer } from './peers/multi.js';

async function main(spec: MultiPeerSpec): Promise<void> {
  const peer = openMultiPeer(spec);
  const orders = createInterface({ input: process.stdin });
  console.log(READY);
  for await (const order of orders) {
    // Before the senders get theirs: so all are at work when the clock starts.
    if (spec.role === 'receiver') console.log(READY);
    console.log(JSON.stringify(peer.run(Number(order))));
  }
  peer.close();
}

main(JSON.parse(process.argv[2]) as MultiPeerSpec).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
