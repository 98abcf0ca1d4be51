import type { ChildProcess } from 'node:child_process';
import { on } from 'node:events';
import type { Report } from './talk.js';

/** Waits until the receiver of the speed phase is ready. */
export function ready(receiver: ChildProcess, signal: AbortSignal): Promise<void> {
  return heard(receiver, ({ type }) => type === 'ready', signal);
}

/** Waits until the receiver of the speed phase has acknowledged this many messages. */
export function received(receiver: ChildProcess, messages: number, signal: AbortSignal): Promise<void> {
  return heard(receiver, (report) => report.type === 'received' && report.messages === messages, signal);
}

async function heard(worker: ChildProcess, wanted: (report: Report) => boolean, signal: AbortSignal): Promise<void> {
  for await (const [report] of on(worker, 'message', { signal }) as AsyncIterable<[Report]>) {
    if (wanted(report)) return;
  }
}
