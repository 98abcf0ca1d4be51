import type { System } from '../system.js';
import { nativeRing } from './native-ring.js';
import { ringway } from './ringway.js';
import { unixSocket } from './unix-socket.js';

/** All that are compared, in the order in which they take their turns. */
export const SYSTEMS: readonly System[] = [ringway, nativeRing, unixSocket];
