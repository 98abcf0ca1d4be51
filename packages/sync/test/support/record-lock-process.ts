import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Answer, Order } from '../fixtures/record-lock-protocol.js';

/** Whatever a test starts, so that it ends with the test. */
const running = new Set<ChildProcess>();

function started(child: ChildProcess): ChildProcess {
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

/** For `afterEach`: kills all of them, those that are stopped too. */
export async function killAll(): Promise<void> {
  await Promise.all([...running].map(kill));
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/** Another process of Node that locks ranges of one file. */
export class LockPeer {
  readonly #child: ChildProcess;

  private constructor(path: string) {
    const fixture = fileURLToPath(new URL('../fixtures/record-lock-peer.js', import.meta.url));
    this.#child = started(fork(fixture, [path], { stdio: 'inherit' }));
  }

  /** Starts one and waits until it listens. */
  static async start(path: string): Promise<LockPeer> {
    const peer = new LockPeer(path);
    await peer.#answer();
    return peer;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Lets it do one thing; resolves to how it went, and to the code of an error. One at a time. */
  async ask(order: Order): Promise<string> {
    this.tell(order);
    const answer = await this.#answer();
    return 'result' in answer ? answer.result : answer.error;
  }

  async #answer(): Promise<Answer> {
    const gone = new AbortController();
    const exit = (): void => gone.abort(new Error('the peer ended before it answered'));
    this.#child.once('exit', exit);
    try {
      const [answer] = (await once(this.#child, 'message', { signal: gone.signal })) as [Answer];
      return answer;
    } finally {
      this.#child.off('exit', exit);
    }
  }

  /** Tells it to do one thing without waiting for the answer. */
  tell(order: Order): void {
    this.#child.send(order);
  }

  /** Kills it, and waits until it is gone. */
  kill(): Promise<void> {
    return kill(this.#child);
  }

  /** Stops it, and waits until it stands still. */
  async stop(): Promise<void> {
    this.#child.kill('SIGSTOP');
    while (!/^\d+ \(.*\) T /.test(readFileSync(`/proc/${this.pid}/stat`, 'latin1'))) {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Lets it go on. */
  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** Closes the channel to it; resolves to its exit code when it has ended by itself. */
  async leave(): Promise<number | null> {
    const gone = once(this.#child, 'exit') as Promise<[number | null]>;
    this.#child.disconnect();
    return (await gone)[0];
  }
}

/** Locks by fcntl as any program does: lines of "classic|description wait|try|free shared|exclusive start length". */
const FOREIGN = `
import fcntl, struct, sys
file = open(sys.argv[1], 'r+b')
for line in sys.stdin:
    kind, how, mode, start, length = line.split()
    start, length = int(start), int(length)
    try:
        if kind == 'classic':
            flags = fcntl.LOCK_UN if how == 'free' else fcntl.LOCK_SH if mode == 'shared' else fcntl.LOCK_EX
            fcntl.lockf(file, flags | (fcntl.LOCK_NB if how == 'try' else 0), length, start)
        else:
            kinds = fcntl.F_UNLCK if how == 'free' else fcntl.F_RDLCK if mode == 'shared' else fcntl.F_WRLCK
            command = 38 if how == 'wait' else 37
            fcntl.fcntl(file, command, struct.pack('hhqqi4x', kinds, 0, start, length, 0))
        print('done', flush=True)
    except OSError:
        print('refused', flush=True)
`;

/** Without the libraries that a sanitizer has preloaded into this process. */
function foreignEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, LD_PRELOAD: '' };
}

/** Why no foreign program can be started here, or undefined. */
export function foreignRefusal(): string | undefined {
  const { status } = spawnSync('python3', ['-c', 'import fcntl, struct'], { env: foreignEnvironment() });
  return status === 0 ? undefined : 'there is no python3';
}

/** A program that knows nothing of Ringway, and locks with `fcntl`. */
export class ForeignProgram {
  readonly #child: ChildProcess;
  readonly #lines: Interface;

  constructor(path: string) {
    this.#child = started(
      spawn('python3', ['-c', FOREIGN, path], { stdio: ['pipe', 'pipe', 'inherit'], env: foreignEnvironment() }),
    );
    if (this.#child.stdout === null) throw new Error('no pipe from the foreign program');
    this.#lines = createInterface(this.#child.stdout);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Does one thing; resolves to `done` or `refused`. One at a time. */
  async ask(
    kind: 'classic' | 'description',
    how: 'wait' | 'try' | 'free',
    mode: 'shared' | 'exclusive',
    start: number,
    length: number,
  ): Promise<string> {
    this.#child.stdin?.write(`${kind} ${how} ${mode} ${start} ${length}\n`);
    const [line] = (await once(this.#lines, 'line')) as [string];
    return line;
  }
}
