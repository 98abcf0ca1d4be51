export { Doorbells, sleeperWords } from './doorbell.js';
export { Idle, SLICE_MS, type IdleStrategy, type Waiting } from './idle.js';
export { joinLinked, takeSlot } from './joining.js';
export { STRONG_ORDER } from './order.js';
export { Roster } from './roster.js';
export { MAX_SLOTS, NOBODY, SLOT_BYTES, SLOT_STATE } from './slot-layout.js';
export { Slots, type Peer } from './slots.js';
export { Turn, TURN_MS } from './turn.js';
export { Pending, abortError, checkWait, leaving, timeoutError, type WaitOptions } from './waits.js';
