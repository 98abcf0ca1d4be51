import type { Peer, PeerSpec } from '../peer-spec.js';
import { RingwayBlockingPing, RingwayBlockingPong } from './ringway-blocking-trips.js';
import { RingwayLoopPing, RingwayLoopPong } from './ringway-loop-trips.js';
import { RingwayReceiver, RingwaySender } from './ringway-throughput.js';

/** The side of a run that a spec asks for. */
export function openRingwayPeer({ case: asked, role, place, spoil }: PeerSpec): Peer {
  const sends = role === 'sender';
  if (asked.scenario === 'throughput') {
    const { bytes, publish } = asked.params;
    return sends ? new RingwaySender(place, bytes, publish, spoil) : new RingwayReceiver(place, bytes);
  }
  const { bytes, idle } = asked.params;
  if (idle === 'spin')
    return sends ? new RingwayBlockingPing(place, bytes, spoil) : new RingwayBlockingPong(place, bytes);
  return sends ? new RingwayLoopPing(place, bytes, idle, spoil) : new RingwayLoopPong(place, bytes, idle);
}
