import type { MultiScenario } from '../multi-cases.js';
import type { MultiPeerSpec, MultiReport } from '../multi-peer-spec.js';
import type { Report, Role } from '../peer-spec.js';
import { FanInReceiver } from './fan-in.js';
import { RingwaySender } from './ringway-throughput.js';
import { TopicReceiver, TopicSender } from './topic.js';
import { SharingReceiver, SharingSender } from './work-sharing.js';

/** One side of a run, within its own process: connected, and ready for orders. */
export interface MultiPeer {
  /** One phase: sends so many, or receives what is this one's of so many. */
  run(count: number): Report | MultiReport;
  close(): void;
}

type Openers = Readonly<Record<Role, (spec: MultiPeerSpec) => MultiPeer>>;

/** Who takes part in each scenario. */
const OPENERS: Readonly<Record<MultiScenario, Openers>> = {
  topic: {
    sender: (spec) => new TopicSender(spec),
    receiver: (spec) => new TopicReceiver(spec),
  },
  'fan-in': {
    sender: ({ place, spoil, index, case: { params } }) =>
      new RingwaySender(place, params.bytes, params.publish, spoil, index),
    receiver: (spec) => new FanInReceiver(spec),
  },
  'work-sharing': {
    sender: (spec) => new SharingSender(spec),
    receiver: (spec) => new SharingReceiver(spec),
  },
};

/** The one that a spec asks for. */
export function openMultiPeer(spec: MultiPeerSpec): MultiPeer {
  return OPENERS[spec.case.scenario][spec.role](spec);
}
