import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Queue, json } from '@ringway/ring';
import { until } from './support/turns.js';

const RETURNER = fileURLToPath(new URL('fixtures/returner.js', import.meta.url));
const MESSAGES = 3000;
const CONSUMERS = 3;
const KILLS = 8;

describe('consumers that send messages back and are killed', function () {
  this.timeout(120_000);

  const running = new Set<ChildProcess>();
  let name: string;
  let queue: Queue<number>;

  beforeEach(() => {
    name = `returned-${randomUUID()}`;
    queue = Queue.open<number>(name, { codec: json<number>(), laneBytes: 16_384, maxProducers: 6, maxConsumers: 6 });
  });

  afterEach(async () => {
    for (const child of running) await kill(child);
    queue.close();
    Queue.unlink(name);
  });

  async function kill(child: ChildProcess): Promise<void> {
    running.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  it('lose none, invent none, and count each that came before', async () => {
    const handled = new Map<number, number[]>();
    let lines = 0;
    const start = (): void => {
      const child = spawn(process.execPath, [RETURNER, name], { stdio: ['ignore', 'pipe', 'inherit'] });
      running.add(child);
      createInterface({ input: child.stdout }).on('line', (line) => {
        const [number, attempts] = line.split(' ').map(Number);
        handled.set(number, [...(handled.get(number) ?? []), attempts]);
        lines++;
      });
    };
    for (let consumer = 0; consumer < CONSUMERS; consumer++) start();
    const producer = queue.producer();
    const sent = producer.sendMany(Array.from({ length: MESSAGES }, (_, number) => number));
    for (let done = 0; done < KILLS; done++) {
      await until(() => lines >= ((done + 1) * MESSAGES) / (KILLS + 2));
      const [first] = running;
      await kill(first);
      start();
    }
    await sent;
    await queue.drained({ timeout: 60_000 });
    await until(() => handled.size >= MESSAGES);
    assert.equal(handled.size, MESSAGES);
    for (const [number, attempts] of handled) {
      assert.ok(number >= 0 && number < MESSAGES, `${number} was never sent`);
      // Handled twice only where a consumer died before it had acknowledged; then the second one is told.
      assert.ok(attempts.filter((times) => times === 1).length <= 1, `${number}: ${attempts.join(' ')}`);
      if (number % 3 === 0)
        assert.ok(
          attempts.every((times) => times >= 3),
          `${number}: ${attempts.join(' ')}`,
        );
    }
  });
});
