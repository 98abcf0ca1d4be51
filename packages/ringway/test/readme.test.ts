import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { DEFAULTS, ERROR_CODES, Queue } from 'ringway';
import { TURN_MS } from '@ringway/sync';
import { fences, tablesUnder } from './support/markdown.js';
import { ROOT, document } from './support/repository.js';
import { Sandbox } from './support/sandbox.js';

const README = document('README.md');
const FENCES = fences(README);
const MOST_LINES = 12;
const UNITS: Readonly<Record<string, number>> = { MiB: 2 ** 20, GiB: 2 ** 30, s: 1000, ms: 1 };

/** The text of the file that the README shows under this name. */
function shown(name: string): string {
  const found = FENCES.find(({ language, lead }) => language === 'js' && lead === `\`${name}\``);
  assert.ok(found !== undefined, `the README shows ${name}`);
  return found.text;
}

/** What the README says that a command prints. */
function printed(command: string): string {
  const prompt = `$ ${command}\n`;
  const found = FENCES.find(({ language, text }) => language === 'text' && text.startsWith(prompt));
  assert.ok(found !== undefined, `the README shows the output of ${command}`);
  return found.text.slice(prompt.length);
}

/** The command of the README that links the package, for a folder that is somewhere else. */
function installCommand(folder: string): string {
  const found = FENCES.filter(({ language }) => language === 'sh')
    .flatMap(({ text }) => text.split('\n'))
    .find((line) => line.startsWith('npm install ../ringway/'));
  assert.ok(found !== undefined, 'the README tells how to link the package');
  return found.replace('../ringway/', `${relative(folder, ROOT)}/`);
}

/** A figure as people write it: `1 MiB`, `30 s`, `0600`, `adaptive`. */
function parsed(text: string): number | string {
  const [figure, unit] = text.split(' ');
  if (!/^\d/.test(figure)) return text.replaceAll('`', '');
  if (unit in UNITS) return Number(figure) * UNITS[unit];
  return figure.startsWith('0') ? parseInt(figure, 8) : Number(figure);
}

describe('the README', () => {
  describe('its two files', () => {
    const sandbox = new Sandbox();
    const queues = (): string[] => Queue.list().map(({ name }) => name);

    before(async () => {
      sandbox.write('producer.mjs', shown('producer.mjs'));
      sandbox.write('consumer.mjs', shown('consumer.mjs'));
      const { status, stderr } = await sandbox.shell(installCommand(sandbox.folder));
      assert.equal(status, 0, stderr);
    });

    after(async () => {
      await sandbox.clean();
      Queue.unlink('orders');
    });

    it('are short, and run on every supported Node.js', () => {
      for (const name of ['producer.mjs', 'consumer.mjs']) {
        assert.ok(shown(name).trimEnd().split('\n').length <= MOST_LINES, name);
        assert.doesNotMatch(shown(name), /\busing\b/);
      }
    });

    it('print what it says, when the consumer comes first', async () => {
      const consumer = sandbox.node('consumer.mjs');
      await appearance(() => Queue.exists('orders'));
      const producer = sandbox.node('producer.mjs');
      assert.deepEqual(await consumer, { status: 0, stdout: printed('node consumer.mjs'), stderr: '' });
      assert.deepEqual(await producer, { status: 0, stdout: printed('node producer.mjs'), stderr: '' });
      assert.deepEqual(queues(), []);
    });

    it('print what it says, when the producer comes first', async () => {
      const producer = sandbox.node('producer.mjs');
      await appearance(hasEnded);
      const consumer = sandbox.node('consumer.mjs');
      assert.deepEqual(await consumer, { status: 0, stdout: printed('node consumer.mjs'), stderr: '' });
      assert.deepEqual(await producer, { status: 0, stdout: printed('node producer.mjs'), stderr: '' });
      assert.deepEqual(queues(), []);
    });
  });

  it('tells the defaults of the code', () => {
    const [table] = tablesUnder(README, 'Defaults');
    const told = table.rows.map(([option, value]) => [option.replaceAll('`', ''), parsed(value)]);
    const { maxProducers } = DEFAULTS;
    const ofTopics = { 'maxPublishers, maxSubscribers': maxProducers, onSlow: 'block' };
    assert.deepEqual(Object.fromEntries(told), { ...DEFAULTS, ...ofTopics, turn: TURN_MS });
  });

  it('tells how many error codes there are', () => {
    assert.match(README, new RegExp(`one of ${ERROR_CODES.length} codes`));
  });

  it('names only commands that there are', () => {
    const { scripts } = JSON.parse(document('package.json')) as { scripts: Record<string, string> };
    const named = [...README.matchAll(/npm (?:run )?(start|test|(?<=run )[a-z-]+)/g)].map(([, name]) => name);
    assert.ok(named.includes('start') && named.includes('test'));
    for (const name of named) assert.ok(name in scripts, `npm run ${name}`);
  });

  it('links only to pages that there are, as do the pages in docs/', () => {
    const pages = ['README.md', 'CONTRIBUTING.md', ...markdownBelow('docs')];
    for (const page of pages) {
      for (const [, target] of document(page).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)) {
        assert.ok(existsSync(join(ROOT, page, '..', target)), `${page} links to ${target}`);
      }
    }
  });
});

/** Whether a producer of the queue has sent everything and ended, as an onlooker sees it. */
function hasEnded(): boolean {
  if (!Queue.exists('orders')) return false;
  const queue = Queue.open('orders', { create: 'never' });
  try {
    return queue.stats().lanes.some(({ state }) => state === 'ended');
  } finally {
    queue.close();
  }
}

/** Gives the event loop turns until the condition holds; the test's own time limit ends the wait. */
async function appearance(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

function markdownBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join(folder, path));
}
