import { randomBytes } from 'node:crypto';
import type { IdleStrategy } from '@ringway/sync';
import { Actor } from './actor.js';
import { PLAYS } from './cases/index.js';
import type { CaseName, Place } from './matrix.js';
import type { Handle, Pattern } from './pattern.js';
import { SameThreadPeer, type MortalPeer, type Peer } from './peer.js';
import { startProcess } from './process-line.js';
import { RemotePeer } from './remote-peer.js';
import { Scene } from './scene.js';
import { startWorker } from './worker-line.js';

const PROGRAM = new URL('./peer-program.js', import.meta.url);
const NAME_BYTES = 6;

/** A handle that several hold, each of whom may close it. */
function shared(open: () => Handle): (name: string) => Handle {
  let current: { readonly name: string; readonly handle: Handle } | undefined;
  return (name) => {
    if (current?.name !== name) current = { name, handle: open() };
    return current.handle;
  };
}

/** The two participants of the cells of one place and one idle strategy: the other one is started once, where that can be. */
export class Company {
  readonly #pattern: Pattern;
  readonly #place: Place;
  readonly #idle: IdleStrategy;
  readonly #patienceMs: number;
  readonly #open: (name: string) => Handle;
  #there: Peer | undefined;

  constructor(pattern: Pattern, place: Place, idle: IdleStrategy, patienceMs: number) {
    this.#pattern = pattern;
    this.#place = place;
    this.#idle = idle;
    this.#patienceMs = patienceMs;
    this.#open =
      place === 'local' && pattern.local !== undefined ? shared(pattern.local) : (name) => pattern.open(name);
  }

  /** Plays a case. Whatever happens, nothing is left of it; who took part in one that failed is not used again. */
  async play(name: CaseName): Promise<void> {
    const names: string[] = [];
    const victims: MortalPeer[] = [];
    const here = new SameThreadPeer(new Actor(this.#open));
    const there = (this.#there ??= this.#start());
    const newName = (): string => {
      const fresh = `conformance-${randomBytes(NAME_BYTES).toString('hex')}`;
      names.push(fresh);
      return fresh;
    };
    const newVictim = (): MortalPeer => {
      const victim = this.#startRemote();
      victims.push(victim);
      return victim;
    };
    const scene = new Scene({
      ...{ promises: this.#pattern.promises, idle: this.#idle },
      ...{ here, there, newName, newVictim },
    });
    let played = false;
    try {
      await this.#patiently(PLAYS[name](scene));
      await this.#patiently(scene.close());
      played = true;
    } finally {
      if (!played) {
        this.#there = undefined;
        if (there instanceof RemotePeer) await there.kill();
        else await there.end();
      }
      await Promise.all(victims.map((victim) => victim.kill()));
      for (const left of names) this.#pattern.unlink(left);
      await here.end();
    }
  }

  /** Lets the other one end. Rejects where it did not end well. */
  async end(): Promise<void> {
    const there = this.#there;
    this.#there = undefined;
    if (there !== undefined) await this.#patiently(there.end());
  }

  #start(): Peer {
    return this.#place === 'worker' || this.#place === 'process'
      ? this.#startRemote()
      : new SameThreadPeer(new Actor(this.#open));
  }

  #startRemote(): RemotePeer {
    const start = this.#place === 'process' ? startProcess : startWorker;
    return new RemotePeer(start(PROGRAM, this.#pattern.module));
  }

  /** A hang is a failure, not the end of the run. */
  async #patiently<R>(promise: Promise<R>): Promise<R> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(new Error(`something that must come has not come within ${this.#patienceMs} ms`));
      }, this.#patienceMs);
    });
    try {
      return await Promise.race([promise, late]);
    } finally {
      clearTimeout(timer);
    }
  }
}
