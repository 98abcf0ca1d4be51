import { blackboardModel } from '../blackboard-model.js';
import { queueModel } from '../queue-model.js';
import type { AnyScenario } from '../scenario.js';
import { syncModel } from '../sync-model.js';
import { topicModel } from '../topic-model.js';
import { blackboards } from './blackboards.js';
import { claims } from './claims.js';
import { deaths } from './deaths.js';
import { delivery } from './delivery.js';
import { locks } from './locks.js';
import { membership } from './membership.js';
import { returns } from './returns.js';
import { topics } from './topics.js';

const queues = [...delivery, ...claims, ...deaths, ...membership, ...returns];

/** All of them. */
export const scenarios: readonly AnyScenario[] = [
  ...queues.map((scenario) => ({ ...scenario, model: queueModel })),
  ...topics.map((scenario) => ({ ...scenario, model: topicModel })),
  ...blackboards.map((scenario) => ({ ...scenario, model: blackboardModel })),
  ...locks.map((scenario) => ({ ...scenario, model: syncModel(scenario.geometry) })),
];

/** Throws for a name that none has. */
export function scenarioNamed(name: string): AnyScenario {
  const found = scenarios.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`there is no scenario ${JSON.stringify(name)}`);
  return found;
}
