import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

import type { Native } from '@ringway/native';

type View = Int32Array | Float64Array | Uint8Array;
type Call = (...parameters: never[]) => unknown;

/** What becomes of a process at its step. */
export type Fate = 'SIGKILL' | 'SIGSTOP';

/** Where a process was when it met its fate: an access to shared memory, by its index in the tree's sites, or a system call. */
export interface Place {
  readonly step: number;
  readonly site: number | undefined;
  readonly call: string | undefined;
}

/** System calls of the addon that change what others see, or wait for others. */
const NATIVE_CALLS = [
  'linkDescriptor',
  'reserve',
  'punch',
  'lock',
  'unlock',
  'fence',
  'futexWake',
  'futexWait',
] as const satisfies (keyof Native)[];
/** The same of `node:fs`, as packages/memory uses it. */
const FILE_CALLS = [
  'openSync',
  'fchmodSync',
  'ftruncateSync',
  'writeSync',
  'linkSync',
  'unlinkSync',
  'closeSync',
] as const satisfies (keyof typeof fs)[];

/**
 * Kills or stops this very process at its n-th step: an access to shared memory by instrumented code (see `instrument`), or a system call that the protocol makes.
 * The step itself is not made: what comes last is the one before it. Counts from {@link KillAtStep.arm} on.
 *
 * That nothing runs after it follows from kill(2): a signal that a process sends to itself is delivered before the call returns, and SIGKILL and SIGSTOP cannot be
 * blocked. Should it return from a SIGKILL, the process aborts, which is another end than the one that is expected of it.
 */
export class KillAtStep {
  readonly #tell: (place: Place) => void;
  readonly #resumed: () => void;
  readonly #mapped = new WeakSet<ArrayBufferLike>();
  #armed = false;
  #count = 0;
  #at = 0;
  #site = -1;
  #fate: Fate = 'SIGKILL';

  /**
   * @param tell - called just before the signal; must be done with it when it returns
   * @param resumed - called first of all when somebody has sent SIGCONT
   */
  constructor(tell: (place: Place) => void, resumed: () => void) {
    this.#tell = tell;
    this.#resumed = resumed;
  }

  /** Steps since {@link KillAtStep.arm}. */
  get count(): number {
    return this.#count;
  }

  /**
   * Before the addon is loaded and the instrumented modules are used: they call this object from here, and so do the system calls.
   *
   * @param global - what instrumented code calls it; a parameter, so that no victim loads a compiler for the sake of a name
   */
  install(global: string): void {
    Reflect.set(globalThis, global, this);
    for (const name of FILE_CALLS) Reflect.set(fs, name, this.#counted(fs, name));
    syncBuiltinESMExports();
    // What the addon exports cannot be changed, so it is changed as it is loaded.
    const dlopen = process.dlopen.bind(process);
    process.dlopen = (module: { exports: object }, ...parameters: unknown[]): void => {
      Reflect.apply(dlopen, undefined, [module, ...parameters]);
      if ('mapTwice' in module.exports) module.exports = this.#wrapped(module.exports as Native);
    };
  }

  /**
   * From here steps are counted; the process meets `fate` at step `at`, counted from 1, and never where that is 0.
   *
   * @param site - also at the first access that stands there in the code
   */
  arm(at: number, fate: Fate, site = -1): void {
    this.#count = 0;
    this.#at = at;
    this.#site = site;
    this.#fate = fate;
    this.#armed = true;
  }

  disarm(): void {
    this.#armed = false;
  }

  /** Does what is no part of the protocol: its system calls are no steps. */
  quietly<T>(body: () => T): T {
    const armed = this.#armed;
    this.#armed = false;
    try {
      return body();
    } finally {
      this.#armed = armed;
    }
  }

  // ---- what instrumented code calls

  get(site: number, view: View, index: number): number {
    this.#access(site, view.buffer);
    return view[index];
  }

  put(site: number, view: View, index: number, value: number): number {
    this.#access(site, view.buffer);
    return (view[index] = value);
  }

  touch(site: number, range: View | ArrayBufferLike): void {
    this.#access(site, ArrayBuffer.isView(range) ? range.buffer : range);
  }

  load(site: number, words: Int32Array, index: number): number {
    this.#access(site, words.buffer);
    return Atomics.load(words, index);
  }

  store(site: number, words: Int32Array, index: number, value: number): number {
    this.#access(site, words.buffer);
    return Atomics.store(words, index, value);
  }

  add(site: number, words: Int32Array, index: number, value: number): number {
    this.#access(site, words.buffer);
    return Atomics.add(words, index, value);
  }

  and(site: number, words: Int32Array, index: number, value: number): number {
    this.#access(site, words.buffer);
    return Atomics.and(words, index, value);
  }

  or(site: number, words: Int32Array, index: number, value: number): number {
    this.#access(site, words.buffer);
    return Atomics.or(words, index, value);
  }

  exchange(site: number, words: Int32Array, index: number, value: number): number {
    this.#access(site, words.buffer);
    return Atomics.exchange(words, index, value);
  }

  compareExchange(site: number, words: Int32Array, index: number, expected: number, value: number): number {
    this.#access(site, words.buffer);
    return Atomics.compareExchange(words, index, expected, value);
  }

  // ---- inside

  #access(site: number, buffer: ArrayBufferLike): void {
    if (this.#armed && this.#mapped.has(buffer)) this.#step(site, undefined);
  }

  #wrapped(native: Native): Native {
    const wrapped = { ...native };
    for (const name of NATIVE_CALLS) Reflect.set(wrapped, name, this.#counted(native, name));
    for (const name of ['map', 'mapTwice'] as const) {
      wrapped[name] = (...given): ArrayBuffer | number => {
        const mapped = native[name](...given);
        if (typeof mapped !== 'number') this.#mapped.add(mapped);
        return mapped;
      };
    }
    return wrapped;
  }

  #counted(object: object, name: string): Call {
    const original = Reflect.get(object, name) as Call;
    return (...parameters) => {
      if (this.#armed) this.#step(undefined, name);
      return Reflect.apply(original, object, parameters) as unknown;
    };
  }

  #step(site: number | undefined, call: string | undefined): void {
    if (++this.#count !== this.#at && site !== this.#site) return;
    const step = this.#count;
    this.quietly(() => {
      this.#tell({ step, site, call });
      process.kill(process.pid, this.#fate);
      if (this.#fate === 'SIGKILL') process.abort();
      this.#resumed();
    });
  }
}
