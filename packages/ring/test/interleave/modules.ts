import type * as blackboardKeys from '../../dist/blackboard-keys.js';
import type * as blackboardLayout from '../../dist/blackboard-layout.js';
import type * as blackboardSegment from '../../dist/blackboard-segment.js';
import type * as blackboardWaits from '../../dist/blackboard-waits.js';
import type * as blackboardWatch from '../../dist/blackboard-watch.js';
import type * as blackboardWriter from '../../dist/blackboard-writer.js';
import type * as board from '../../dist/board.js';
import type * as channel from '../../dist/channel.js';
import type * as codec from '../../dist/codec.js';
import type * as cursorRows from '../../dist/cursor-rows.js';
import type * as consumer from '../../dist/consumer.js';
import type * as deadLetters from '../../dist/dead-letters.js';
import type * as drains from '../../dist/drains.js';
import type * as ephemeral from '../../dist/ephemeral.js';
import type * as laneWriter from '../../dist/lane-writer.js';
import type * as layout from '../../dist/layout.js';
import type * as membership from '../../dist/membership.js';
import type * as producer from '../../dist/producer.js';
import type * as recovery from '../../dist/recovery.js';
import type * as message from '../../dist/message.js';
import type * as returns from '../../dist/returns.js';
import type * as subscriber from '../../dist/subscriber.js';
import type * as memory from '@ringway/memory';
import type * as sync from '@ringway/sync';

/** The compiled modules under test, out of an instrumented tree: other objects than those that this folder could import. */
export type Modules = typeof blackboardKeys &
  typeof blackboardLayout &
  typeof blackboardSegment &
  typeof blackboardWaits &
  typeof blackboardWatch &
  typeof blackboardWriter &
  typeof board &
  typeof channel &
  typeof codec &
  typeof consumer &
  typeof cursorRows &
  typeof deadLetters &
  typeof drains &
  typeof ephemeral &
  typeof laneWriter &
  typeof layout &
  typeof membership &
  typeof message &
  typeof producer &
  typeof recovery &
  typeof returns &
  typeof subscriber &
  Pick<typeof sync, 'Barrier' | 'Condition' | 'Mutex' | 'RwLock' | 'Semaphore' | 'recordBytes'> &
  Pick<typeof memory, 'KIND_MEMORY' | 'LocalSegment' | 'RingwayError'>;

const NAMES = [
  'ring/blackboard-keys',
  'ring/blackboard-layout',
  'ring/blackboard-segment',
  'ring/blackboard-waits',
  'ring/blackboard-watch',
  'ring/blackboard-writer',
  'ring/board',
  'ring/channel',
  'ring/codec',
  'ring/consumer',
  'ring/cursor-rows',
  'ring/dead-letters',
  'ring/drains',
  'ring/ephemeral',
  'ring/lane-writer',
  'ring/layout',
  'ring/membership',
  'ring/message',
  'ring/producer',
  'ring/recovery',
  'ring/returns',
  'ring/subscriber',
  'sync/index',
  'memory/index',
];

/** @param url - of a module, `<package>/<module>` */
export async function loadModules(url: (module: string) => string): Promise<Modules> {
  const loaded = await Promise.all(NAMES.map(async (name) => (await import(url(name))) as object));
  return Object.assign({}, ...loaded) as Modules;
}

/** URLs that can be handed to a thread. */
export function moduleUrls(url: (module: string) => string): Record<string, string> {
  return Object.fromEntries(NAMES.map((name) => [name, url(name)]));
}
