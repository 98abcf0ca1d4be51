// `npm run chaos -- [--kills N] [--seed N] [--lane-bytes N] [--rate N]`: real processes send and receive through tiny lanes, and are killed with SIGKILL at
// random moments. Afterwards every message that was sent must be on record at a consumer, whole, in order and once, unless it was redelivered. With
// `--every-step` they are killed at each of their steps instead: see every-step/main.ts. With `--sync` the primitives of packages/sync are used instead of
// queues: see sync/main.ts. With `--topic` a topic: see topic/main.ts.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Queue, bytes } from '../../dist/index.js';
import { everyStep } from './every-step/main.js';
import type { Order, Role } from './child.js';
import { Participants, type Participant } from './participants.js';
import { Random } from './random.js';
import { Stalls } from './stalls.js';
import { chaosOfSync } from './sync/main.js';
import { chaosOfTopic } from './topic/main.js';
import { judge } from './verdict.js';

const DRAIN_TIMEOUT_MS = 60_000;
const PRODUCERS = 3;
const CONSUMERS = 3;
const SPARES = 3;

/** Runs everything; returns whether nothing went wrong. */
async function main(): Promise<boolean> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '300' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      'lane-bytes': { type: 'string', default: '16384' },
      rate: { type: 'string', default: '12' },
    },
  });
  const kills = Number(values.kills);
  const seed = Number(values.seed);
  const laneBytes = Number(values['lane-bytes']);
  const rate = Number(values.rate);
  const random = new Random(seed);
  const name = `chaos-${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'ringway-chaos-'));
  const failures: string[] = [];
  const participants = new Participants<Role, Order>(
    new URL('child.js', import.meta.url),
    [name, folder, String(laneBytes)],
    SPARES,
    (reason) => failures.push(reason),
  );
  const queue = Queue.open(name, { codec: bytes(), laneBytes, maxProducers: 8, maxConsumers: 8, create: 'always' });
  const stalls = new Stalls(queue, participants.live);
  const fill = (role: Role, place: string): Participant<Role> => {
    const seed = random.between(0, 2 ** 31);
    return participants.start(role, place, (id) => ({ go: role, id, seed, label: place }));
  };
  console.log(
    `chaos: seed ${seed}, ${kills} kills, lanes of ${laneBytes} bytes, ${PRODUCERS} producers, ${CONSUMERS} consumers`,
  );
  try {
    for (let i = 0; i < PRODUCERS; i++) fill('producer', `producer-${i}`);
    for (let i = 0; i < CONSUMERS; i++) fill('consumer', `consumer-${i}`);
    fill('creator', 'creator-0');
    for (let done = 0; done < kills && failures.length === 0; done++) {
      const victim = random.pick([...participants.live]);
      await moment(victim, random, rate);
      victim.child.kill('SIGKILL');
      await victim.gone;
      stalls.killed();
      fill(victim.role, victim.place);
      if ((done + 1) % 100 === 0) console.log(`${done + 1} kills`);
    }
    // Consumers go when all producers have ended: one that is only about to join would find nobody.
    await Promise.all([...participants.live].map(({ joined }) => joined));
    await participants.finish('creator', { finish: true });
    await participants.finish('producer', { finish: true });
    await queue.drained({ timeout: DRAIN_TIMEOUT_MS });
    stalls.stop();
    await participants.finish('consumer', { finish: true });
  } catch (error) {
    failures.push(`${String(error)} ${JSON.stringify(queue.stats())}`);
  } finally {
    stalls.stop();
    participants.dispose();
    await Promise.all([...participants.live].map(({ gone }) => gone));
  }
  queue.close();
  Queue.unlink(name);
  for (const { name: left } of Queue.list()) if (left.startsWith(`${name}.creator-`)) Queue.unlink(left);
  const verdict = judge(folder);
  const leftover = readdirSync('/dev/shm').filter((file) => file.includes(name));
  for (const finding of [...verdict.findings, ...stalls.findings, ...failures]) console.log(finding);
  if (leftover.length > 0) console.log(`left in /dev/shm: ${leftover.join(' ')}`);
  console.log(
    `sent ${verdict.sent} received ${verdict.received} redelivered ${verdict.redelivered} failures ${failures.length}`,
  );
  const { lost, reordered } = verdict;
  const invented = verdict.invented + verdict.doubled;
  console.log(`kills ${kills} lost ${lost} invented ${invented} reordered ${reordered} stalled ${stalls.count}`);
  const good = lost + invented + reordered + stalls.count + failures.length + leftover.length === 0 && verdict.sent > 0;
  if (good) rmSync(folder, { recursive: true });
  else console.log(`journals are kept in ${folder}; repeat with --seed ${seed}`);
  return good;
}

/** A random moment: soon after joining begins (one in four), or later. */
function moment(victim: Participant, random: Random, rate: number): Promise<void> {
  const joining = victim.running === undefined && random.next() < 0.25;
  const milliseconds = joining ? random.next() * 5 : (random.next() * 2000) / rate;
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

const args = process.argv.slice(2);
function run(): Promise<boolean> {
  if (args.includes('--every-step')) return everyStep(args);
  if (args.includes('--topic')) return chaosOfTopic(args);
  return args.includes('--sync') ? chaosOfSync(args) : main();
}

process.exitCode = (await run()) ? 0 : 1;
