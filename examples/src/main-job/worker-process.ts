import { fork, type ChildProcess, type SerializationType } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { toArguments, type WorkerOptions } from './worker-options.js';

/**
 * Starts the program beside this one. It is told its arguments and nothing else; the channel to it carries reports and
 * orders, never messages. It is in a process group of its own: Ctrl-C on the terminal reaches the job alone, which then
 * ends its workers.
 */
export function startWorker(
  program: string,
  options: WorkerOptions,
  serialization: SerializationType = 'json',
): ChildProcess {
  return fork(fileURLToPath(new URL(program, import.meta.url)), toArguments(options), {
    serialization,
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** Kills a worker, if it lives, and waits until it is gone. */
export async function killWorker(worker: ChildProcess): Promise<void> {
  // No process id: it could not even be started, and no exit will come.
  if (worker.pid === undefined || hasExited(worker)) return;
  const exited = once(worker, 'exit');
  worker.kill('SIGKILL');
  await exited;
}

/** Whether the process is gone. */
export function hasExited({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
