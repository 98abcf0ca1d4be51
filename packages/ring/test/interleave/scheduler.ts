import {
  ACTION,
  BUFFERED,
  CONTROL,
  EVENT,
  EXPLORER,
  LIMITS,
  LOG_WORDS,
  MAX_STEPS,
  PLAN_WORDS,
  REGION,
  STATUS,
  STEP,
  STOP,
  STORE_DOUBLES,
  SYSTEM,
  TRACE,
  location,
  type Shared,
} from './shared.js';

const SIGNALS = location(REGION.system, SYSTEM.signals);
const WORK = location(REGION.system, SYSTEM.work);
/** Index of its name among those of system calls. */
const WORK_SITE = 18;

type View = Int32Array | Float64Array | Uint8Array;

/** Thrown at every step of a participant that is dead, or whose run is over: it unwinds, and can touch nothing any more. */
export class Gone extends Error {}

/**
 * One participant's hand on the baton. Participants are threads of which one runs at a time; before each access to shared memory
 * the one that runs makes a step, at which the plan may let another one go on, or let somebody die. Whoever blocks or comes to his end passes the baton, too.
 *
 * Stores: every participant has a store buffer, as an x86 processor has (total store order; Sewell et al., "x86-TSO", CACM 2010). A plain store goes to memory at
 * once unless the plan delays it; behind a delayed one all plain stores wait. Own loads see them; atomic operations, system calls and death empty
 * the buffer, `fence` of anybody empties all.
 */
export class Scheduler {
  readonly me: number;
  readonly control: Int32Array;
  readonly #plan: Int32Array;
  readonly #trace: Int32Array;
  readonly #log: Int32Array;
  readonly #stores: Float64Array;
  readonly #regions: { readonly words: Int32Array; readonly floats: Float64Array; readonly bytes: Uint8Array }[];
  readonly #regionOf = new WeakMap<ArrayBufferLike, number>();
  #last = 0;

