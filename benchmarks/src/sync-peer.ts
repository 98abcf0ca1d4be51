// A process of a run of locks: `node sync-peer.js SPEC`, where SPEC is a SyncPeerSpec as JSON. Ends with its input.
import { createInterface } from 'node:readline';
import { READY } from './peer-protocol.js';
import { ContendedPeer } from './peers/sync-contended.js';
import { HandoverPeer } from './peers/sync-handover.js';
import { UncontendedPeer } from './peers/sync-uncontended.js';
import type { SyncPeer, SyncPeerSpec } from './sync-peer-spec.js';

const OPENERS = {
  uncontended: (spec: SyncPeerSpec): SyncPeer => new UncontendedPeer(spec),
  contended: (spec: SyncPeerSpec): SyncPeer => new ContendedPeer(spec),
  handover: (spec: SyncPeerSpec): SyncPeer => new HandoverPeer(spec),
};

async function main(spec: SyncPeerSpec): Promise<void> {
  const peer = OPENERS[spec.case.what](spec);
  const orders = createInterface({ input: process.stdin });
  console.log(READY);
  for await (const order of orders) console.log(JSON.stringify(peer.run(Number(order))));
  peer.close();
}

main(JSON.parse(process.argv[2]) as SyncPeerSpec).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
