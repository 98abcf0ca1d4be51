import type { Answers, Failure, Orders } from './orders.js';
import type { MortalPeer } from './peer.js';

/** What is sent to the program of a peer. */
export interface Asked {
  readonly id: number;
  readonly what: keyof Orders;
  readonly order: Orders[keyof Orders];
}

/** What it answers. */
export interface Answered {
  readonly id: number;
  readonly answer?: unknown;
  readonly failure?: Failure;
}

/** What tells the program of a peer that it is to end. */
export const HANG_UP = 'hang up';

/** The way to a worker or a process. */
export interface Line {
  post(asked: Asked): void;
  /** Calls `answered` with what comes, and `gone` with how it ended, or what went wrong, once. */
  listen(answered: (answer: Answered) => void, gone: (how: string) => void): void;
  /** Asks it to end by itself. */
  hangUp(): void;
  kill(): void;
}

/** How one ends that was asked to. */
export const ENDED_WELL = 'code 0';

interface Open {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** An actor that is in a thread or process of its own. */
export class RemotePeer implements MortalPeer {
  readonly #line: Line;
  readonly #open = new Map<number, Open>();
  readonly #over: Promise<string>;
  #how: string | undefined;
  #next = 0;

  constructor(line: Line) {
    this.#line = line;
    this.#over = new Promise((resolve) => {
      line.listen(this.#answered, (how) => {
        this.#how = how;
        for (const { reject } of this.#open.values()) reject(gone(how));
        this.#open.clear();
        resolve(how);
      });
    });
  }

  ask<K extends keyof Orders>(what: K, order: Orders[K]): Promise<Answers[K]> {
    if (this.#how !== undefined) return Promise.reject(gone(this.#how));
    const id = this.#next++;
    return new Promise<Answers[K]>((resolve, reject) => {
      this.#open.set(id, {
        resolve: (answer) => {
          resolve(answer as Answers[K]);
        },
        reject,
      });
      this.#line.post({ id, what, order });
    });
  }

  async end(): Promise<void> {
    if (this.#how === undefined) this.#line.hangUp();
    const how = await this.#over;
    if (how !== ENDED_WELL) throw gone(how);
  }

  async kill(): Promise<void> {
    this.#line.kill();
    await this.#over;
  }

  readonly #answered = ({ id, answer, failure }: Answered): void => {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    if (failure === undefined) open.resolve(answer);
    else open.reject(Object.assign(new Error(`a peer failed: ${failure.message}`), { code: failure.code }));
  };
}

function gone(how: string): Error {
  return new Error(`the peer is gone: ${how}`);
}
