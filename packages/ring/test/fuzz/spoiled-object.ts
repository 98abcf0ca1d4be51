import { existsSync, readdirSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Segment } from '@ringway/memory';
import { Queue, bytes, json, type QueueGeometry, type QueueOptions } from '@ringway/ring';

import { KIND_QUEUE } from '../../dist/layout.js';
import type { Random } from '../chaos/random.js';
import type { Oracle } from './findings.js';
import { chooseDamage } from './object.js';

/** Removes an object and what is named after it, whatever became of it. */
export function sweep(path: string): string[] {
  const found = readdirSync(dirname(path)).filter(
    (entry) => entry === basename(path) || entry.startsWith(`${basename(path)}.`),
  );
  for (const entry of found) rmSync(join(dirname(path), entry), { recursive: true, force: true });
  return found;
}

/** A queue's object is spoiled from outside, before it is opened or while somebody has it open. */
export async function fuzzObject(random: Random, oracle: Oracle, name: string): Promise<void> {
  const geometry = { laneBytes: 4096, maxProducers: random.between(1, 3), maxConsumers: random.between(1, 3) };
  const open = (options: QueueOptions<Uint8Array> = {}): Queue<Uint8Array> =>
    Queue.open(name, { codec: bytes(), ...options });
  const queue = open({ ...geometry, ephemeral: random.next() < 0.2, create: 'always' });
  const segment = Segment.open(name, { kind: KIND_QUEUE });
  const { path } = segment;
  segment.close();
  const opened = [queue];
  try {
    const producer = queue.producer({ label: 'shop', idle: 'park' });
    await producer.sendMany([new Uint8Array(10), new Uint8Array(2000), new Uint8Array(30)]);
    if (random.next() < 0.5) queue.close();
    for (let count = random.between(1, 2); count > 0; count--) {
      const damage = chooseDamage(random, path);
      if (damage === undefined) break;
      oracle.note(damage.what);
      // Without a guard against SIGBUS, nobody may have mapped what gets shorter.
      if (damage.shrinks) for (const one of opened) oracle.must('close', () => one.close());
      // An ephemeral queue goes with who was the last in it.
      if (!existsSync(path)) break;
      damage.apply();
      await look(random, oracle, name, opened, open, geometry);
    }
    oracle.attempt('unlink', () => Queue.unlink(name));
  } finally {
    for (const one of opened) oracle.must('close', () => one.close());
    sweep(path);
  }
}

/** Everything that a newcomer, and who is there already, may do. */
async function look(
  random: Random,
  oracle: Oracle,
  name: string,
  opened: Queue<Uint8Array>[],
  open: (options?: QueueOptions<Uint8Array>) => Queue<Uint8Array>,
  geometry: QueueGeometry,
): Promise<void> {
  oracle.attempt('exists', () => Queue.exists(name));
  oracle.attempt('list', () => Queue.list().length);
  const options = random.pick<QueueOptions<Uint8Array>>([
    geometry,
    { create: 'never' },
    { ...geometry, laneBytes: 8192 },
    { ...geometry, codec: json<Uint8Array>() },
  ]);
  const found = oracle.attempt('open', () => open(options));
  if (found !== undefined) opened.push(found);
  for (const queue of opened) {
    oracle.attempt('stats', () => queue.stats());
    const producer = oracle.attempt('producer', () => queue.producer({ label: 'shop', idle: 'park' }));
    const consumer = oracle.attempt('consumer', () => queue.consumer({ idle: 'park' }));
    oracle.attempt('trySend', () => producer?.trySend(new Uint8Array(random.pick([8, 8, 3000]))));
    for (let count = 0; count < 4; count++) oracle.attempt('tryReceive', () => consumer?.tryReceive()?.ack());
    const signal = AbortSignal.timeout(1);
    if (consumer?.closed === false && random.next() < 0.2)
      await oracle.settle('receive', () => consumer.receive({ signal }));
    oracle.must('close', () => {
      producer?.close();
      consumer?.close();
    });
  }
}
