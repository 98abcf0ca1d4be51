// A process of a run: `node peer.js SPEC`, where SPEC is a PeerSpec as JSON. It ends when its standard input does.
import { createInterface } from 'node:readline';
import type { Peer, PeerSpec } from './peer-spec.js';
import { READY } from './peer-protocol.js';
import { openRingwayPeer } from './peers/ringway.js';
import { openSocketPeer } from './peers/socket.js';

type Opener = (spec: PeerSpec) => Peer | Promise<Peer>;

const OPENERS: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  ['ringway', openRingwayPeer],
  ['unix-socket', openSocketPeer],
]);

async function main(spec: PeerSpec): Promise<void> {
  const open = OPENERS.get(spec.system);
  if (open === undefined) throw new Error(`there is no peer for ${spec.system}`);
  const peer = await open(spec);
  const orders = createInterface({ input: process.stdin });
  console.log(READY);
  for await (const order of orders) {
    // Before the sender gets its order: so both are at work when the clock starts.
    if (spec.role === 'receiver') console.log(READY);
    console.log(JSON.stringify(await peer.run(Number(order))));
  }
  peer.close();
}

main(JSON.parse(process.argv[2]) as PeerSpec).catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
