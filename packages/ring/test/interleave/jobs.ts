import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

import type { Job, JobResult } from './job.js';

/**
 * Runs searches in processes of their own, as many at a time as there are processors. The threads of one search take turns: on one processor they pass the baton
 * several times as fast as between two, so each process is kept on one, where `taskset` is there to do that.
 */
export async function runJobs(jobs: readonly Job[], done: (job: Job, result: JobResult) => void): Promise<void> {
  const waiting = [...jobs];
  const pinned = spawnSync('taskset', ['--version']).status === 0;
  const runner = async (processor: number): Promise<void> => {
    for (let job = waiting.shift(); job !== undefined; job = waiting.shift()) {
      done(job, await runJob(job, pinned ? processor : undefined));
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, (_, processor) => runner(processor)));
}

async function runJob(job: Job, processor: number | undefined): Promise<JobResult> {
  const script = fileURLToPath(new URL('job.js', import.meta.url));
  const node = [process.execPath, script];
  const [command, ...parameters] = processor === undefined ? node : ['taskset', '-c', String(processor), ...node];
  const child = spawn(command, parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const exit = once(child, 'exit');
  let answer: { result: JobResult } | { error: string } | undefined;
  child.on('message', (message: { result: JobResult } | { error: string }) => {
    answer = message;
  });
  child.send(job);
  const [code, signal] = (await exit) as [number | null, NodeJS.Signals | null];
  if (answer === undefined)
    throw new Error(`the search of ${JSON.stringify(job)} ended with ${String(signal ?? code)}, without an answer`);
  if ('error' in answer) throw new Error(`the search of ${JSON.stringify(job)} failed: ${answer.error}`);
  return answer.result;
}
