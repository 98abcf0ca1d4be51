import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'ringway';

/** Everything that the job makes outside of its processes' memory, by name: a queue and a directory. */
export interface Workshop {
  readonly queue: string;
  readonly directory: string;
}

/**
 * Makes the directory, with an empty output file and an empty journal, and chooses a name for the queue that nobody
 * else has.
 */
export function openWorkshop(): Workshop {
  const directory = mkdtempSync(join(tmpdir(), 'ringway-main-job-'));
  const workshop = { queue: `main-job-${process.pid}-${randomBytes(4).toString('hex')}`, directory };
  for (const path of [outputPath(workshop), journalPath(workshop)]) writeFileSync(path, '');
  return workshop;
}

/** Removes all of it. May be called by any process, several times. */
export function removeWorkshop({ queue, directory }: Workshop): void {
  try {
    Queue.unlink(queue);
  } finally {
    // Several processes may be at it.
    rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  }
}

export function outputPath({ directory }: Pick<Workshop, 'directory'>): string {
  return join(directory, 'output');
}

export function journalPath({ directory }: Pick<Workshop, 'directory'>): string {
  return join(directory, 'journal');
}

export function socketPath({ directory }: Pick<Workshop, 'directory'>): string {
  return join(directory, 'socket');
}
