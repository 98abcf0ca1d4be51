// Several processes add to one counter under a mutex, and some of them are killed: `node examples/dist/counter.js [PROCESSES] [ADDITIONS] [KILLS]`.
// Each keeps a tally beside the counter; whoever comes after one that was killed between the two makes them agree again.
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { Mutex, Segment, recordBytes } from 'ringway';

const [processes, additions, kills] = [4, 2_000_000, 10].map((usual, index) =>
  Number(process.argv.at(2 + index) ?? usual),
);
const workers = processes + kills;
const name = process.env.COUNTER_NAME ?? `counter-${process.pid}`;
const segment = Segment.memory(name, { bytes: recordBytes() + 4 * (2 + workers) });
const mutex = Mutex.at(segment, 0);
/** The counter, how often it was repaired, and each process's tally. */
const words = segment.view(Int32Array, recordBytes(), 2 + workers);
const sumOfTallies = (): number => words.subarray(2).reduce((sum, tally) => sum + tally, 0);

/** One process's work. It may be killed anywhere. */
function work(worker: number): void {
  for (let more = true; more;) {
    const guard = mutex.acquireSync();
    if (guard.damaged) {
      words[0] = sumOfTallies();
      words[1] += 1;
      guard.repaired();
    }
    more = words[0] < additions;
    if (more) {
      words[2 + worker] += 1;
      words[0] += 1;
    }
    guard.release();
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

/** Starts the processes, kills one each time that so much is done, and starts another instead. */
async function supervise(): Promise<void> {
  const running: ChildProcess[] = [];
  let killed = 0;
  const start = (worker: number): number =>
    running.push(
      fork(process.argv[1], process.argv.slice(2), {
        env: { ...process.env, COUNTER_NAME: name, COUNTER_WORKER: String(worker) },
      }),
    );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  process.once('exit', () => {
    for (const child of running) child.kill('SIGKILL');
    Segment.unlink(name);
  });
  for (let worker = 0; worker < processes; worker++) start(worker);
  for (let kill = 0; kill < kills; kill++) {
    while (words[0] < ((kill + 1) * additions) / (kills + 2)) await turn();
    const [victim] = running.splice(kill % running.length, 1);
    victim.kill('SIGKILL');
    await ended(victim);
    if (victim.signalCode === 'SIGKILL') killed += 1; // else it was done before
    start(processes + kill);
  }
  for (const child of running) await ended(child);
  const codes = running.map(({ exitCode }) => exitCode);
  const guard = await mutex.acquire();
  if (codes.some((code) => code !== 0)) throw new Error(`a process failed: ${codes.join(', ')}`);
  if (words[0] !== additions || sumOfTallies() !== additions)
    throw new Error(`counted ${words[0]}, tallies ${sumOfTallies()}`);
  guard.release();
  console.log(
    `${workers} processes counted to ${words[0]}; ${killed} were killed, ${words[1]} of them while they had the mutex`,
  );
}

const worker = process.env.COUNTER_WORKER;
if (worker === undefined) await supervise();
else work(Number(worker));
mutex.close();
segment.close();
