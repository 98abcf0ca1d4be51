import type { CaseName } from '../matrix.js';
import type { Scene } from '../scene.js';
import { abort } from './abort.js';
import { backPressure } from './back-pressure.js';
import { close } from './close.js';
import { death } from './death.js';
import { delivery } from './delivery.js';
import { garbage } from './garbage.js';
import { lateJoin } from './late-join.js';
import { order } from './order.js';

/** What is played for each case. Rejects where a promise is not kept. */
export const PLAYS: Readonly<Record<CaseName, (scene: Scene) => Promise<void>>> = {
  delivery,
  order,
  'back pressure': backPressure,
  close,
  abort,
  'late join': lateJoin,
  garbage,
  death,
};
