import type { Native } from '@ringway/native';

/** How long a processor may keep a store to itself, generously: where no barrier can be executed on the others, they are given this time. */
const DRAIN_MS = 1;

let registered: boolean | undefined;
let canFence = true;

/** Whether the fences of other processes reach this one. False in a sandbox that forbids membarrier(2), and before Linux 4.16. */
export function registeredForFences(native: Native): boolean {
  return (registered ??= native.registerFence() === 0);
}

/** A barrier on every processor that runs a participant; see `SegmentHandle.fence`. */
export function fence(native: Native): void {
  if (canFence && native.fence() === 0) return;
  canFence = false;
  // No barrier on the others, then: a store leaves its processor's buffer within nanoseconds.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, DRAIN_MS);
}
