import { fileURLToPath } from 'node:url';
import { Deadline } from './deadline.js';
import { PeerProcess } from './peer-process.js';
import { numberIn } from './peer-protocol.js';
import type { Row } from './row.js';
import { summarize } from './statistics.js';

/** Name of the scenario. */
export const FOOTPRINT = 'footprint';

/** What is looked at, and in which unit. */
export const FOOTPRINT_UNITS = {
  /** Memory of a queue with one producer. */
  'shared memory': 'B',
  /** Of a core, by a process with one parked consumer. */
  'idle cpu': '%',
  /** Native threads that one parked consumer needs. */
  'threads for 1': 'threads',
  /** And as many as one thread can wait for. */
  'threads for 127': 'threads',
  /** `Queue.open` where there is none yet. */
  create: 'us',
  /** `Queue.open` of one that exists. */
  open: 'us',
  /** `queue.producer()`. */
  producer: 'us',
} as const;

export type FootprintWhat = keyof typeof FOOTPRINT_UNITS;

const PROGRAM = fileURLToPath(new URL('footprint-peer.js', import.meta.url));
const LIMIT_MS = 60_000;

/** What Ringway costs while nothing is sent: each run in a fresh process, with default options. */
export async function footprint(runs: number, progress: (what: string) => void, signal: AbortSignal): Promise<Row[]> {
  const whats = Object.keys(FOOTPRINT_UNITS) as FootprintWhat[];
  const found: Readonly<Record<string, unknown>>[] = [];
  for (let round = 1; round <= runs; round++) {
    progress(`run ${round} of ${runs}: ${FOOTPRINT}, ringway`);
    const limit = new Deadline(signal, LIMIT_MS, `${FOOTPRINT} was not through after ${LIMIT_MS / 1000} s`);
    const peer = new PeerProcess(FOOTPRINT, { file: process.execPath, args: [PROGRAM] }, limit.signal);
    try {
      found.push(await peer.line());
      await peer.finish();
    } catch (error) {
      await peer.kill();
      limit.signal.throwIfAborted();
      throw error;
    } finally {
      await peer.kill();
      limit.clear();
    }
  }
  return whats.map((what) => {
    const values = found.map((report) => numberIn(report, what));
    return {
      scenario: FOOTPRINT,
      system: 'ringway',
      params: { what },
      unit: FOOTPRINT_UNITS[what],
      ...summarize(values),
      values,
    };
  });
}
