import type { Model } from './model.js';
import type { Happening, Left, Outcome, Program, Scenario } from './scenario.js';
import { ABANDONED, EVENT } from './shared.js';
import { PARTICIPANTS, SyncWorld, WRITES, type SyncGeometry } from './sync-world.js';

/** A scenario of a lock or the like, but for what all of them share. */
export type SyncScenario = Omit<Scenario<SyncWorld, SyncGeometry>, 'model'>;
export type SyncProgram = Program<SyncWorld>;

const PAGE = 4096;

/** Locks, semaphores, conditions and barriers. */
export function syncModel(geometry: SyncGeometry = {}): Model<SyncWorld, SyncGeometry> {
  return {
    object(modules) {
      const size = 4 * PAGE;
      const segment = modules.LocalSegment.create('model', {
        kind: modules.KIND_MEMORY,
        geometry: [PARTICIPANTS],
        size,
        codecName: '',
        codecId: 0,
        schemaId: 0,
      });
      const { header } = segment;
      segment.close();
      return { object: { header, controlBytes: size, laneBytes: 0, userBytes: size - 2 * PAGE }, regions: [size] };
    },

    world: (modules, scheduler, shared, object) => new SyncWorld(modules, scheduler, shared, object),

    /** A newcomer must get all that there is. */
    left({ newcomer }) {
      const world = newcomer();
      const { semaphore, parties } = geometry;
      const left: Left[] = [];
      const take = (guard: { readonly abandoned?: boolean; release(): void } | undefined, weight: number): void => {
        if (guard === undefined) throw new Error('it is held by nobody who is there, and cannot be had');
        left.push({ number: weight + (guard.abandoned === true ? ABANDONED : 0), redelivered: false });
        guard.release();
      };
      if (semaphore !== undefined) {
        const found = world.semaphore(semaphore.permits, semaphore.owned);
        if (semaphore.owned) take(found.tryAcquire(semaphore.permits), semaphore.permits);
        else left.push({ number: found.value, redelivered: false });
      } else if (parties === undefined && geometry.capacity === WRITES) take(world.rwLock().tryWrite(), WRITES);
      else if (parties === undefined) take(world.mutex().tryAcquire(), 1);
      world.leave();
      return left;
    },

    verdict: (outcome) => verdictOf(outcome, geometry),
  };
}

/**
 * Nobody holds what others hold, nobody who lives loses it, and whoever comes first after one that died with it is told.
 */
function verdictOf({ log, left }: Outcome, { capacity = 1, semaphore }: SyncGeometry): string | undefined {
  const held = new Map<number, number>();
  let deaths = 0;
  let told = 0;
  /** Somebody died while he had all of it, and nobody was told yet. */
  let untold = false;
  const exclusive = semaphore === undefined;
  const acquire = (who: number, number: number): string | undefined => {
    const abandoned = number >= ABANDONED;
    const weight = number % ABANDONED;
    if (abandoned && ++told > deaths) return `${who} was told that a holder died, and none did`;
    if (exclusive && weight === capacity) {
      if (untold && !abandoned) return `${who} was not told that the holder before died`;
      untold = false;
    }
    held.set(who, (held.get(who) ?? 0) + weight);
    const sum = [...held.values()].reduce((total, one) => total + one, 0);
    return sum > capacity ? `${sum} of ${capacity} are held when ${who} gets it` : undefined;
  };
  for (const { who, event, number } of log) {
    const wrong = step(who, event, number);
    if (wrong !== undefined) return wrong;
  }
  held.clear();
  return semaphore?.owned === false
    ? undefined
    : left.map(({ number }) => acquire(-1, number)).find((wrong) => wrong !== undefined);

  function step(who: number, event: Happening['event'], number: number): string | undefined {
    if (event === EVENT.holds) return acquire(who, number);
    if (event === EVENT.lets) held.set(who, (held.get(who) ?? 0) - number);
    else if (event === EVENT.died) {
      deaths++;
      if (exclusive && held.get(who) === capacity) untold = true;
      held.delete(who);
    }
    return undefined;
  }
}
