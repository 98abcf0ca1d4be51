import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Answer, Order, Result } from '../fixtures/primitive-protocol.js';
import { until } from './until.js';

const FIXTURE = fileURLToPath(new URL('../fixtures/primitive-peer.js', import.meta.url));

interface Asked {
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

/** Another process that does with primitives what it is told, several things at a time. */
export class Peer {
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, Asked>();
  #number = 0;

  private constructor() {
    this.#child = fork(FIXTURE, { stdio: 'inherit' });
    this.#child.on('message', (answer: Answer) => {
      const asked = this.#asked.get(answer.number);
      this.#asked.delete(answer.number);
      if ('result' in answer) asked?.resolve(answer.result);
      else asked?.reject(Object.assign(new Error(answer.message), { code: answer.error }));
    });
    this.#child.once('exit', (code, signal) => {
      for (const { reject } of this.#asked.values()) {
        reject(Object.assign(new Error(`the peer ended by ${signal ?? code ?? 'itself'}`), { code: 'PEER_GONE' }));
      }
      this.#asked.clear();
    });
  }

  /** Starts one and waits until it listens. */
  static async start(): Promise<Peer> {
    const peer = new Peer();
    await new Promise<Result>((resolve, reject) => {
      peer.#asked.set(0, { resolve, reject });
    });
    return peer;
  }

  /** Lets it do one thing; rejects with an error that has the code of the error there. */
  ask(order: Order): Promise<Result> {
    this.#number += 1;
    const number = this.#number;
    const answer = new Promise<Result>((resolve, reject) => {
      this.#asked.set(number, { resolve, reject });
    });
    this.#child.send({ number, order });
    return answer;
  }

  /** As {@link Peer.ask}, for what it shall wait for on its event loop: resolves as soon as it waits. */
  async begin(order: Order): Promise<{ readonly done: Promise<Result> }> {
    const done = this.ask(order);
    // Who asks looks at it later; until then nobody need know.
    done.catch(() => undefined);
    await this.ask({ do: 'nothing' });
    return { done };
  }

  /** Kills it, and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** Stops it, and waits until it stands still. */
  async stop(): Promise<void> {
    this.#child.kill('SIGSTOP');
    await until(() => /^\d+ \(.*\) T /.test(readFileSync(`/proc/${String(this.#child.pid)}/stat`, 'latin1')));
  }

  /** Lets it go on. */
  resume(): void {
    this.#child.kill('SIGCONT');
  }
}
