export { Doorbells, sleeperWords } from './doorbell.js';
export { Idle, SLICE_MS, type IdleStrategy, type Waiting } from './idle.js';
export { joinLinked, takeSlot } from './joining.js';
export { STRONG_ORDER } from './order.js';
export type { RecordMode } from './interval-table.js';
export { RecordLock } from './record-lock.js';
export type {
  RecordAcquireOptions,
  RecordAcquireSyncOptions,
  RecordGuard,
  RecordHolder,
  RecordLockOptions,
  RecordRange,
} from './record-lock-options.js';
export { Roster } from './roster.js';
export { MAX_SLOTS, NOBODY, SLOT_BYTES, SLOT_STATE } from './slot-layout.js';
export { countSlots, type Observed, type SegmentKind, type SlotCensus } from './slot-census.js';
export { Slots, type Peer } from './slots.js';
export { Turn, TURN_MS } from './turn.js';
export { Pending, abortError, checkWait, leaving, timeoutError, type WaitOptions } from './waits.js';
export type { Primitive } from './primitive.js';
export { Mutex } from './mutex.js';
export { MutexGuard } from './mutex-guard.js';
export type { PrimitiveOptions } from './primitive-options.js';
export type { NamedOptions } from './record.js';
export { SYNC_KINDS } from './sync-kinds.js';
export { recordBytes } from './sync-layout.js';
export { RwLock, type RwLockMode } from './rw-lock.js';
export { RwLockGuard } from './rw-lock-guard.js';
export { Semaphore, type SemaphoreOptions } from './semaphore.js';
export { SemaphoreGuard } from './semaphore-guard.js';
export { Barrier, type BarrierOptions } from './barrier.js';
export { Condition } from './condition.js';
