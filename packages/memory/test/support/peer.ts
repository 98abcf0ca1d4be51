import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import type { Answer, Request } from '../fixtures/peer-protocol.js';

/** The peers of a test. */
export class Peers {
  readonly #started: Peer[] = [];

  /** Starts one and waits until it listens. */
  async start(): Promise<Peer> {
    const peer = await Peer.start();
    this.#started.push(peer);
    return peer;
  }

  /** For `afterEach`: ends them all. */
  async kill(): Promise<void> {
    await Promise.all(this.#started.splice(0).map((peer) => peer.kill()));
  }
}

/** Another process that does with segments what it is told. */
export class Peer {
  readonly #child: ChildProcess;
  /** What it said and nobody has asked for yet: several things may come at once. */
  readonly #said: Answer[] = [];
  readonly #waiting: { resolve: (answer: Answer) => void; reject: (error: Error) => void }[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (answer: Answer) => {
      const first = this.#waiting.shift();
      if (first === undefined) this.#said.push(answer);
      else first.resolve(answer);
    });
    child.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.splice(0)) {
        reject(new Error(`the peer ended with ${String(signal ?? code)} before it said what is waited for`));
      }
    });
  }

  /** Starts one and waits until it listens. */
  static async start(): Promise<Peer> {
    const peer = new Peer(fork(fileURLToPath(new URL('../fixtures/peer.js', import.meta.url)), { stdio: 'inherit' }));
    await peer.#next();
    return peer;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Lets it do one thing. Resolves to the result; rejects with an error whose message is the code of the error there. */
  async ask(request: Request): Promise<unknown> {
    this.#child.send(request);
    const answer = await this.#next();
    if ('error' in answer) throw Object.assign(new Error(answer.message), { code: answer.error });
    return answer.result;
  }

  /** The next thing that it says of its own accord. */
  async hear(): Promise<unknown> {
    const answer = await this.#next();
    return 'result' in answer ? answer.result : answer.error;
  }

  #next(): Promise<Answer> {
    const answer = this.#said.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
    });
  }

  /** Tells it something without waiting for an answer. */
  tell(request: Request): void {
    this.#child.send(request);
  }

  /** Ends it at once, and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}
