import { Worker } from 'node:worker_threads';
import { HANG_UP, type Answered, type Asked, type Line } from './remote-peer.js';

/** Starts a peer in a thread of its own. */
export function startWorker(program: URL, module: string): Line {
  const worker = new Worker(program, { workerData: { module } });
  return {
    post: (asked: Asked) => {
      worker.postMessage(asked);
    },
    listen: (answered, gone) => {
      let complaint = '';
      worker.on('message', (answer: Answered) => {
        answered(answer);
      });
      worker.on('error', (error) => {
        complaint = `: ${error instanceof Error ? String(error.stack) : String(error)}`;
      });
      worker.once('exit', (code) => {
        gone(`code ${code}${complaint}`);
      });
    },
    hangUp: () => {
      worker.postMessage(HANG_UP);
    },
    kill: () => {
      void worker.terminate();
    },
  };
}
