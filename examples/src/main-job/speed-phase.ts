import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { BLOCK_BYTES } from './block.js';
import { ChannelSender } from './channel-sender.js';
import { CyclicSource } from './cyclic-source.js';
import type { SpeedFigures } from './figures.js';
import type { Report } from './report.js';
import { ready, received } from './received.js';
import { RingwaySender } from './ringway-sender.js';
import type { Sender } from './sender.js';
import { SocketSender } from './socket-sender.js';
import { killWorker, startWorker } from './worker-process.js';
import type { Workshop } from './workshop.js';

const MEBIBYTE = 2 ** 20;
/**
 * The part of it that each system sends before the clock starts: both processes are up when they have compiled what
 * they run.
 */
const WARM_UP_PART = 2;

/** How many blocks go before the clock starts, and how many after. */
interface Amount {
  readonly warmUp: number;
  readonly messages: number;
}

/**
 * Sends the file, again and again until `mebibytes` have passed, by each system in turn. The file must not be empty.
 */
export async function speedPhase(
  path: string,
  mebibytes: number,
  workshop: Workshop,
  report: Report,
  signal: AbortSignal,
): Promise<SpeedFigures[]> {
  const bytes = mebibytes * MEBIBYTE;
  const messages = bytes / BLOCK_BYTES;
  const amount = { warmUp: Math.ceil(messages / WARM_UP_PART), messages };
  const source = await CyclicSource.read(path, bytes);
  const makers: (() => Sender | Promise<Sender>)[] = [
    () => new RingwaySender(workshop),
    () => SocketSender.listen(workshop),
    () => new ChannelSender(),
  ];
  const rows: SpeedFigures[] = [];
  for (const make of makers) {
    const sender = await make();
    try {
      const seconds = (await run(sender, source, amount, workshop, signal)) / 1000;
      const bytesPerSecond = bytes / seconds;
      const row: SpeedFigures = {
        system: sender.system,
        messages,
        bytes,
        seconds,
        bytesPerSecond,
        messagesPerSecond: messages / seconds,
        ringwayIsFaster: (rows.at(0)?.bytesPerSecond ?? bytesPerSecond) / bytesPerSecond,
      };
      rows.push(row);
      report.speed(row);
    } finally {
      sender.close?.();
    }
  }
  return rows;
}

/**
 * One system: starts the receiver, lets both sides warm up, and takes the receiver's word for what came. Returns the
 * milliseconds of the blocks after that.
 */
async function run(
  sender: Sender,
  source: CyclicSource,
  amount: Amount,
  workshop: Workshop,
  signal: AbortSignal,
): Promise<number> {
  const receiver = startWorker(
    sender.receiver,
    { ...workshop, milestones: [amount.warmUp, amount.warmUp + amount.messages] },
    'advanced',
  );
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  receiver.once('error', (error) => failed.abort(error));
  receiver.once('exit', (code, by) => {
    if (code !== 0) failed.abort(new Error(`the receiver of ${sender.system} failed: ${by ?? `exit code ${code}`}`));
  });
  try {
    const exited = once(receiver, 'exit', { signal: either });
    const [milliseconds] = await Promise.all([exchange(sender, source, amount, receiver, either), exited]);
    return milliseconds;
  } catch (error) {
    // Why the wait was aborted, rather than that it was.
    either.throwIfAborted();
    throw error;
  } finally {
    await killWorker(receiver);
  }
}

/**
 * Once the receiver is ready: the warm-up, then the rest, and the receiver's word that it has everything. Returns the
 * milliseconds of the rest.
 */
async function exchange(
  sender: Sender,
  source: CyclicSource,
  { warmUp, messages }: Amount,
  receiver: ChildProcess,
  signal: AbortSignal,
): Promise<number> {
  const end = warmUp + messages;
  await ready(receiver, signal);
  const send = async (): Promise<number> => {
    await sender.send(source, 0, warmUp, signal, receiver);
    return sender.send(source, warmUp, end, signal, receiver);
  };
  const [milliseconds] = await Promise.all([send(), received(receiver, end, signal)]);
  return milliseconds;
}
