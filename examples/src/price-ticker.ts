// Prices for everybody, each as fast as he likes: `node examples/dist/price-ticker.js [PRICES]`.
// One process publishes. A ledger writes down all of them, and is waited for. A board is slow: it skips what it cannot show, and knows how much that was. An alarm comes late, and wants one symbol and what was
// said of it before.
import { fork, type ChildProcess } from 'node:child_process';
import { once, on } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gap, Topic } from 'ringway';

interface Price {
  readonly symbol: string;
  readonly cents: number;
}

type Role = 'exchange' | 'ledger' | 'board' | 'alarm';

const SYMBOLS = ['ABC', 'KLM', 'XYZ', 'ÄÖÜ'];
const prices = Number(process.argv.at(2) ?? 20_000);
/** So many are published before the alarm comes. */
const EARLY = Math.min(100, prices);
const name = process.env.TICKER_NAME ?? `prices-${process.pid}`;
const folder = process.env.TICKER_FOLDER ?? mkdtempSync(join(tmpdir(), 'price-ticker-'));
const book = join(folder, 'ledger');
const topic = Topic.open<Price>(name, { laneBytes: 16_384 });

/** Tells the parent process. */
function say(what: string): void {
  process.send?.(what);
}

async function exchange(): Promise<void> {
  const publisher = topic.publisher({ label: 'exchange' });
  for (let count = 0; count < prices; count++) {
    const symbol = SYMBOLS[count % SYMBOLS.length];
    await publisher.send({ symbol, cents: 10_000 + Math.round(500 * Math.sin(count / 40)) }, { key: symbol });
    if (count + 1 !== EARLY) continue;
    say('open');
    await once(process, 'message');
  }
  await publisher.end();
}

async function ledger(): Promise<void> {
  const subscriber = topic.subscriber();
  say('listens');
  for await (const batch of subscriber.batches()) {
    appendFileSync(book, batch.map(({ symbol, cents }) => `${symbol} ${cents}\n`).join(''));
  }
  say('wrote down what it got');
}

async function board(): Promise<void> {
  const subscriber = topic.subscriber({ onSlow: 'drop', gaps: true });
  say('listens');
  let [shown, gaps] = [0, 0];
  for await (const price of subscriber) {
    if (price instanceof Gap) gaps += 1;
    else if (++shown % 50 === 0) await sleep(5);
  }
  const all = shown + subscriber.missed === prices ? 'together all of them' : 'which is wrong';
  say(`showed ${shown} prices, and knows of ${subscriber.missed} in ${gaps} gaps that it did not: ${all}`);
}

async function alarm(): Promise<void> {
  const [symbol] = SYMBOLS;
  const subscriber = topic.subscriber({ keys: [symbol], history: EARLY });
  say('listens');
  let [heard, highest] = [0, 0];
  for await (const { cents } of subscriber) {
    heard += 1;
    highest = Math.max(highest, cents);
  }
  say(`heard ${heard} prices of ${symbol}, the highest ${(highest / 100).toFixed(2)}`);
}

/** Starts the processes, one after the other, and prints what they say. */
async function supervise(): Promise<void> {
  const running = new Set<ChildProcess>();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL');
    Topic.unlink(name);
    rmSync(folder, { recursive: true });
  });
  const start = (role: Role): { child: ChildProcess; next: () => Promise<string> } => {
    const env = { ...process.env, TICKER_NAME: name, TICKER_FOLDER: folder, TICKER_ROLE: role };
    const child = fork(process.argv[1], process.argv.slice(2), { env });
    running.add(child);
    child.once('exit', () => running.delete(child));
    const said = on(child, 'message', { close: ['exit'] });
    const next = async (): Promise<string> => {
      const result = (await said.next()) as IteratorResult<[string], undefined>;
      if (result.done === true) throw new Error(`the ${role} ended by itself`);
      return result.value[0];
    };
    return { child, next };
  };
  const first = [start('ledger'), start('board')];
  for (const { next } of first) await next();
  const publisher = start('exchange');
  await publisher.next();
  const late = start('alarm');
  await late.next();
  publisher.child.send('go on');
  for (const [index, { next }] of [...first, late].entries()) {
    console.log(`the ${['ledger', 'board', 'alarm'][index]} ${await next()}`);
  }
  console.log(`${readFileSync(book, 'utf8').split('\n').length - 1} of ${prices} prices are in the ledger`);
}

const roles: Record<Role, () => Promise<void>> = { exchange, ledger, board, alarm };
const role = process.env.TICKER_ROLE as Role | undefined;
await (role === undefined ? supervise() : roles[role]());
topic.close();
if (role !== undefined) process.disconnect();
