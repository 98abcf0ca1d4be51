import type { Judge } from './crew.js';

/**
 * Carries out a plan of kills: the first consumer that asks dies, then the producer. The others go on at once. A producer that asks first waits, so that the order is
 * the same each time.
 *
 * @param killsConsumer - whether a consumer is to die; otherwise the producer does not wait for that
 */
export function executioner(killsConsumer: boolean): Judge {
  let consumerChosen!: () => void;
  const consumerDies = killsConsumer
    ? new Promise<void>((resolve) => {
        consumerChosen = resolve;
      })
    : Promise.resolve();
  let left = killsConsumer ? 1 : 0;
  return async ({ role }) => {
    if (role === 'producer') {
      await consumerDies;
      return false;
    }
    if (left === 0) return true;
    left--;
    consumerChosen();
    return false;
  };
}