  constructor(shared: Shared, me: number) {
    this.me = me;
    this.control = new Int32Array(shared.control);
    this.#plan = new Int32Array(shared.plan);
    this.#trace = new Int32Array(shared.trace);
    this.#log = new Int32Array(shared.log);
    this.#stores = new Float64Array(shared.stores);
    this.#regions = shared.regions.map((buffer, index) => {
      this.#regionOf.set(buffer, index);
      return { words: new Int32Array(buffer), floats: new Float64Array(buffer), bytes: new Uint8Array(buffer) };
    });
  }

  // ---- the baton

  /** Sleeps until it is this one's turn. */
  awaitBaton(): void {
    const mine = CONTROL.baton + this.me;
    while (Atomics.load(this.control, mine) === 0) Atomics.wait(this.control, mine, 0);
    Atomics.store(this.control, mine, 0);
  }

  giveBaton(to: number): void {
    Atomics.store(this.control, CONTROL.baton + to, 1);
    Atomics.notify(this.control, CONTROL.baton + to);
  }

  /** This participant's body is over. Somebody else goes on, or the explorer. */
  finish(): void {
    const { control, me } = this;
    control[CONTROL.returned + me] = 1;
    this.drain(me);
    // Who ends without leaving is dead for the others.
    if (control[CONTROL.stop] === STOP.none && this.#letLocksGo(me)) {
      control[CONTROL.deaths]++;
      this.#say(me, EVENT.died, 0);
    }
    if (control[CONTROL.status + me] !== STATUS.dead) control[CONTROL.status + me] = STATUS.finished;
    if (control[CONTROL.stop] !== STOP.none) {
      this.giveBaton(EXPLORER);
      return;
    }
    this.giveBaton(this.#nextAfter(STEP.end));
  }

  // ---- steps

  /** Before everything that others can see. `site` is negative for what is no access to memory. */
  step(kind: number, site: number, at: number): void {
    const { control, me } = this;
    if (control[CONTROL.exploring] === 0) return;
    this.#live();
    const step = control[CONTROL.step]++;
    if (step >= MAX_STEPS) this.#stop(STOP.endless);
    this.#note(step, kind, site, at);
    this.#last = step;
    while (control[CONTROL.next] === step) {
      const action = control[CONTROL.action] * PLAN_WORDS;
      const what = this.#plan[action + 1];
      const who = this.#plan[action + 2];
      this.#advance();
      if (what === ACTION.delay) control[CONTROL.delay + me] = 1;
      else if (what === ACTION.kill) this.#kill(who);
      else {
        this.giveBaton(who);
        this.awaitBaton();
        this.#live();
      }
    }
  }

  /** Blocks until somebody changes this participant's status to ready, right after a step with which it has looked why. Returns `waitResult`. */
  block(status: number, at: number, noted: number): number {
    const { control, me } = this;
    control[CONTROL.status + me] = status;
    control[CONTROL.waitsAt + me] = at;
    control[CONTROL.waitsFor + me] = noted;
    control[CONTROL.waitResult + me] = 0;
    const next = this.#nextAfter(STEP.block);
    if (next !== me) {
      this.giveBaton(next);
      this.awaitBaton();
    }
    this.#live();
    return control[CONTROL.waitResult + me];
  }

  /** Something that takes time and that others might do at the same time: where they must not. */
  work(): void {
    this.step(STEP.system, -1 - WORK_SITE, WORK);
  }

  /** Tells other participants something, as by a pipe that the queue knows nothing of. */
  signal(bit: number): void {
    const { control, me } = this;
    this.step(STEP.system, -1, SIGNALS);
    this.drain(me);
    control[CONTROL.signals] |= 1 << bit;
    for (let who = 0; who < control[CONTROL.participants]; who++) {
      const waits = control[CONTROL.status + who] === STATUS.signal;
      if (waits && control[CONTROL.waitsFor + who] === bit) control[CONTROL.status + who] = STATUS.ready;
    }
  }

  /** Blocks until somebody has signalled. */
  awaitSignal(bit: number): void {
    const { control, me } = this;
    // A system call: its delayed stores come now, and not before, so others may go on first.
    if (control[CONTROL.buffered + me] > 0) this.step(STEP.system, -1, SIGNALS);
    this.drain(me);
    while ((control[CONTROL.signals] & (1 << bit)) === 0) this.block(STATUS.signal, SIGNALS, bit);
  }

  /** Says what a participant did; for the verdict. */
  log(event: number, number: number): void {
    this.#live();
    this.#say(this.me, event, number);
  }

  #say(who: number, event: number, number: number): void {
    const { control } = this;
    const at = control[CONTROL.logLength]++;
    if (at >= LIMITS.log) throw new Error('the log is full');
    this.#log[at * LOG_WORDS] = who;
    this.#log[at * LOG_WORDS + 1] = event;
    this.#log[at * LOG_WORDS + 2] = number;
  }

  /** Whether this participant is dead, or its run over. */
  get gone(): boolean {
    return this.control[CONTROL.status + this.me] === STATUS.dead || this.control[CONTROL.stop] !== STOP.none;
  }

  // ---- memory, as instrumented code sees it

  get(site: number, view: View, index: number): number {
    const region = this.#regionOf.get(view.buffer);
    if (region === undefined) return view[index];
    const byte = view.byteOffset + index * view.BYTES_PER_ELEMENT;
    this.step(STEP.load, site, location(region, byte & ~3));
    const value = this.#forwarded(region, view.BYTES_PER_ELEMENT, byte) ?? view[index];
    this.#tell(value);
    return value;
  }

  put(site: number, view: View, index: number, value: number): number {
    const region = this.#regionOf.get(view.buffer);
    if (region === undefined) return (view[index] = value);
    const { control, me } = this;
    const byte = view.byteOffset + index * view.BYTES_PER_ELEMENT;
    this.step(STEP.store, site, location(region, byte & ~3));
    this.#tell(value);
    const count = control[CONTROL.buffered + me];
    if (count === 0 && control[CONTROL.delay + me] === 0) return (view[index] = value);
    control[CONTROL.delay + me] = 0;
    if (count === LIMITS.buffered) {
      this.drain(me);
      return (view[index] = value);
    }
    const entry = (me * LIMITS.buffered + count) * STORE_DOUBLES;
    this.#stores[entry] = region;
    this.#stores[entry + 1] = view.BYTES_PER_ELEMENT;
    this.#stores[entry + 2] = byte;
    this.#stores[entry + 3] = value;
    control[CONTROL.buffered + me] = count + 1;
    return value;
  }

  /** A range is read or written, by a call that cannot be taken apart. */
  touch(site: number, view: View | ArrayBufferLike, from: number): void {
    const isView = ArrayBuffer.isView(view);
    const region = this.#regionOf.get(isView ? view.buffer : view);
    if (region === undefined) return;
    const byte = (isView ? view.byteOffset : 0) + from;
    this.step(STEP.touch, site, location(region, byte & ~3));
    this.drain(this.me);
  }

  /** A plain load on this machine: it empties no buffer. */
  load(site: number, words: Int32Array, index: number): number {
    return this.get(site, words, index);
  }

  store(site: number, words: Int32Array, index: number, value: number): number {
    this.#atomic(STEP.atomic, site, words, index);
    return this.#tell(Atomics.store(words, index, value));
  }

  add(site: number, words: Int32Array, index: number, value: number): number {
    this.#atomic(STEP.atomic, site, words, index);
    return this.#tell(Atomics.add(words, index, value));
  }

  and(site: number, words: Int32Array, index: number, value: number): number {
    this.#atomic(STEP.atomic, site, words, index);
    return this.#tell(Atomics.and(words, index, value));
  }

  or(site: number, words: Int32Array, index: number, value: number): number {
    this.#atomic(STEP.atomic, site, words, index);
    return this.#tell(Atomics.or(words, index, value));
  }

  exchange(site: number, words: Int32Array, index: number, value: number): number {
    this.#atomic(STEP.atomic, site, words, index);
    return this.#tell(Atomics.exchange(words, index, value));
  }

  compareExchange(site: number, words: Int32Array, index: number, expected: number, value: number): number {
    this.#atomic(STEP.atomic, site, words, index);
    return this.#tell(Atomics.compareExchange(words, index, expected, value));
  }

  /** The stores of `who` reach memory, in order. */
  drain(who: number): void {
    const { control } = this;
    const count = control[CONTROL.buffered + who];
    control[CONTROL.delay + who] = 0;
    if (count === 0) return;
    for (let i = 0; i < count; i++) {
      const entry = (who * LIMITS.buffered + i) * STORE_DOUBLES;
      const { words, floats, bytes } = this.#regions[this.#stores[entry]];
      const width = this.#stores[entry + 1];
      const view = width === 4 ? words : width === 8 ? floats : bytes;
      view[this.#stores[entry + 2] / width] = this.#stores[entry + 3];
    }
    control[CONTROL.buffered + who] = 0;
  }

  drainAll(): void {
    for (let who = 0; who < this.control[CONTROL.participants]; who++) this.drain(who);
  }

  /** Where a word of a mapped view lies. */
  locate(words: Int32Array, index: number): number {
    return location(this.#regionOf.get(words.buffer) ?? -1, words.byteOffset + index * 4);
  }

  // ---- inside

  #atomic(kind: number, site: number, words: Int32Array, index: number): void {
    const region = this.#regionOf.get(words.buffer);
    if (region === undefined) return;
    this.step(kind, site, location(region, words.byteOffset + index * 4));
    // A locked instruction.
    this.drain(this.me);
  }

  #forwarded(region: number, width: number, byte: number): number | undefined {
    const { control, me } = this;
    for (let i = control[CONTROL.buffered + me] - 1; i >= 0; i--) {
      const entry = (me * LIMITS.buffered + i) * STORE_DOUBLES;
      if (this.#stores[entry + 2] === byte && this.#stores[entry] === region && this.#stores[entry + 1] === width) {
        return this.#stores[entry + 3];
      }
    }
    return undefined;
  }

  #live(): void {
    if (this.gone) throw new Gone('this participant is gone');
  }

  #stop(why: number): never {
    this.control[CONTROL.stop] = why;
    throw new Gone('the run was stopped');
  }

  #note(step: number, kind: number, site: number, at: number): void {
    const entry = step * TRACE.words;
    const { control } = this;
    this.#trace[entry + TRACE.who] = this.me;
    this.#trace[entry + TRACE.kind] = kind;
    this.#trace[entry + TRACE.site] = site;
    this.#trace[entry + TRACE.location] = at;
    let ready = 0;
    for (let who = 0; who < control[CONTROL.participants]; who++) {
      if (control[CONTROL.status + who] === STATUS.ready) ready |= 1 << who;
    }
    if (control[CONTROL.buffered + this.me] > 0) ready |= BUFFERED;
    this.#trace[entry + TRACE.ready] = ready;
  }

  /** Notes what the last step loaded or stored, for people. */
  #tell(value: number): number {
    if (this.control[CONTROL.telling] !== 0) this.#trace[this.#last * TRACE.words + TRACE.value] = value;
    return value;
  }

  #advance(): void {
    const { control } = this;
    const action = ++control[CONTROL.action];
    control[CONTROL.next] = this.#plan[action * PLAN_WORDS];
  }

  #kill(who: number): void {
    const { control, me } = this;
    this.drain(who);
    control[CONTROL.status + who] = STATUS.dead;
    control[CONTROL.deaths]++;
    this.#say(who, EVENT.died, 0);
    this.#letLocksGo(who);
    if (who === me) throw new Gone('this participant was killed');
  }

  /** What the kernel does when a process is gone. True if it had any. */
  #letLocksGo(who: number): boolean {
    const { control } = this;
    let any = false;
    for (let lock = 0; lock < LIMITS.locks; lock++) {
      if (control[CONTROL.lock + lock] !== who + 1) continue;
      control[CONTROL.lock + lock] = 0;
      any = true;
    }
    if (control[CONTROL.gate] === who + 1) this.openGate();
    return any;
  }

  /** The gate is free: who waits for it tries again. */
  openGate(): void {
    const { control } = this;
    control[CONTROL.gate] = 0;
    for (let who = 0; who < control[CONTROL.participants]; who++) {
      if (control[CONTROL.status + who] === STATUS.gate) control[CONTROL.status + who] = STATUS.ready;
    }
  }

  /** Who goes on when this one cannot: as the plan says, else the next that is ready. If none is, time passes. */
  #nextAfter(kind: number): number {
    const { control, me } = this;
    if (control[CONTROL.exploring] === 0) throw new Error('a participant blocks before the exploration has begun');
    for (;;) {
      const step = control[CONTROL.step]++;
      if (step >= MAX_STEPS) {
        control[CONTROL.stop] = STOP.endless;
        return EXPLORER;
      }
      this.#note(step, kind, -1, location(REGION.system, SYSTEM.locks));
      let chosen = -1;
      while (control[CONTROL.next] === step) {
        const action = control[CONTROL.action] * PLAN_WORDS;
        const what = this.#plan[action + 1];
        const who = this.#plan[action + 2];
        this.#advance();
        if (what === ACTION.kill) {
          if (control[CONTROL.status + who] !== STATUS.finished) {
            try {
              this.#kill(who);
            } catch (error) {
              if (!(error instanceof Gone)) throw error;
            }
          }
        } else chosen = who;
      }
      if (chosen >= 0 && control[CONTROL.status + chosen] === STATUS.ready) return chosen;
      const count = control[CONTROL.participants];
      for (let i = 1; i <= count; i++) {
        const who = (me + i) % count;
        if (control[CONTROL.status + who] === STATUS.ready) return who;
      }
      if (!this.#passTime()) return EXPLORER;
    }
  }

  /**
   * A native slice of 100 ms ends for all who wait: they look again; so does the thread that probes locks and words for those on the event loop. False
   * if nobody waits, or if that has happened too often: nobody may need it unless somebody has died.
   */
  #passTime(): boolean {
    const { control } = this;
    let waiting = 0;
    for (let who = 0; who < control[CONTROL.participants]; who++) {
      const status = control[CONTROL.status + who];
      if (status !== STATUS.word && status !== STATUS.watch) continue;
      control[CONTROL.status + who] = STATUS.ready;
      control[CONTROL.waitResult + who] = 1;
      waiting++;
    }
    if (waiting === 0) {
      for (let who = 0; who < control[CONTROL.participants]; who++) {
        const status = control[CONTROL.status + who];
        // Who should have signalled may be dead, and then the scenario ends here.
        const waitsInVain = status === STATUS.gate || (status === STATUS.signal && control[CONTROL.deaths] === 0);
        if (waitsInVain) control[CONTROL.stop] = STOP.stalled;
      }
      return false;
    }
    control[CONTROL.clock]++;
    const allowed = control[CONTROL.deaths] > 0 ? control[CONTROL.mostSlices] : 0;
    if (++control[CONTROL.slices] <= allowed) return true;
    control[CONTROL.stop] = STOP.stalled;
    return false;
  }
}
