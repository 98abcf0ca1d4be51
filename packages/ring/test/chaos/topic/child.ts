// One participant of a chaos run with a topic. Started as a spare: it joins when it is told to. What it does is on record in its journal; it may be killed at any moment.
import type * as Library from '../../../dist/index.js';
import type { Gap, Message, Producer, Subscriber } from '../../../dist/index.js';
import { MIN_BYTES, makeMessage, readMessage } from '../message.js';
import { Random } from '../random.js';
import { Journal, RECORD } from './journal.js';
import { KEYS, MANNERS, geometry, laneOf, type Order } from './scene.js';

type Got = Message<Uint8Array> | Gap;

const [name, folder, lane, library] = process.argv.slice(2);
const laneBytes = Number(lane);
// Which library is known only now: one with a planted mistake, or the one that was built.
const { Gap: GapOf, Topic, bytes } = (await import(library)) as typeof Library;
const IDLE = ['adaptive', 'park', 'adaptive'] as const;
/** Looks in vain after which nothing is there, where one look may end early. */
const LAST_LOOKS = 20;
let finishing = false;
const finished = new AbortController();

process.on('message', (order: Order) => {
  if ('finish' in order) {
    finishing = true;
    finished.abort();
    return;
  }
  const random = new Random(order.seed);
  const work = order.go === 'publisher' ? publish : subscribe;
  work(order.id, random, order.label).then(
    () => {
      process.disconnect();
    },
    (error: unknown) => {
      console.error(`${order.go} ${order.id} failed:`, error);
      process.exit(1);
    },
  );
});

function length(random: Random): number {
  const kind = random.next();
  if (kind < 0.01) return random.between(laneBytes / 4, laneBytes * 2);
  return kind < 0.2 ? random.between(MIN_BYTES, laneBytes / 4 - 128) : random.between(MIN_BYTES, 200);
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function codeOf(error: unknown): string | undefined {
  return (error as { readonly code?: string }).code;
}

async function publish(id: number, random: Random, label: string): Promise<void> {
  const journal = new Journal(folder, 'publisher', id);
  const topic = Topic.open(name, { codec: bytes(), ...geometry(laneBytes) });
  const tick = random.next() < 0.2;
  const publisher = topic.publisher({ label, publish: tick ? 'tick' : 'each', idle: random.pick(IDLE) });
  process.send?.({ running: id });
  let sequence = 0;
  while (!finishing) {
    const count = random.between(1, 24);
    journal.write(RECORD.intended, sequence + count);
    const messages = Array.from({ length: count }, () => makeMessage(id, ++sequence, length(random)));
    try {
      await sendSome(publisher, random, messages);
      if (tick) await new Promise(setImmediate);
    } catch (error) {
      if (codeOf(error) !== 'ERR_RINGWAY_CORRUPT_LANE') throw error;
      // No end of the stream: the others go on.
      journal.write(RECORD.corrupt);
      topic.close();
      return;
    }
    journal.write(RECORD.sent, sequence);
    if (random.next() < 0.1) await pause(random.between(1, 10));
  }
  await publisher.end();
  topic.close();
}

async function sendSome(publisher: Producer<Uint8Array>, random: Random, messages: Buffer[]): Promise<void> {
  const key = random.pick(KEYS);
  const options = key === undefined ? undefined : { key };
  const way = random.between(0, 4);
  if (way === 0) await publisher.sendMany(messages, options);
  else if (way === 1) await Promise.all(messages.map((message) => publisher.send(message, options)));
  else if (way === 2) for (const message of messages) publisher.sendSync(message, options);
  else if (way === 3) {
    for (const message of messages) while (!publisher.trySend(message, options)) await publisher.ready();
  } else {
    for (const message of messages) {
      if (message.length > laneBytes / 4 - 64) await publisher.send(message);
      else {
        const place = await publisher.reserve(message.length);
        place.bytes.set(message);
        place.publish();
      }
    }
  }
}

async function subscribe(id: number, random: Random, place: string): Promise<void> {
  const manner = Number(place.split('-')[1]);
  const { onSlow, key } = MANNERS[manner];
  const journal = new Journal(folder, 'subscriber', id);
  const topic = Topic.open(name, { codec: bytes(), ...geometry(laneBytes) });
  // Told to the journal by each receiver; nobody else listens.
  topic.on('corrupt-lane', () => {
    journal.write(RECORD.corrupt);
  });
  const wanted = KEYS[key];
  const history = random.pick([0, 0, 5, 1000]);
  for (let left = false; !left;) {
    journal.write(RECORD.joining, manner, history);
    const subscriber = topic.subscriber({
      ...{ onSlow, history, gaps: true, label: place, idle: random.pick(IDLE) },
      ...(wanted === undefined ? {} : { keys: [wanted] }),
    });
    journal.write(RECORD.joined);
    process.send?.({ running: id });
    try {
      await receiveAll(subscriber, random, journal);
      journal.write(RECORD.done);
      left = true;
    } catch (error) {
      if (onSlow !== 'disconnect' || codeOf(error) !== 'ERR_RINGWAY_SLOW_SUBSCRIBER') throw error;
    }
  }
  topic.close();
}

function record(journal: Journal, got: Got): void {
  if (got instanceof GapOf) {
    journal.write(RECORD.gap, got.missed, got.lane);
    return;
  }
  const read = readMessage(got.value);
  if (read === undefined) journal.write(RECORD.torn, laneOf(got));
  else journal.write(RECORD.message, read.producer, read.sequence, laneOf(got));
}

async function receiveAll(subscriber: Subscriber<Uint8Array, Gap>, random: Random, journal: Journal): Promise<void> {
  const { signal } = finished;
  const slow = random.next() < 0.7;
  const linger = async (): Promise<void> => {
    if (slow && random.next() < 0.02) await pause(random.between(0, 8));
  };
  try {
    if (random.next() < 0.5) {
      while (!finishing) {
        const got = await subscriber.receive({ signal });
        if (got !== undefined) record(journal, got);
        await linger();
      }
    } else {
      while (!finishing) {
        try {
          const got = subscriber.receiveSync({ timeout: 20 });
          if (got !== undefined) record(journal, got);
        } catch (error) {
          if (codeOf(error) !== 'ERR_RINGWAY_TIMEOUT') throw error;
        }
        await linger();
        if (random.next() < 0.05) await new Promise(setImmediate);
      }
    }
  } catch (error) {
    if (!finishing || codeOf(error) !== 'ABORT_ERR') throw error;
  }
  for (let looks = 0; looks < LAST_LOOKS; looks++) {
    for (let got = subscriber.tryReceive(); got !== undefined; got = subscriber.tryReceive()) record(journal, got);
  }
}
