import { constants } from 'node:os';

import type { Attachments, SegmentHandle, SegmentHeader, WaitResult, Watch, WatchReason } from '@ringway/memory';

import type { Scheduler } from './scheduler.js';
import { ATTACHMENT_WORDS, CONTROL, LIMITS, REGION, STATUS, STEP, SYSTEM, location, type Shared } from './shared.js';

const LOCKS = location(REGION.system, SYSTEM.locks);
const GATE = location(REGION.system, SYSTEM.gate);
const LINKED = location(REGION.system, SYSTEM.linked);
const ATTACHMENTS = location(REGION.system, SYSTEM.attachments);
/** Of an attachment's entry: where its name stands, behind the lengths of name and contents, and how long it may be. */
const NAME_BYTE = 8;
const NAME_BYTES = ATTACHMENT_WORDS * 4 - NAME_BYTE;
/** Site of a step that is a system call: names for a trace. */
export const SYSTEM_SITES = [
  'end or block',
  'tryLock',
  'unlock',
  'lockedBits',
  'gate taken',
  'gate let go',
  'isLinked',
  'unlink',
  'wake',
  'wait',
  'watch',
  'fence',
  'attachment created',
  'attachment read',
  'attachment removed',
  'attachments listed',
  'punch',
  'commit',
  'work',
] as const;

type SystemSite = (typeof SYSTEM_SITES)[number];

function siteOf(name: SystemSite): number {
  return -1 - SYSTEM_SITES.indexOf(name);
}

/** What the mapped file needs to be for instrumented code: geometry comes from the header. */
export interface ModelObject {
  readonly header: SegmentHeader;
  readonly controlBytes: number;
  readonly laneBytes: number;
  /** How many are the user's own. */
  readonly userBytes?: number;
  /** The version that a blackboard's key begins with. Default 0. */
  readonly begin?: number;
}

interface Watching {
  readonly at: number;
  readonly words: Int32Array;
  readonly index: number;
  readonly expected: number;
  readonly held: Int32Array | undefined;
  readonly fired: (reason: WatchReason) => void;
}

/**
 * One participant's handle of the modelled object: its memory is shared among threads, its locks, its gate, its name, its futexes and its attachments are words
 * that all of them see, and each call is a step.
 */
export class ModelSegment implements SegmentHandle {
  readonly name = 'model';
  readonly header: SegmentHeader;
  readonly fenced = true;
  readonly attachments: Attachments;
  readonly #scheduler: Scheduler;
  readonly #control: Int32Array;
  readonly #object: ModelObject;
  readonly #shared: Shared;
  #watching: Watching | undefined;
  #closed = false;

