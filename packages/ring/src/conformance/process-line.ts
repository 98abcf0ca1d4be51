import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HANG_UP, type Answered, type Asked, type Line } from './remote-peer.js';

/** What cannot be sent any more: the process is gone, which its end tells, with the reason. */
const told = (): void => undefined;

/** Starts a peer in a process of its own, which ends with this one. */
export function startProcess(program: URL, module: string): Line {
  const child = fork(fileURLToPath(program), [module], {
    serialization: 'advanced',
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let complaints = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  }
  return {
    post: (asked: Asked) => {
      child.send(asked, told);
    },
    listen: (answered, gone) => {
      child.on('message', (answer) => {
        answered(answer as Answered);
      });
      child.once('error', (error) => {
        gone(`it did not start: ${error.message}`);
      });
      child.once('close', (code, signal) => {
        gone(`${signal ?? `code ${String(code)}`}${complaints === '' ? '' : `: ${complaints}`}`);
      });
    },
    hangUp: () => {
      child.send(HANG_UP, told);
    },
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}
