import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A process that takes part. */
export interface Participant<Role extends string = string> {
  readonly role: Role;
  readonly id: number;
  readonly place: string;
  readonly child: ChildProcess;
  /** When it said that it had joined, on `performance.now()`'s clock; undefined before. */
  running: number | undefined;
  /** Whether it was told to finish. */
  leaving: boolean;
  /** It has joined, or is gone. */
  readonly joined: Promise<void>;
  readonly gone: Promise<void>;
}

/** Keeps spare processes ready, so that a participant joins a few milliseconds after it was asked for, not after a start of Node. */
export class Participants<Role extends string, Order extends object> {
  readonly live = new Set<Participant<Role>>();
  readonly #spares: ChildProcess[] = [];
  readonly #program: URL;
  readonly #arguments: string[];
  readonly #failed: (reason: string) => void;
  #stopping = false;
  #ids = 0;

  /** @param program - what each runs; it is told what to do by a message */
  constructor(program: URL, parameters: string[], spares: number, failed: (reason: string) => void) {
    this.#program = program;
    this.#arguments = parameters;
    this.#failed = failed;
    for (let i = 0; i < spares; i++) this.#addSpare();
  }

  /**
   * @param place - which of the scenario's places it fills
   * @param order - what the one with this id is told
   */
  start(role: Role, place: string, order: (id: number) => Order): Participant<Role> {
    const child = this.#spares.shift() ?? this.#spawn();
    this.#addSpare();
    const id = ++this.#ids;
    const participant: Participant<Role> = {
      role,
      id,
      place,
      child,
      running: undefined,
      leaving: false,
      joined: new Promise((resolve) => {
        child.once('message', resolve);
        child.once('exit', resolve);
      }),
      gone: new Promise((resolve) => {
        child.once('exit', (code, signal) => {
          this.live.delete(participant);
          if (signal !== 'SIGKILL' && !((participant.leaving || this.#stopping) && code === 0)) {
            this.#failed(`${role} ${id} ended by itself: code ${String(code)} signal ${String(signal)}`);
          }
          resolve();
        });
      }),
    };
    child.on('message', () => (participant.running = performance.now()));
    tell(child, order(id));
    this.live.add(participant);
    return participant;
  }

  /** Tells those of a role to finish, and waits until they are gone. */
  async finish(role: Role, order: Order): Promise<void> {
    this.#stopping = true;
    const those = [...this.live].filter((one) => one.role === role);
    for (const one of those) {
      one.leaving = true;
      tell(one.child, order);
    }
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
    return fork(fileURLToPath(this.#program), this.#arguments, {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }
}

/** Who is gone by then needs no order: his `exit` says what became of him. */
function tell(child: ChildProcess, order: object): void {
  child.send(order, () => undefined);
}
