import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Order } from './child.js';

export type Role = 'producer' | 'consumer' | 'creator';

/** A process that takes part. */
export interface Participant {
  readonly role: Role;
  readonly id: number;
  readonly place: string;
  readonly child: ChildProcess;
  /** When it said that it had joined, on `performance.now()`'s clock; undefined before. */
  running: number | undefined;
  readonly gone: Promise<void>;
}

/** Keeps spare processes ready, so that a participant joins a few milliseconds after it was asked for, not after a start of Node. */
export class Participants {
  readonly live = new Set<Participant>();
  readonly #spares: ChildProcess[] = [];
  readonly #arguments: string[];
  readonly #failed: (reason: string) => void;
  #stopping = false;
  #ids = 0;

  constructor(parameters: string[], spares: number, failed: (reason: string) => void) {
    this.#arguments = parameters;
    this.#failed = failed;
    for (let i = 0; i < spares; i++) this.#addSpare();
  }

  /** @param place - which of the scenario's places it fills: producers of one place have the same label */
  start(role: Role, place: string, seed: number): Participant {
    const child = this.#spares.shift() ?? this.#spawn();
    this.#addSpare();
    const id = ++this.#ids;
    const participant: Participant = {
      role,
      id,
      place,
      child,
      running: undefined,
      gone: new Promise((resolve) => {
        child.once('exit', (code, signal) => {
          this.live.delete(participant);
          if (signal !== 'SIGKILL' && !(this.#stopping && code === 0)) {
            this.#failed(`${role} ${id} ended by itself: code ${String(code)} signal ${String(signal)}`);
          }
          resolve();
        });
      }),
    };
    child.on('message', () => (participant.running = performance.now()));
    tell(child, { go: role, id, seed, label: place });
    this.live.add(participant);
    return participant;
  }

  /** Tells those of a role to finish, and waits until they are gone. */
  async finish(role: Role): Promise<void> {
    this.#stopping = true;
    const those = [...this.live].filter((one) => one.role === role);
    for (const { child } of those) tell(child, { finish: true });
    await Promise.all(those.map(({ gone }) => gone));
  }

  /** Kills whatever is left. */
  dispose(): void {
    this.#stopping = true;
    for (const { child } of this.live) child.kill('SIGKILL');
    for (const child of this.#spares) child.kill('SIGKILL');
  }

  #addSpare(): void {
    if (!this.#stopping) this.#spares.push(this.#spawn());
  }

  #spawn(): ChildProcess {
    return fork(fileURLToPath(new URL('child.js', import.meta.url)), this.#arguments, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }
}

/** Who is gone by then needs no order: his `exit` says what became of him. */
function tell(child: ChildProcess, order: Order): void {
  child.send(order, () => undefined);
}
