import type { QueueGeometry } from '../../../dist/index.js';
import { HEIRLOOM, ID, LANE_BYTES, MESSAGE_BYTES, SPILLED_BYTES } from './protocol.js';
import type { RoleName } from './roles.js';
import type { Stage } from './stage.js';

/** Who is there when a victim begins its role, and what they do for it. */
export interface Scene {
  readonly kind: 'queue' | 'topic';
  readonly geometry: QueueGeometry;
  /** Whether the victim makes the queue: nobody else may have opened it before. */
  readonly made: boolean;
  /** Whether nobody who receives dies or leaves: then nothing may come as redelivered. */
  readonly firstHand: boolean;
  /** Whether the victim takes the only place that there is: the others join when it is gone. */
  readonly alone: boolean;
  before(stage: Stage): Promise<void>;
  /** The victim is about to wait. */
  waits(stage: Stage): Promise<void>;
}

const GEOMETRY = { laneBytes: LANE_BYTES, maxProducers: 3, maxConsumers: 3 };

function scene(parts: Partial<Scene>): Scene {
  return {
    kind: 'queue',
    geometry: GEOMETRY,
    made: false,
    firstHand: false,
    alone: false,
    before: both,
    waits: () => Promise.resolve(),
    ...parts,
  };
}

/** Of a topic: nothing of it comes twice. */
function topicScene(parts: Partial<Scene>): Scene {
  return scene({ kind: 'topic', firstHand: true, before: serving, ...parts });
}

/** Both survivors have joined, and the one who receives is not at it yet. */
async function both(stage: Stage): Promise<void> {
  await stage.joinSender();
  await stage.joinReceiver();
}

async function serving(stage: Stage): Promise<void> {
  await both(stage);
  await stage.sender.ask({ do: 'send', count: 2, bytes: MESSAGE_BYTES });
  await stage.receiver.ask({ do: 'serve' });
}

async function serve(stage: Stage): Promise<void> {
  await stage.receiver.ask({ do: 'serve' });
}

async function sendOne(stage: Stage): Promise<void> {
  await stage.sender.ask({ do: 'send', count: 1, bytes: MESSAGE_BYTES });
}

/** Both have joined, and so many messages wait. */
function backlog(count: number): (stage: Stage) => Promise<void> {
  return async (stage) => {
    await both(stage);
    await stage.sender.ask({ do: 'send', count, bytes: MESSAGE_BYTES });
  };
}

/** A producer and consumer has died, with a backlog in its lane and claims in two. */
async function oneHasDied(stage: Stage): Promise<void> {
  await stage.joinSender();
  await stage.sender.ask({ do: 'send', count: 5, bytes: MESSAGE_BYTES });
  const first = await stage.first();
  await first.ask({ do: 'produce', id: ID.first, label: '' });
  await first.ask({ do: 'send', count: 3, bytes: MESSAGE_BYTES });
  await first.ask({ do: 'send', count: 1, bytes: SPILLED_BYTES });
  await first.ask({ do: 'consume', id: ID.first });
  await first.ask({ do: 'receive', count: 6, acknowledge: [0, 2] });
  await first.kill();
}

/** A consumer has died inside a lease, with a claim that the others do not know of yet. */
async function oneHasDiedInALease(stage: Stage): Promise<void> {
  await stage.joinSender();
  await stage.sender.ask({ do: 'send', count: 5, bytes: MESSAGE_BYTES });
  await stage.firstVictim('claim', 'ring/claim.js', 'words[header + LANE_NEXT] = end');
}

async function heirloomIsLeft(stage: Stage): Promise<void> {
  await both(stage);
  const first = await stage.first();
  await first.ask({ do: 'produce', id: ID.first, label: HEIRLOOM });
  await first.ask({ do: 'send', count: 3, bytes: MESSAGE_BYTES });
  await first.ask({ do: 'send', count: 1, bytes: SPILLED_BYTES });
  await first.kill();
}

/** Messages wait in two lanes. */
async function twoLanes(stage: Stage): Promise<void> {
  await backlog(9)(stage);
  await stage.receiver.ask({ do: 'produce', id: ID.second, label: '' });
  await stage.receiver.ask({ do: 'send', count: 4, bytes: MESSAGE_BYTES });
  await stage.receiver.ask({ do: 'end' });
}

async function oneHasEnded(stage: Stage): Promise<void> {
  await both(stage);
  await stage.receiver.ask({ do: 'produce', id: ID.second, label: '' });
  await stage.receiver.ask({ do: 'send', count: 2, bytes: MESSAGE_BYTES });
  await stage.receiver.ask({ do: 'end' });
}

export const SCENES: Record<RoleName, Scene> = {
  'join as producer': scene({ firstHand: true, before: serving }),
  'join as consumer': scene({ before: backlog(3) }),
  send: scene({ firstHand: true, before: serving }),
  'send by ticks': scene({ firstHand: true, before: serving }),
  'wait for room': scene({ firstHand: true, waits: serve }),
  'wait for room, blocking': scene({ firstHand: true, waits: serve }),
  spill: scene({ firstHand: true, before: serving }),
  end: scene({ firstHand: true, before: serving }),
  claim: scene({ before: twoLanes }),
  park: scene({ waits: sendOne }),
  'receive, blocking': scene({ waits: sendOne }),
  'hand over': scene({ before: backlog(8) }),
  leave: scene({}),
  'adopt the dead': scene({ before: oneHasDied }),
  'adopt one who held a lease': scene({ before: oneHasDiedInALease }),
  "take a dead one's slot": scene({ before: oneHasDied, geometry: { ...GEOMETRY, maxConsumers: 1 }, alone: true }),
  'adopt a lane': scene({ firstHand: true, before: heirloomIsLeft }),
  'reclaim a lane': scene({ before: oneHasEnded }),
  'wait for the drain': scene({ firstHand: true, before: backlog(3), waits: serve }),
  create: scene({ before: () => Promise.resolve(), made: true }),
  'create and remove': scene({
    before: () => Promise.resolve(),
    geometry: { ...GEOMETRY, ephemeral: true },
    made: true,
  }),
  unlink: scene({ firstHand: true, before: serving }),
  'send back': scene({ before: backlog(4) }),
  reject: scene({ before: backlog(4) }),
  'join as publisher': topicScene({}),
  publish: topicScene({}),
  "go on with a dead publisher's lane": topicScene({ before: heirloomIsLeft }),
  'subscribe, with history': topicScene({ before: backlog(6) }),
  'subscribe, and wait': topicScene({ before: both, waits: sendOne }),
  'be lapped': topicScene({}),
  'be disconnected': topicScene({}),
  'leave as a subscriber': topicScene({ before: backlog(3) }),
};
