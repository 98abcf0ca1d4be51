import type { Explorer } from './explorer.js';
import { SYSTEM_SITES } from './model-segment.js';
import { ACTION, EVENT, REGION_BITS, STEP, TRACE, type Action } from './shared.js';

const KINDS = Object.fromEntries(Object.entries(STEP).map(([name, kind]) => [kind, name]));
const EVENTS = Object.fromEntries(Object.entries(EVENT).map(([name, event]) => [event, name]));

/** A schedule in one line, as `--replay` takes it. */
export function formatPlan(plan: readonly Action[]): string {
  const letters = { [ACTION.preempt]: 'p', [ACTION.kill]: 'k', [ACTION.delay]: 'd' } as const;
  return plan.length === 0 ? '-' : plan.map(({ step, kind, who }) => `${step}${letters[kind]}${who}`).join(',');
}

/** The reverse of {@link formatPlan}. Throws for what is none. */
export function parsePlan(text: string): Action[] {
  if (text === '-') return [];
  return text.split(',').map((part) => {
    const found = /^(\d+)([pkd])(\d+)$/.exec(part);
    if (found === null) throw new RangeError(`a plan is a list like 12p1,40k0, not ${text}`);
    const kinds = { p: ACTION.preempt, k: ACTION.kill, d: ACTION.delay } as const;
    return { step: Number(found[1]), kind: kinds[found[2] as keyof typeof kinds], who: Number(found[3]) };
  });
}

/** Plays a plan again and tells every step of it. */
export function tellTrace(explorer: Explorer, plan: readonly Action[]): string {
  const { outcome, steps, wrong } = explorer.run(plan, true);
  const { trace, tree, scenario } = explorer;
  const width = Math.max(...scenario.programs.map(({ name }) => name.length));
  const lines: string[] = [];
  for (let step = 0; step < steps; step++) {
    const entry = step * TRACE.words;
    const who = scenario.programs[trace[entry + TRACE.who]].name.padEnd(width);
    const site = trace[entry + TRACE.site];
    const kind = KINDS[trace[entry + TRACE.kind]];
    const at = trace[entry + TRACE.location];
    const place = `${Math.floor(at / 2 ** REGION_BITS)}:${at % 2 ** REGION_BITS}`;
    const value = site >= 0 ? ` = ${trace[entry + TRACE.value]}` : '';
    const what = site >= 0 ? `${tree.sites[site].text}${value}` : SYSTEM_SITES[-1 - site];
    const where = site >= 0 ? `${tree.sites[site].file}:${tree.sites[site].line}` : '';
    for (const action of plan) {
      if (action.step !== step) continue;
      const name = scenario.programs[action.who].name;
      const words = {
        [ACTION.preempt]: `--> ${name} goes on`,
        [ACTION.kill]: `xxx ${name} is killed`,
        [ACTION.delay]: '... delayed',
      };
      lines.push(`      ${words[action.kind]} (before the next step of ${who.trim()})`);
    }
    lines.push(`${String(step).padStart(5)} ${who}  ${kind.padEnd(6)} ${place.padEnd(9)} ${what.padEnd(80)} ${where}`);
  }
  lines.push(
    ...outcome.log.map(
      ({ who, event, number }) => `  ${scenario.programs.at(who)?.name ?? 'before'}: ${EVENTS[event]} ${number}`,
    ),
    `  left: ${outcome.left.map(({ number, redelivered }) => `${number}${redelivered ? ' (redelivered)' : ''}`).join(' ')}`,
    `  ${wrong ?? 'nothing is wrong'}`,
  );
  return lines.join('\n');
}
