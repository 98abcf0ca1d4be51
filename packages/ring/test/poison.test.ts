import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { text as textOf } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { DEAD_LETTER_HEADERS, Queue, text } from '@ringway/ring';

const POISONED = fileURLToPath(new URL('fixtures/poisoned.js', import.meta.url));
const MOST = 4;

describe('a message that kills whoever gets it', () => {
  let name: string;
  let queue: Queue<string>;
  let letters: Queue<string>;

  beforeEach(() => {
    name = `poison-${randomUUID()}`;
    // One place: who is killed must not keep it.
    queue = Queue.open(name, { codec: text(), maxConsumers: 1 });
    letters = Queue.open(`${name}.dead`, { codec: text() });
  });

  afterEach(() => {
    for (const open of [queue, letters]) {
      open.close();
      Queue.unlink(open.name);
    }
  });

  /** Lives of a consumer until one comes to the end of the stream: what each has handled. */
  async function lives(concurrency: number): Promise<string[][]> {
    const found: string[][] = [];
    for (;;) {
      const child = spawn(process.execPath, [POISONED, name, letters.name, String(MOST), String(concurrency)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exit = once(child, 'exit');
      const said = await textOf(child.stdout);
      const [code, signal] = (await exit) as [number | null, string | null];
      found.push(said.split('\n').filter((line) => line !== ''));
      if (code === 0) return found;
      assert.equal(signal, 'SIGKILL');
      assert.ok(found.length <= MOST);
    }
  }

  const cases = [
    { concurrency: 1, title: 'is a dead letter after so many deaths, and nothing else is' },
    { concurrency: 4, title: 'takes nothing along but what was in hand with it each time' },
  ];
  for (const { concurrency, title } of cases) {
    it(`${concurrency} at a time, ${title}`, async () => {
      const producer = queue.producer();
      const good = Array.from({ length: 20 }, (_, number) => `message ${number}`);
      await producer.sendMany([...good.slice(0, 7), 'poison', ...good.slice(7)]);
      await producer.end();
      const handled = await lives(concurrency);
      assert.equal(handled.length, MOST + 1);
      assert.deepEqual([...new Set(handled.flat())].sort(), [...good].sort());
      // One at a time, each was acknowledged before the next was handed out.
      if (concurrency === 1) assert.equal(handled.flat().length, good.length);
      const undertaker = letters.consumer();
      const dead: string[] = [];
      for (let letter = undertaker.tryReceive(); letter !== undefined; letter = undertaker.tryReceive()) {
        assert.equal(letter.headers[DEAD_LETTER_HEADERS.attempts], String(MOST));
        dead.push(letter.value);
      }
      assert.ok(dead.includes('poison'));
      assert.ok(dead.length <= concurrency, dead.join());
      await queue.drained({ timeout: 5000 });
    });
  }
});
