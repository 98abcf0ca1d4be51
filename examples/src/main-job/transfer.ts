import { stat } from 'node:fs/promises';
import { Queue } from 'ringway';
import { audit } from './audit.js';
import type { Totals } from './totals.js';
import { hostMilliseconds } from './clock.js';
import { Crew, type Judge, type Post } from './crew.js';
import type { TransferFigures } from './figures.js';
import { journalEntries } from './journal.js';
import type { Report } from './report.js';
import { journalPath, type Workshop } from './workshop.js';

/** How often the progress bar is drawn, in milliseconds. */
const REDRAW_MS = 100;

/** What goes through the queue, and who does it. */
export interface TransferPlan {
  readonly workshop: Workshop;
  /** How many messages there should be, and what is in them. */
  readonly messages: number;
  readonly bytes: number;
  readonly posts: readonly Post[];
  /** Decides on workers that ask. */
  readonly judge: Judge;
  /** Faults of a worker's own end the job. Otherwise it is replaced, as if it had been killed. */
  readonly faultsEnd: boolean;
}

/**
 * Runs one file through a queue: makes it, starts producer and consumers, which know it by name, replaces those that
 * die, and waits until everything is acknowledged. Then it looks what the consumers have on record. Nobody and no queue
 * is left after it, whatever happens.
 */
export async function transfer(
  plan: TransferPlan,
  makeQueue: (name: string) => Queue,
  report: Report,
  signal: AbortSignal,
): Promise<{ figures: TransferFigures; totals: Totals }> {
  const { workshop, messages, bytes, posts } = plan;
  const journal = journalPath(workshop);
  const queue = makeQueue(workshop.queue);
  const crew = new Crew(report, plan.judge, signal, plan.faultsEnd);
  const progress = report.progress(messages);
  const redraw = setInterval(() => {
    stat(journal).then(
      ({ size }) => progress.update(journalEntries(size)),
      () => progress.stop(),
    );
  }, REDRAW_MS);
  let end: number;
  try {
    for (const post of posts) crew.start(post);
    await crew.allSent();
    await queue.drained({ signal: crew.signal });
    end = hostMilliseconds();
    await crew.dismiss();
    progress.update(messages);
  } catch (error) {
    // Why the wait was aborted, rather than that it was.
    crew.signal.throwIfAborted();
    throw error;
  } finally {
    clearInterval(redraw);
    progress.stop();
    await crew.disband();
    queue.close();
    Queue.unlink(workshop.queue);
  }
  const found = audit(journal, messages, crew.deaths);
  const seconds = (end - (crew.firstSend ?? end)) / 1000;
  const pidsOf = (role: Post['role']): number[] =>
    crew.members.filter((member) => member.role === role).map(({ pid }) => pid);
  const figures: TransferFigures = {
    messages,
    bytes,
    seconds,
    bytesPerSecond: seconds > 0 ? bytes / seconds : 0,
    messagesPerSecond: seconds > 0 ? messages / seconds : 0,
    consumers: posts.filter(({ role }) => role === 'consumer').length,
    pids: { producers: pidsOf('producer'), consumers: pidsOf('consumer') },
    deaths: crew.deaths.map(({ role, name, pid, signal: by, planned, number }, index) => ({
      role,
      name,
      pid,
      signal: by,
      planned,
      atMessage: number ?? null,
      wentOnMs: found.wentOnMs[index] ?? null,
    })),
    redelivered: found.redelivered,
    lost: found.lost,
    invented: found.invented,
    duplicated: found.duplicated,
    reordered: found.reordered,
  };
  report.transferred(figures);
  return { figures, totals: { lines: found.lines, bytes: found.bytes, words: found.words } };
}

/** Whether everything came as it should. */
export function isSound({ lost, invented, duplicated, reordered }: TransferFigures): boolean {
  return lost + invented + duplicated + reordered === 0;
}
