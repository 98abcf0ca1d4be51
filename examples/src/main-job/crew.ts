import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { hostMilliseconds } from './clock.js';
import type { Moment } from './audit.js';
import type { Order, Report } from './talk.js';
import type { WorkerOptions } from './worker-options.js';
import { hasExited, killWorker, startWorker } from './worker-process.js';

/** Signals by which a process says that it is broken itself, as against being killed. */
const FAULTS = new Set<NodeJS.Signals>(['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGABRT', 'SIGTRAP', 'SIGSYS']);

/** A place in the crew: whoever dies in it is replaced. */
export interface Post {
  readonly role: 'producer' | 'consumer';
  /** What people read. */
  readonly name: string;
  /** Program beside this one. */
  readonly program: string;
  readonly options: WorkerOptions;
}

/** A worker that died. */
export interface Death extends Moment {
  readonly name: string;
  readonly signal: NodeJS.Signals;
  /** Whether the job itself killed it. */
  readonly planned: boolean;
  /** Of a planned one: the message at which it was killed. */
  readonly number: number | undefined;
  successorAt: number | undefined;
}

/** Told of what happens, for people. */
export interface CrewWatcher {
  started(name: string, pid: number, replaces: boolean): void;
  died(death: Death): void;
  resumed(name: string, number: number): void;
}

/** Decides on workers that ask at the message where they were told to. */
export interface Judge {
  /** False kills it. */
  mayGoOn(role: Post['role']): Promise<boolean>;
  /** Told of each death. */
  died(role: Post['role']): void;
}

/** The processes of a job: starts them, replaces those that die, ends them. */
export class Crew {
  /** Aborted with the reason when the job is, or when a worker failed. */
  readonly signal: AbortSignal;
  /** Everybody who ever took part, in the order of their starts. */
  readonly members: { readonly role: Post['role']; readonly pid: number }[] = [];
  /** Those who died, in the order of time. */
  readonly deaths: Death[] = [];
  /** Moment of the first message, in milliseconds of the host's clock. */
  firstSend: number | undefined;
  readonly #watcher: CrewWatcher;
  readonly #judge: Judge;
  readonly #faultsEnd: boolean;
  readonly #workers = new Map<ChildProcess, Post>();
  readonly #doomed = new Map<ChildProcess, { time: number; number: number }>();
  readonly #over = new AbortController();
  readonly #produced: Promise<void>;
  #produce!: () => void;
  #ending = false;

  /**
   * @param signal - ends whatever waits here
   * @param faultsEnd - a worker that dies by a fault of its own (SIGSEGV, …) ends the job, instead of being replaced
   */
  constructor(watcher: CrewWatcher, judge: Judge, signal: AbortSignal, faultsEnd: boolean) {
    this.#watcher = watcher;
    this.#judge = judge;
    this.#faultsEnd = faultsEnd;
    this.signal = AbortSignal.any([signal, this.#over.signal]);
    this.#produced = new Promise((resolve) => {
      this.#produce = resolve;
    });
  }

  /** Starts a worker. */
  start(post: Post, replaces = false): void {
    const worker = startWorker(post.program, post.options);
    this.#workers.set(worker, post);
    worker.once('error', (error) => {
      this.#over.abort(
        new Error(`${post.name} cannot be started or told anything: ${error.message}`, { cause: error }),
      );
    });
    // Then `error` is emitted.
    if (worker.pid === undefined) return;
    this.members.push({ role: post.role, pid: worker.pid });
    this.#watcher.started(post.name, worker.pid, replaces);
    worker.on('message', (report: Report) => {
      this.#hear(worker, post, report);
    });
    worker.once('exit', (code, signal) => {
      this.#workers.delete(worker);
      if (!this.#ending) this.#gone(worker, post, code, signal);
      // Who is killed now leaves nothing undone.
      else if (code !== 0 && code !== null) this.#over.abort(failure(post.name, worker.pid, code, signal));
    });
  }

  /** Resolves when a producer has sent the last message. Rejects with the reason of {@link Crew.signal}. */
  async allSent(): Promise<void> {
    this.signal.throwIfAborted();
    const aborted = once(this.signal, 'abort').then(() => {
      this.signal.throwIfAborted();
    });
    await Promise.race([this.#produced, aborted]);
  }

  /**
   * Tells the consumers that there is no more, and waits until all are gone. From here nobody is replaced; nobody needs
   * to be.
   */
  async dismiss(): Promise<void> {
    this.#ending = true;
    const exits = [...this.#workers.keys()].map(async (worker) => {
      const exited = once(worker, 'exit', { signal: this.signal });
      tell(worker, 'stop');
      await exited;
    });
    await Promise.all(exits);
  }

  /** Kills whoever is left. Never fails. */
  async disband(): Promise<void> {
    this.#ending = true;
    await Promise.all([...this.#workers.keys()].map(killWorker));
  }

  #hear(worker: ChildProcess, post: Post, report: Report): void {
    if (report.type === 'sending') {
      this.firstSend ??= report.time;
      const predecessors = this.deaths.filter(({ role }) => role === 'producer');
      for (const death of predecessors) death.successorAt ??= report.number;
      if (predecessors.length > 0) this.#watcher.resumed(post.name, report.number);
    } else if (report.type === 'asks') void this.#decide(worker, post, report.number);
  }

  async #decide(worker: ChildProcess, post: Post, number: number): Promise<void> {
    const goOn = await this.#judge.mayGoOn(post.role);
    if (hasExited(worker) || this.#ending) return;
    if (goOn) {
      tell(worker, 'go-on');
      return;
    }
    this.#doomed.set(worker, { time: hostMilliseconds(), number });
    worker.kill('SIGKILL');
  }

  #gone(worker: ChildProcess, post: Post, code: number | null, signal: NodeJS.Signals | null): void {
    if (code === 0) {
      if (post.role !== 'producer') return;
      // What it reported before it left is heard first.
      if (worker.connected) worker.once('disconnect', this.#produce);
      else this.#produce();
      return;
    }
    if (signal === null || (this.#faultsEnd && FAULTS.has(signal))) {
      this.#over.abort(failure(post.name, worker.pid, code, signal));
      return;
    }
    const doom = this.#doomed.get(worker);
    const death: Death = {
      role: post.role,
      name: post.name,
      pid: worker.pid ?? 0,
      signal,
      planned: doom !== undefined,
      time: doom?.time ?? hostMilliseconds(),
      number: doom?.number,
      successorAt: undefined,
    };
    this.deaths.push(death);
    this.#watcher.died(death);
    this.#judge.died(post.role);
    this.start({ ...post, options: { ...post.options, askAt: undefined } }, true);
  }
}

/** Who cannot be told is gone, or about to go: its exit says so. */
function tell(worker: ChildProcess, order: Order): void {
  if (worker.connected) worker.send(order, () => undefined);
}

function failure(name: string, pid: number | undefined, code: number | null, signal: NodeJS.Signals | null): Error {
  return new Error(
    `${name} (pid ${String(pid)}) failed ${signal === null ? `with exit code ${String(code)}` : `by ${signal}`}`,
  );
}
