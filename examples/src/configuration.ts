// Configuration on a blackboard: one process changes it, others follow: `node examples/dist/configuration.js [FOLLOWERS] [CHANGES]`.
// A follower is woken by a change and gets the newest configuration; what came in between it passes over, but never the last.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Blackboard, json } from 'ringway';

interface Limits {
  readonly rate: number;
}

const [followers, changes] = [3, 10_000].map((usual, index) => Number(process.argv.at(2 + index) ?? usual));
const name = process.env.CONFIGURATION_NAME ?? `configuration-${process.pid}`;
const config = Blackboard.open(name, { codec: json<Limits>() });

/** Follows the configuration to its last change, and tells how many it has seen. */
async function follow(): Promise<void> {
  const changed = config.watch('limits');
  process.send?.('follows');
  let seen = 0;
  for await (const { value } of changed) {
    seen += 1;
    if (value?.rate === changes) break;
  }
  process.send?.(seen);
}

async function lead(): Promise<void> {
  const running: ChildProcess[] = [];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL');
    Blackboard.unlink(name);
  });
  for (let count = 0; count < followers; count++) {
    const env = { ...process.env, CONFIGURATION_NAME: name };
    running.push(fork(process.argv[1], process.argv.slice(2), { env }));
  }
  const said = async (): Promise<unknown[]> => {
    const messages = await Promise.all(running.map((child) => once(child, 'message')));
    return messages.map(([message]) => message as unknown);
  };
  await said();

  const limits = config.writer('limits');
  const seen = said();
  for (let rate = 1; rate <= changes; rate++) {
    limits.write({ rate });
    if (rate % 100 === 0) await turn();
  }
  const most = Math.max(...((await seen) as number[]));
  console.log(`version ${limits.version}: ${JSON.stringify(config.get('limits'))}`);
  console.log(`${followers} followers have the last of ${changes} changes; at most ${most} were seen one by one`);
}

await (process.env.CONFIGURATION_NAME === undefined ? lead() : follow());
config.close();
