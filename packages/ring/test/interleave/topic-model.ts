import type { QueueGeometry } from '../../dist/options.js';
import { channelObject } from './channel-object.js';
import type { Model } from './model.js';
import type { Outcome, Program, Scenario } from './scenario.js';
import { EVENT } from './shared.js';
import { TopicWorld } from './topic-world.js';
import { SENDER } from './verdict.js';

/** A scenario of a topic, but for what all of them share. */
export type TopicScenario = Omit<Scenario<TopicWorld, QueueGeometry>, 'model'>;
export type TopicProgram = Program<TopicWorld>;

/** Of the newcomer: nobody else sends it. */
const LAST = 9001;

/** A topic: one publisher, two subscribers, unless it is said otherwise. */
export const topicModel: Model<TopicWorld, QueueGeometry> = {
  object: (modules, geometry) =>
    channelObject(modules, modules.KIND_TOPIC, { laneBytes: 4096, maxProducers: 1, maxConsumers: 2, ...geometry }),

  world: (modules, scheduler, shared, object) => new TopicWorld(modules, scheduler, shared, object),

  /** A newcomer publishes what it then receives itself; nobody holds it up, and nothing of those who are gone is left. */
  left({ newcomer }) {
    const world = newcomer();
    const subscriber = world.subscriber({ onSlow: 'drop' });
    const publisher = world.publisher();
    if (!publisher.trySend(new Uint8Array([LAST & 0xff]))) throw new Error('something is still held');
    const received = subscriber.tryReceive();
    if (!(received instanceof world.modules.Message) || received.value[0] !== (LAST & 0xff)) {
      throw new Error('a newcomer does not get what it publishes');
    }
    const { slots } = world.channel;
    for (let slot = 0; slot < slots.count; slot++) {
      if (slot !== subscriber.slot && slot !== publisher.slot && slots.state(slot) !== 0) {
        throw new Error(`slot ${slot} is not free`);
      }
    }
    world.leave();
    return [];
  },

  verdict: verdictOf,
};

/** What one subscriber has come to. */
interface Progress {
  readonly joined: number;
  /** By publisher: the last message that came. */
  readonly last: Map<number, number>;
  /** Missed since the last message that came; of whichever publisher. */
  missed: number;
  /** Came, or were missed, in all. */
  accounted: number;
  /** Where it looked last, if it says so: what was published after that need not have come. */
  looked: number;
}

/**
 * What must hold after every run (DESIGN section 8): each message whole, sent by somebody, in order, once; every message that was published after a subscriber had joined comes to it, or is counted as missed, exactly. Numbers of one
 * publisher follow each other. Returns what is wrong.
 */
function verdictOf({ log }: Outcome): string | undefined {
  const tried = new Map<number, number>();
  const subscribers = new Map<number, Progress>();
  for (const [at, { who, event, number }] of log.entries()) {
    const mine = subscribers.get(who);
    if (event === EVENT.tried) tried.set(number, at);
    else if (event === EVENT.joined)
      subscribers.set(who, { joined: at, last: new Map(), missed: 0, accounted: 0, looked: Infinity });
    else if (event === EVENT.mark && mine !== undefined) mine.looked = at;
    else if (event === EVENT.missed && mine !== undefined) {
      mine.missed += number;
      mine.accounted += number;
    } else if (event === EVENT.got && mine !== undefined) {
      mine.accounted++;
      const wrong = arrive(tried, mine, number);
      if (wrong !== undefined) return `${wrong} (subscriber ${who})`;
    } else if (event === EVENT.ended && mine !== undefined) {
      const wrong = lacking(log.slice(0, at), mine);
      if (wrong !== undefined) return `${wrong} (subscriber ${who})`;
    }
  }
  return undefined;
}

function arrive(tried: ReadonlyMap<number, number>, mine: Progress, number: number): string | undefined {
  if (number < 0) return 'a message came that is not whole';
  if (!tried.has(number)) return `message ${number} was invented: nobody sent it`;
  const publisher = Math.floor(number / SENDER);
  const last = mine.last.get(publisher);
  const { missed } = mine;
  mine.last.set(publisher, number);
  mine.missed = 0;
  if (last !== undefined) {
    if (number === last + missed + 1) return undefined;
    return `message ${number} came after ${last} and ${missed} missed`;
  }
  // Nothing that was sent after it had joined may be skipped, and not be counted.
  for (const [other, at] of tried) {
    const before = Math.floor(other / SENDER) === publisher && other < number - missed;
    if (before && at > mine.joined) return `message ${other} was lost: ${number} came first`;
  }
  return undefined;
}

/** At the end of the stream. */
function lacking(log: Outcome['log'], { joined, last, missed, accounted, looked }: Progress): string | undefined {
  const tried = log.filter(({ event }) => event === EVENT.tried);
  /** Begun when it was a subscriber, and done. */
  const sent = log
    .filter(({ event }, at) => event === EVENT.sent && at > joined && at < looked)
    .filter(({ number }) => log.findIndex((other) => other.event === EVENT.tried && other.number === number) > joined);
  if (accounted < sent.length || accounted > tried.length) {
    return `${accounted} came or were missed, of ${sent.length} to ${tried.length} that were published`;
  }
  // Publishers that follow each other in one lane are numbered each by itself: which of them was missed, nobody was told.
  if (tried.some(({ number }) => number > SENDER)) return undefined;
  const behind = sent.filter(({ number }) => number > (last.get(0) ?? -1));
  return behind.length > missed ? `message ${behind[missed].number} was lost` : undefined;
}
