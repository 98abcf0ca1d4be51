// `npm run chaos -- --sync [--kills N] [--seed N] [--only NAMES] [--rate N]`: processes and their workers use each
// primitive of packages/sync, by awaiting and by blocking, and are killed with SIGKILL at random moments, some of them
// stopped before. Each writes down what it does, in a file that all have mapped, before and after it does it; what is
// there is compared all the time and at the end. `--plant MISTAKE` has one of them make a mistake (see part.ts), which
// must be found.
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Segment } from '@ringway/memory';
import { Participants } from '../participants.js';
import { Findings, type Finding } from './findings.js';
import { Journal } from './journal.js';
import type { Planted, Scene } from './part.js';
import { PARTS, partOf } from './parts/index.js';
import { Run } from './run.js';
import { journalPath, type Order } from './scene.js';

const SPARES = 3;
/** So many of the kills are of processes that only await, and never lose patience. */
const PATIENT = 0.25;
const MOST_FINDINGS = 20;
const PLANTED: readonly Planted[] = ['none', 'ignore-lock', 'keep-lock', 'forget-permits'];

/** Runs everything; returns whether nothing went wrong. */
export async function chaosOfSync(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      sync: { type: 'boolean' },
      kills: { type: 'string', default: '300' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      only: { type: 'string' },
      rate: { type: 'string', default: '12' },
      plant: { type: 'string', default: 'none' },
    },
  });
  const [kills, seed, rate] = [values.kills, values.seed, values.rate].map(Number);
  const parts = values.only === undefined ? PARTS : values.only.split(',').map(partOf);
  const planted = PLANTED.find((one) => one === values.plant);
  if (planted === undefined) throw new RangeError(`--plant must be one of ${PLANTED.join(', ')}`);
  const folder = mkdtempSync(join(tmpdir(), 'ringway-chaos-sync-'));
  const name = `chaos-sync-${process.pid}`;
  const failures: string[] = [];
  const program = new URL('child.js', import.meta.url);
  const participants = new Participants<string, Order>(program, [], SPARES, (reason) => failures.push(reason));
  console.log(`chaos: seed ${values.seed}, ${kills} kills of ${parts.map((part) => part.name).join(', ')}`);
  const findings: Finding[] = [];
  let done = 0;
  try {
    for (const [index, part] of parts.entries()) {
      const share = Math.floor(kills / parts.length) + (index < kills % parts.length ? 1 : 0);
      const patientShare = Math.floor(share * PATIENT);
      const acts = [
        { title: part.name, patient: false, count: share - patientShare },
        { title: `${part.name}-patient`, patient: true, count: patientShare },
      ];
      for (const { title, patient, count } of acts.filter((act) => act.count > 0)) {
        if (findings.length + failures.length > 0) break;
        const own = join(folder, title);
        mkdirSync(own);
        const scene = sceneFor(`${name}.${title}`, own, planted);
        const run = new Run({ part, title, patient, scene, participants, failures, seed: seed + index, rate });
        done += await run.play(count);
        findings.push(...scene.findings.all());
      }
    }
  } finally {
    participants.dispose();
    await Promise.all([...participants.live].map(({ gone }) => gone));
    for (const { name: left } of Segment.list()) if (left.startsWith(name)) Segment.unlink(left);
  }
  const leftover = readdirSync('/dev/shm').filter((file) => file.includes(name));
  for (const { kind, text } of findings.slice(0, MOST_FINDINGS)) console.log(`${kind}: ${text}`);
  for (const failure of failures.slice(0, MOST_FINDINGS)) console.log(failure);
  if (leftover.length > 0) console.log(`left in /dev/shm: ${leftover.join(' ')}`);
  const count = (kind: Finding['kind']): number => findings.filter((finding) => finding.kind === kind).length;
  const good = findings.length + failures.length + leftover.length === 0 && done === kills;
  if (good) rmSync(folder, { recursive: true });
  else console.log(`journals are kept in ${folder}; repeat with --seed ${values.seed}`);
  console.log(`kills ${done} lost ${count('lost')} doubled ${count('doubled')} stalled ${count('stalled')}`);
  return good;
}

function sceneFor(name: string, folder: string, planted: Planted): Scene {
  return { name, folder, planted, journal: Journal.create(journalPath(folder)), findings: new Findings(folder) };
}
