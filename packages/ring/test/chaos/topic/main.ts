// `npm run chaos -- --topic [--kills N] [--seed N] [--lane-bytes N] [--rate N]`: real processes publish to a topic of tiny lanes and subscribe to it, in every manner, and are killed with SIGKILL at random
// moments. One subscriber that lives through it all knows what was published, in which order; afterwards everybody's journal is compared with that. `--plant MISTAKE` gives the processes code with a mistake
// (see planted.ts), which must be found.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Topic, bytes } from '../../../dist/index.js';
import { within } from '../../support/turns.js';
import { Participants, type Participant } from '../participants.js';
import { Random } from '../random.js';
import { MISTAKES, plant } from './planted.js';
import { MANNERS, geometry, type Order, type Role } from './scene.js';
import { Stalls } from './stalls.js';
import { Truth } from './truth.js';
import { judge } from './verdict.js';

const END_MS = 20_000;
const PUBLISHERS = 3;
const SPARES = 3;

/** Runs everything; returns whether nothing went wrong. */
export async function chaosOfTopic(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      topic: { type: 'boolean' },
      kills: { type: 'string', default: '300' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      'lane-bytes': { type: 'string', default: '4096' },
      rate: { type: 'string', default: '12' },
      plant: { type: 'string' },
    },
  });
  const [kills, seed, laneBytes, rate] = [values.kills, values.seed, values['lane-bytes'], values.rate].map(Number);
  const mistake = MISTAKES.find((each) => each.name === values.plant);
  if (values.plant !== undefined && mistake === undefined) {
    throw new RangeError(`--plant must be one of ${MISTAKES.map((each) => each.name).join(', ')}`);
  }
  const random = new Random(seed);
  const name = `chaos-topic-${process.pid}`;
  const folder = mkdtempSync(join(tmpdir(), 'ringway-chaos-topic-'));
  const journals = join(folder, 'journals');
  mkdirSync(journals);
  const library =
    mistake === undefined ? new URL('../../../dist/index.js', import.meta.url).href : plant(mistake, folder);
  const failures: string[] = [];
  const participants = new Participants<Role, Order>(
    new URL('child.js', import.meta.url),
    [name, journals, String(laneBytes), library],
    SPARES,
    (reason) => failures.push(reason),
  );
  const topic = Topic.open(name, { codec: bytes(), ...geometry(laneBytes), create: 'always' });
  const truth = new Truth();
  topic.on('corrupt-lane', ({ message }) => {
    truth.torn++;
    failures.push(message);
  });
  const watching = truth.watch(topic.subscriber({ label: 'all' }));
  watching.catch((error: unknown) => failures.push(String(error)));
  const stalls = new Stalls(journals, truth, participants.live);
  const fill = (role: Role, place: string): Participant<Role> => {
    const own = random.between(0, 2 ** 31);
    return participants.start(role, place, (id) => ({ go: role, id, seed: own, label: place }));
  };
  console.log(
    `chaos: seed ${seed}, ${kills} kills, lanes of ${laneBytes} bytes, ${PUBLISHERS} publishers, ${MANNERS.length} subscribers`,
  );
  let done = 0;
  try {
    for (let i = 0; i < PUBLISHERS; i++) fill('publisher', `publisher-${i}`);
    for (let i = 0; i < MANNERS.length; i++) fill('subscriber', `subscriber-${i}`);
    for (; done < kills && failures.length + stalls.count === 0; done++) {
      const victim = random.pick([...participants.live]);
      await moment(victim, random, rate);
      victim.child.kill('SIGKILL');
      await victim.gone;
      fill(victim.role, victim.place);
      if ((done + 1) % 100 === 0) console.log(`${done + 1} kills`);
    }
    // Where something went wrong already, there may be no end to wait for.
    if (failures.length + stalls.count === 0) {
      // Those that are only about to join publish something, too.
      await Promise.all([...participants.live].map(({ joined }) => joined));
      await within(END_MS, 'the publishers', participants.finish('publisher', { finish: true }));
      await within(END_MS, 'the end of the stream', watching);
      await within(END_MS, 'the subscribers', participants.finish('subscriber', { finish: true }));
    }
  } catch (error) {
    failures.push(`${String(error)} ${JSON.stringify(topic.stats())}`);
  } finally {
    stalls.stop();
    participants.dispose();
    await Promise.all([...participants.live].map(({ gone }) => gone));
  }
  topic.close();
  Topic.unlink(name);
  const verdict = judge(journals, truth);
  const leftover = readdirSync('/dev/shm').filter((file) => file.includes(name));
  for (const finding of [...verdict.findings, ...stalls.findings, ...failures]) console.log(finding);
  if (leftover.length > 0) console.log(`left in /dev/shm: ${leftover.join(' ')}`);
  const { published, subscriptions, received, missed, lost, torn, invented } = verdict;
  console.log(
    `published ${published} subscriptions ${subscriptions} received ${received} missed ${missed} failures ${failures.length}`,
  );
  const wrong = lost + torn + invented + stalls.count + failures.length + leftover.length;
  const good = wrong === 0 && done === kills && published > 0 && missed > 0;
  if (good || mistake !== undefined) rmSync(folder, { recursive: true });
  else console.log(`journals are kept in ${folder}; repeat with --seed ${seed}`);
  console.log(`kills ${done} lost ${lost} torn ${torn} invented ${invented} stalled ${stalls.count}`);
  return good;
}

/** A random moment: soon after joining begins (one in four), or later. */
function moment(victim: Participant, random: Random, rate: number): Promise<void> {
  const joining = victim.running === undefined && random.next() < 0.25;
  const milliseconds = joining ? random.next() * 5 : (random.next() * 2000) / rate;
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
