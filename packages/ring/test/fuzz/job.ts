import { fork, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import type { Finding } from './findings.js';
import { KINDS, type Kind } from './segment.js';
import type { Orders, Report } from './worker.js';

/** How long one segment, or a look for leaks, may take: much longer than it ever does. */
const HANG_MS = 30_000;
const LOOK_MS = 1000;
const SHARED_MEMORY = '/dev/shm';

/** What a job tells of its work. */
export interface JobEvents {
  readonly found: (finding: Finding, kind: Kind | undefined) => void;
}

/** One line of segments, worked by one process; when that dies of a segment, or hangs, by the next one. */
export class Job {
  readonly counts: Record<Kind, number> = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  readonly #orders: Orders;
  readonly #events: JobEvents;
  #child: ChildProcess | undefined;
  #stopping = false;

  constructor(orders: Orders, events: JobEvents) {
    this.#orders = orders;
    this.#events = events;
    writeFileSync(orders.progress, Buffer.alloc(8));
  }

  /** Segment that is at work. */
  get current(): number {
    const fd = openSync(this.#orders.progress, 'r');
    try {
      const record = Buffer.alloc(8);
      readSync(fd, record, 0, record.length, 0);
      return record.readDoubleLE();
    } finally {
      closeSync(fd);
    }
  }

  /** Works all segments. */
  async run(): Promise<void> {
    let first = this.#orders.first;
    while (first < this.#orders.end && !this.#stopping) {
      if (await this.#runFrom(first)) return;
      first = this.current + this.#orders.step;
    }
  }

  /** Ends its process. */
  stop(): void {
    this.#stopping = true;
    this.#child?.kill('SIGKILL');
  }

  /** Removes what a process that died has left in shared memory. */
  sweep(): void {
    for (const entry of readdirSync(SHARED_MEMORY)) {
      if (entry.includes(this.#orders.prefix)) rmSync(join(SHARED_MEMORY, entry), { recursive: true, force: true });
    }
  }

  /** True when all was worked. */
  async #runFrom(first: number): Promise<boolean> {
    const child = (this.#child = fork(
      fileURLToPath(new URL('worker.js', import.meta.url)),
      [JSON.stringify({ ...this.#orders, first })],
      { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] },
    ));
    const was = { done: false, hung: false };
    child.on('message', (report: Report) => {
      if ('finding' in report) this.#events.found(report.finding, report.kind);
      else {
        was.done = true;
        for (const kind of KINDS) this.counts[kind] += report.done[kind] ?? 0;
      }
    });
    const watchdog = watch(
      () => this.current,
      () => {
        was.hung = true;
        child.kill('SIGABRT');
      },
    );
    const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
      child.once('exit', (...how) => resolve(how));
    });
    clearInterval(watchdog);
    if (was.done || this.#stopping) return true;
    const segment = this.current;
    const finding: Finding = was.hung
      ? { kind: 'hang', segment, what: `nothing has happened for ${HANG_MS} ms` }
      : { kind: 'crash', segment, what: `the process ended: code ${String(code)} signal ${String(signal)}` };
    this.#events.found(finding, undefined);
    this.sweep();
    return false;
  }
}

/** Calls `hung` once when `current` stays the same for too long. */
function watch(current: () => number, hung: () => void): NodeJS.Timeout {
  let seen = current();
  let since = performance.now();
  const timer = setInterval(() => {
    const now = current();
    if (now !== seen) {
      seen = now;
      since = performance.now();
    } else if (performance.now() - since > HANG_MS) {
      clearInterval(timer);
      hung();
    }
  }, LOOK_MS);
  return timer;
}
