import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { load } from '@ringway/native';
import { closeObjects, openObject, PAGE } from './support/object.js';
import { until } from './support/process.js';

const WORKERS = 50;
const ROUNDS = 20;
const STORM_MS = 120_000;
/** What the fixture's handlers end it with. */
const PLAIN = 42;
const WITH_INFO = 43;

const running = new Set<ChildProcess>();
const fixture = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}.js`, import.meta.url));

/** Resolves to what the fixture printed, and to its exit code or signal. */
async function run(tasks: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<[string, number | string]> {
  // With AddressSanitizer in the process its handler, which reports, would be the one that was there before.
  const sanitizer = `${process.env.ASAN_OPTIONS ?? ''}:handle_sigbus=0`;
  const child = spawn(process.execPath, [fixture('fault'), ...tasks], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...variables, ASAN_OPTIONS: sanitizer },
  });
  running.add(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  running.delete(child);
  return [output, code ?? signal ?? 'nothing'];
}

describe('the fault guard', () => {
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL');
    running.clear();
  });

  const built = existsSync(new URL('../build/Release/faulter.so', import.meta.url));
  const testIt = built ? it : it.skip;
  const reason = built ? '' : ' (skipped: the helper that faults was not built)';

  const lives: readonly (readonly [title: string, tasks: readonly string[]])[] = [
    ['in our own mappings, flat and twice: zeros, and a mark', ['load', 'own']],
    ['in our own mapping, met by a thread of the pool', ['load', 'pool']],
    ['of ours, although there was a handler before', ['handle:plain', 'load', 'own']],
    ['of ours, although it was ignored before', ['handle:ignore', 'load', 'own']],
    ['of ours, by way of a handler that came later and passes on', ['load', 'handle:chain', 'own']],
    ['of ours, mapped after another handler took our place', ['load', 'handle:plain', 'own']],
    ['of ours, under a listener that came later', ['load', 'map', 'listen', 'read']],
    ['of ours, after a listener has come and gone', ['load', 'map', 'listen', 'unlisten', 'read', 'own']],
    ['of ours, after a listener from before has gone', ['listen', 'load', 'map', 'unlisten', 'read', 'own']],
    ['that was sent, where it was ignored before', ['handle:ignore', 'load', 'raise']],
    ['that was sent, where there is a listener', ['load', 'listen', 'raise']],
  ];
  for (const [title, tasks] of lives) {
    testIt(`survives a SIGBUS ${title}${reason}`, async () => {
      assert.deepEqual(await run(tasks), ['lived\n', 0]);
    });
  }

  const dies: readonly (readonly [title: string, tasks: readonly string[]])[] = [
    ['in memory of others', ['load', 'touch']],
    ['in memory of others, after one of ours', ['load', 'own', 'touch']],
    ['in memory of others, although it was ignored before', ['handle:ignore', 'load', 'touch']],
    ['in memory of others, by way of a handler that came later and passes on', ['load', 'handle:chain', 'touch']],
    ['in memory of others, after a listener has come and gone', ['load', 'listen', 'unlisten', 'touch']],
    ['that was sent', ['load', 'raise']],
  ];
  for (const [title, tasks] of dies) {
    testIt(`lets the process die of a SIGBUS ${title}${reason}`, async () => {
      assert.deepEqual(await run(tasks), ['', 'SIGBUS']);
    });
  }

  testIt(`calls the handler that was there before, with what the kernel would give it${reason}`, async () => {
    assert.deepEqual(await run(['handle:plain', 'load', 'own', 'touch']), ['', PLAIN]);
    assert.deepEqual(await run(['handle:info', 'load', 'own', 'touch']), ['', WITH_INFO]);
    assert.deepEqual(await run(['handle:plain', 'load', 'raise']), ['', PLAIN]);
  });

  testIt(`calls a handler once that asked for one call${reason}`, async () => {
    assert.deepEqual(await run(['handle:once', 'load', 'touch']), ['once\n', 'SIGBUS']);
  });

  testIt(`is not there with RINGWAY_FAULT_GUARD=0${reason}`, async () => {
    const off = { RINGWAY_FAULT_GUARD: '0' };
    assert.deepEqual(await run(['load', 'own'], off), ['', 'SIGBUS']);
    assert.deepEqual(await run(['handle:plain', 'load', 'own'], off), ['', PLAIN]);
  });

  it('counts in memory that JavaScript cannot take away', async () => {
    const worker = new Worker(fixture('fault-detached'));
    const [message] = (await once(worker, 'message')) as [unknown];
    await once(worker, 'exit');
    assert.deepEqual(message, { taken: false, broken: true, counted: 1 });
  });

  it('says of what is no mapping that it is not broken', () => {
    const native = load();
    assert.equal(native.isBroken(new ArrayBuffer(8)), false);
    assert.equal(native.isBroken(new ArrayBuffer(0)), false);
    const wrongs: unknown[] = [undefined, null, 0, 'buffer', new Uint8Array(4), new SharedArrayBuffer(4)];
    for (const wrong of wrongs) {
      assert.throws(() => native.isBroken(wrong as ArrayBuffer), TypeError);
    }
  });

  describe(`with ${WORKERS} workers that map, lose the memory, and are terminated`, function () {
    this.timeout(STORM_MS);
    const native = load();
    const workers: Worker[] = [];
    let buffer: ArrayBuffer;

    afterEach(async () => {
      await Promise.all(workers.splice(0).map((worker) => worker.terminate()));
      native.unmap(buffer);
      closeObjects();
    });

    it('each sees its own faults, and the process lives', async () => {
      const fd = openObject(PAGE);
      buffer = native.map(fd, 0, PAGE) as ArrayBuffer;
      const rounds = new Int32Array(buffer);
      const mine = native.faults()[0];
      const errors: unknown[] = [];
      const left = new Set<number>();
      const ended = Array.from({ length: WORKERS }, (_, index) => {
        const worker = new Worker(fixture('fault-worker'), { workerData: { pid: process.pid, fd, index } });
        workers.push(worker);
        worker.on('error', (error) => errors.push(error));
        left.add(index);
        return once(worker, 'exit');
      });
      // Those with a low number are terminated early, the last ones after many rounds.
      await until(() => {
        for (const index of left) {
          if (errors.length === 0 && Atomics.load(rounds, index) < (index * ROUNDS) / 10) continue;
          void workers[index].terminate();
          left.delete(index);
        }
        return left.size === 0;
      });
      await Promise.all(ended);
      assert.deepEqual(errors, []);
      assert.equal(native.faults()[0], mine);
      assert.equal(native.isBroken(buffer), false);
    });
  });
});
