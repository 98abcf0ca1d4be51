import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Segment } from '@ringway/memory';
import { Queue } from '@ringway/ring';

import { Channel } from '../../dist/channel.js';
import { KIND_QUEUE } from '../../dist/layout.js';
import type { Answer, Request, Said } from '../fixtures/protocol.js';

const SHARED_MEMORY = '/dev/shm';

/** Geometry of a queue that is soon full. */
export const SMALL = { laneBytes: 16_384, maxProducers: 4, maxConsumers: 4 };

const running = new Set<ChildProcess>();
const cleanups: (() => void)[] = [];

/** Path of a compiled fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url));
}

/** A fixture that runs in a process of its own. */
export class Child {
  readonly process: ChildProcess;
  /** What it said of its own accord: names of events with what came with them. */
  readonly heard: Said[] = [];
  readonly #asked = new Map<number, (answer: Answer) => void>();
  #next = 0;
  #output = '';

  constructor(command: string, args: readonly string[]) {
    this.process = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    running.add(this.process);
    this.process.once('exit', () => running.delete(this.process));
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
    }
    this.process.on('message', (message: Answer | Said) => {
      if ('event' in message) this.heard.push(message);
      else this.#asked.get(message.id)?.(message);
    });
    this.process.once('exit', () => {
      const error = { code: 'EXITED', message: `the process ended (${this.status}): ${this.#output}` };
      for (const [id, answered] of this.#asked) answered({ id, error });
    });
  }

  /** A process that runs `fixtures/<name>`. */
  static run(name: string, ...args: string[]): Child {
    return new Child(process.execPath, [fixture(name), ...args]);
  }

  /** A process that does with a queue what it is told, once it listens. */
  static async peer(name: string): Promise<Child> {
    const child = Child.run('peer', name);
    await child.hears('listening');
    return child;
  }

  /** A peer that has opened the queue and joined it; it parks at once where it waits. */
  static async member(name: string, ...roles: ('producer' | 'consumer')[]): Promise<Child> {
    const child = await Child.peer(name);
    await child.ask({ do: 'open', options: SMALL });
    for (const role of roles) await child.ask({ do: role, options: { idle: 'park' } });
    return child;
  }

  get pid(): number {
    if (this.process.pid === undefined) throw new Error('the process did not start');
    return this.process.pid;
  }

  /** Exit code or signal, once it has ended. */
  get status(): number | string | null {
    return this.process.exitCode ?? this.process.signalCode;
  }

  get output(): string {
    return this.#output;
  }

  /** Lets it do one thing; resolves to the result, rejects with an error of the same code. */
  async ask<T = unknown>(request: Request): Promise<T> {
    if (this.status !== null) throw new Error(`the process has ended (${this.status}): ${this.#output}`);
    const id = this.#next++;
    const answered = new Promise<Answer>((resolve) => this.#asked.set(id, resolve));
    this.process.send({ id, request });
    const answer = await answered;
    this.#asked.delete(id);
    if (answer.error !== undefined) throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
    return answer.result as T;
  }

  /** Resolves when it has said this, of whom it is asked. */
  async hears(event: string, of: (detail: unknown) => boolean = () => true): Promise<unknown> {
    for (;;) {
      const found = this.heard.find((each) => each.event === event && of(each.detail));
      if (found !== undefined) return found.detail;
      if (this.status !== null) throw new Error(`the process ended (${this.status}) without ${event}: ${this.#output}`);
      const controller = new AbortController();
      const { signal } = controller;
      await Promise.race([once(this.process, 'message', { signal }), once(this.process, 'exit', { signal })]);
      controller.abort();
    }
  }

  /** Resolves to exit code or signal when it has ended. */
  async end(): Promise<number | string | null> {
    if (this.status === null) await once(this.process, 'exit');
    return this.status;
  }

  /** Kills it; resolves when it is gone. */
  async kill(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.end();
  }
}

/** A free name; the queue of that name is unlinked by {@link cleanUp}. */
export function queueName(): string {
  const name = `ring-${randomBytes(6).toString('hex')}`;
  cleanups.push(() => {
    Queue.unlink(name);
    // Only where a test has failed is anything left.
    for (const object of objectsOf(name)) rmSync(join(SHARED_MEMORY, object), { force: true });
  });
  return name;
}

/** Closed by {@link cleanUp}. */
export function keep<C extends { close(): void }>(closable: C): C {
  cleanups.push(() => closable.close());
  return closable;
}

/** The queue as a stranger sees it; closed by {@link cleanUp}. */
export function channelOf(name: string): Channel {
  return new Channel(keep(Segment.open(name, { kind: KIND_QUEUE })));
}

/** Runs at the end of the test, last one first. */
export function later(cleanup: () => void): void {
  cleanups.push(cleanup);
}

/** For `afterEach`: ends all processes, closes and unlinks everything. */
export async function cleanUp(): Promise<void> {
  await Promise.all(
    [...running].map(async (child) => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }),
  );
  const errors: unknown[] = [];
  for (const cleanup of cleanups.splice(0).reverse()) {
    try {
      cleanup();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, 'could not clean up');
}

/** Objects in shared memory whose names contain this. */
export function objectsOf(name: string): string[] {
  return readdirSync(SHARED_MEMORY).filter((entry) => entry.includes(name));
}
