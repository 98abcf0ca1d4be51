import { Child } from './process.js';
import { type Outcome, PATIENCE_MS, within } from './turns.js';

/** Starts a consumer of the queue and kills it; returns the process id. */
export async function witness(name: string): Promise<number> {
  const doomed = await Child.peer(name);
  await doomed.ask({ do: 'open' });
  await doomed.ask({ do: 'consumer', options: { label: 'witness' } });
  await doomed.kill();
  return doomed.pid;
}

/**
 * Resolves when `watcher` has looked for the dead since this was called, or its wait is over. Whom it did not adopt at that look it took for alive: one
 * look is at all slots, and a peer that died meanwhile, the witness, was found by it.
 *
 * @param wait - what `watcher` was asked to wait for
 */
export async function looksForTheDead(name: string, watcher: Child, wait: Outcome<unknown>): Promise<void> {
  const pid = await witness(name);
  const told = watcher.hears('peer-lost', (detail) => (detail as { readonly pid: number }).pid === pid);
  await within(PATIENCE_MS, 'a look for the dead', Promise.race([told, wait.done]));
  // The rest of the look, and what came of it, is told before this answer.
  await watcher.ask({ do: 'answer' });
}

/** Peers other than witnesses that `watcher` was told are lost. */
export function lostTo(watcher: Child): unknown[] {
  return watcher.heard
    .filter(({ event, detail }) => event === 'peer-lost' && (detail as { readonly label: string }).label !== 'witness')
    .map(({ detail }) => detail);
}
