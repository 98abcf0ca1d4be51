import type { Scenario } from '../scenario.js';
import { claims } from './claims.js';
import { deaths } from './deaths.js';
import { delivery } from './delivery.js';
import { membership } from './membership.js';

/** All of them. */
export const scenarios: readonly Scenario[] = [...delivery, ...claims, ...deaths, ...membership];

/** Throws for a name that none has. */
export function scenarioNamed(name: string): Scenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`there is no scenario ${JSON.stringify(name)}`);
  return found;
}