  constructor(scheduler: Scheduler, shared: Shared, object: ModelObject) {
    this.#scheduler = scheduler;
    this.#control = scheduler.control;
    this.#object = object;
    this.#shared = shared;
    this.header = object.header;
    this.attachments = new ModelAttachments(scheduler, shared);
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** As of `Segment.memory`: who places a lock asks how much room there is, and no more. */
  get bytes(): { readonly length: number } {
    return { length: this.#object.userBytes ?? 0 };
  }

  map(offset: number): ArrayBuffer {
    if (offset !== 0) throw new Error('only the control area is mapped so');
    return asBuffer(this.#shared.regions[REGION.control]);
  }

  mapRing(offset: number): ArrayBuffer {
    return asBuffer(this.#shared.regions[this.#laneRegion(offset)]);
  }

  unmap(): void {
    throw new Error('nothing is unmapped in a model');
  }

  commit(): void {
    // The memory is always there.
  }

  punch(offset: number): void {
    const region = this.#laneRegion(offset);
    this.#step('punch', location(region, 0));
    new Uint8Array(this.#shared.regions[region]).fill(0);
  }

  assertIntact(): void {
    // The memory is always there.
  }

  inspect(): void {
    // The memory is always there.
  }

  withGate<T>(body: () => T): T {
    const me = this.#scheduler.me + 1;
    const control = this.#control;
    this.#step('gate taken', GATE);
    while (control[CONTROL.gate] !== 0) this.#scheduler.block(STATUS.gate, GATE, 0);
    control[CONTROL.gate] = me;
    try {
      return body();
    } finally {
      if (!this.#scheduler.gone) {
        this.#step('gate let go', GATE);
        this.#scheduler.openGate();
      }
    }
  }

  isLinked(): boolean {
    this.#step('isLinked', LINKED);
    return this.#control[CONTROL.linked] !== 0;
  }

  unlink(condition = (): boolean => true): boolean {
    return this.withGate(() => {
      if (!condition()) return false;
      this.#step('unlink', LINKED);
      const was = this.#control[CONTROL.linked];
      this.#control[CONTROL.linked] = 0;
      return was !== 0;
    });
  }

  tryLock(index: number): boolean {
    this.#step('tryLock', LOCKS + index * 4 + 1024);
    if (this.#control[CONTROL.lock + index] !== 0) return false;
    this.#control[CONTROL.lock + index] = this.#scheduler.me + 1;
    return true;
  }

  unlock(index: number): void {
    this.#step('unlock', LOCKS + index * 4 + 1024);
    if (!this.holds(index)) throw new RangeError(`slot lock ${index} is not held by this handle`);
    this.#control[CONTROL.lock + index] = 0;
  }

  holds(index: number): boolean {
    return this.#control[CONTROL.lock + index] === this.#scheduler.me + 1;
  }

  lockedBits(start: number, count: number, held: Int32Array): void {
    for (let bit = 0; bit < count; bit++) {
      this.#step('lockedBits', LOCKS + (start + bit) * 4 + 1024);
      const mask = 1 << (bit & 31);
      if (this.#control[CONTROL.lock + start + bit] !== 0) held[bit >> 5] |= mask;
      else held[bit >> 5] &= ~mask;
    }
  }

  /** membarrier(2): the stores of everybody are visible, those of this one too. */
  fence(): void {
    this.#step('fence', LOCKS);
    this.#scheduler.drainAll();
  }

  giveWay(): void {
    // The scheduler of the model does that at every step.
  }

  wake(words: Int32Array, index: number, count: number): number {
    const at = this.#scheduler.locate(words, index);
    this.#step('wake', at);
    let woken = 0;
    for (let who = 0; who < this.#control[CONTROL.participants] && woken < count; who++) {
      const status = this.#control[CONTROL.status + who];
      if ((status !== STATUS.word && status !== STATUS.watch) || this.#control[CONTROL.waitsAt + who] !== at) continue;
      this.#control[CONTROL.status + who] = STATUS.ready;
      woken++;
    }
    return woken;
  }

  waitSync(words: Int32Array, index: number, expected: number): WaitResult {
    const at = this.#scheduler.locate(words, index);
    this.#step('wait', at);
    if (Atomics.load(words, index) !== expected) return 'changed';
    return this.#scheduler.block(STATUS.word, at, expected) === 0 ? 'woken' : 'timeout';
  }

  watch(
    words: Int32Array,
    index: number,
    expected: number,
    locks: { start: number; count: number; held: Int32Array } | undefined,
    fired: (reason: WatchReason) => void,
  ): Watch {
    if (this.#watching !== undefined) throw new Error('one watch a participant is modelled');
    const at = this.#scheduler.locate(words, index);
    const watching = { at, words, index, expected, held: locks?.held.slice(), fired };
    this.#step('watch', at);
    this.#watching = watching;
    return {
      cancel: () => {
        if (this.#watching === watching) this.#watching = undefined;
      },
    };
  }

  /** What the native thread and the event loop do: blocks until the watch under way fires, and calls its callback. False if there is none. */
  turn(): boolean {
    const watching = this.#watching;
    if (watching === undefined) return false;
    for (let reason = this.#fires(watching); ; reason = this.#fires(watching)) {
      if (reason === undefined) {
        const result = this.#scheduler.block(STATUS.watch, watching.at, watching.expected);
        if (result !== 0) continue;
        reason = 'doorbell';
      }
      this.#watching = undefined;
      watching.fired(reason);
      return true;
    }
  }

  holdLoop(): void {
    // No event loop to keep.
  }

  releaseLoop(): void {
    // No event loop to keep.
  }

  close(): void {
    this.#closed = true;
  }

  #fires({ words, index, expected, held, at }: Watching): WatchReason | undefined {
    this.#step('wait', at);
    if (Atomics.load(words, index) !== expected) return 'doorbell';
    if (held === undefined) return undefined;
    for (let lock = 0; lock < held.length * 32; lock++) {
      const was = (held[lock >> 5] & (1 << (lock & 31))) !== 0;
      if (was && this.#control[CONTROL.lock + lock] === 0) return 'lock-released';
    }
    return undefined;
  }

  #step(name: SystemSite, at: number): void {
    // A system call empties the store buffer.
    this.#scheduler.step(STEP.system, siteOf(name), at);
    this.#scheduler.drain(this.#scheduler.me);
  }

  #laneRegion(offset: number): number {
    return REGION.lanes + (offset - this.#object.controlBytes) / this.#object.laneBytes;
  }
}

/** Attachments as a small table that all participants see: each call is one step, as the file system makes it. */
class ModelAttachments implements Attachments {
  readonly #scheduler: Scheduler;
  readonly #table: Int32Array;
  readonly #names: Uint8Array;
  readonly #bytes: Uint8Array;

  constructor(scheduler: Scheduler, shared: Shared) {
    this.#scheduler = scheduler;
    this.#table = new Int32Array(shared.attachments);
    this.#names = new Uint8Array(shared.attachments);
    this.#bytes = new Uint8Array(shared.attachmentBytes);
  }

  create(suffix: string, parts: readonly Uint8Array[]): void {
    this.#step('attachment created');
    if (this.#find(suffix) >= 0)
      throw Object.assign(new Error('EEXIST'), { code: 'EEXIST', errno: -constants.errno.EEXIST });
    let entry = 0;
    while (this.#table[entry * ATTACHMENT_WORDS] !== 0) entry++;
    if (entry >= LIMITS.attachments) throw new Error('too many attachments for the model');
    if (suffix.length > NAME_BYTES) throw new Error(`the name of attachment ${suffix} is too long for the model`);
    const bytes = Buffer.concat(parts);
    this.#bytes.set(bytes, entry * LIMITS.attachmentBytes);
    this.#table.set([suffix.length, bytes.length], entry * ATTACHMENT_WORDS);
    this.#names.set(Buffer.from(suffix, 'latin1'), entry * ATTACHMENT_WORDS * 4 + NAME_BYTE);
  }

  read(suffix: string, length: number): Uint8Array | undefined {
    this.#step('attachment read');
    const entry = this.#find(suffix);
    if (entry < 0) return undefined;
    const bytes = this.#table[entry * ATTACHMENT_WORDS + 1];
    if (bytes !== length) throw new Error(`attachment ${suffix} has ${bytes} bytes, expected ${length}`);
    const start = entry * LIMITS.attachmentBytes;
    return Uint8Array.from(this.#bytes.subarray(start, start + length));
  }

  remove(suffix: string): boolean {
    this.#step('attachment removed');
    const entry = this.#find(suffix);
    if (entry >= 0) this.#table[entry * ATTACHMENT_WORDS] = 0;
    return entry >= 0;
  }

  list(prefix: string): string[] {
    this.#step('attachments listed');
    const found: string[] = [];
    for (let entry = 0; entry < LIMITS.attachments; entry++) {
      const name = this.#nameOf(entry);
      if (name !== '') found.push(name);
    }
    return found.filter((suffix) => suffix.startsWith(prefix));
  }

  #step(name: SystemSite): void {
    this.#scheduler.step(STEP.system, siteOf(name), ATTACHMENTS);
    this.#scheduler.drain(this.#scheduler.me);
  }

  #find(suffix: string): number {
    for (let entry = 0; entry < LIMITS.attachments; entry++) if (this.#nameOf(entry) === suffix) return entry;
    return -1;
  }

  /** Empty where there is none. */
  #nameOf(entry: number): string {
    const start = entry * ATTACHMENT_WORDS * 4 + NAME_BYTE;
    return String.fromCharCode(...this.#names.subarray(start, start + this.#table[entry * ATTACHMENT_WORDS]));
  }
}

/** Instrumented code makes views of it, and nothing else; it must be shared among threads. */
function asBuffer(shared: SharedArrayBuffer): ArrayBuffer {
  return shared as unknown as ArrayBuffer;
}
