import { parseArgs } from 'node:util';

import { Random } from '../random.js';
import { ROLE_NAMES, type RoleName } from './roles.js';
import { isGood, runEveryStep } from './run.js';

/**
 * `npm run chaos -- --every-step [--role R] [--stop] [--every K] [--seed S] [--step N] [--unreached]`: real processes are killed (`--stop`: stopped, and later
 * continued) at each of their steps in each role, or at every K-th, or at one. `--unreached` lists the accesses to shared memory that no point was at. Returns whether
 * nothing went wrong.
 */
export async function everyStep(args: string[]): Promise<boolean> {
  const { values } = parseArgs({
    args,
    options: {
      'every-step': { type: 'boolean' },
      role: { type: 'string', multiple: true, default: [] },
      stop: { type: 'boolean', default: false },
      every: { type: 'string', default: '1' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      step: { type: 'string' },
      unreached: { type: 'boolean', default: false },
    },
  });
  const roles = values.role.length === 0 ? ROLE_NAMES : values.role.map(roleNamed);
  const every = wholeNumber('every', values.every, 1);
  const only = values.step === undefined ? undefined : wholeNumber('step', values.step, 0);
  const offset = new Random(Number(values.seed)).between(0, every - 1);
  const fate = values.stop ? 'SIGSTOP' : 'SIGKILL';
  const steps = only === undefined ? { every, offset } : { only };
  const which = only === undefined ? `every ${every}, offset ${offset}, seed ${values.seed}` : `step ${only}`;
  console.log(`every step: ${fate}, ${which}, ${roles.length} roles`);
  const say = (line: string): void => {
    console.log(line);
  };
  const totals = await runEveryStep({ roles, fate, steps, patches: [], say });
  if (values.unreached)
    for (const { file, line, text } of totals.unreached) console.log(`not reached: ${file}:${line} ${text}`);
  const { points, lost, invented, doubled, stalled, failures } = totals;
  if (failures > 0) console.log(`${failures} failures besides`);
  console.log(`points ${points} lost ${lost} invented ${invented} doubled ${doubled} stalled ${stalled}`);
  return isGood(totals);
}

function roleNamed(name: string): RoleName {
  const role = ROLE_NAMES.find((known) => known === name);
  if (role === undefined)
    throw new Error(`there is no role ${JSON.stringify(name)}; there are: ${ROLE_NAMES.join(', ')}`);
  return role;
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${option} must be a whole number from ${least}, not ${text}`);
}
