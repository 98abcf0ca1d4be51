import type { ChildProcess } from 'node:child_process';
import { hostMilliseconds } from './clock.js';
import type { ChannelMessage } from './channel-message.js';
import type { CyclicSource } from './cyclic-source.js';
import { received } from './received.js';
import type { Sender } from './sender.js';

/**
 * Sends over the channel of child_process with serialization `advanced`, the faster one for bytes. The receiver
 * acknowledges the last message.
 */
export class ChannelSender implements Sender {
  readonly system = 'child-process';
  readonly receiver = './channel-receiver.js';

  async send(
    source: CyclicSource,
    first: number,
    end: number,
    signal: AbortSignal,
    receiver: ChildProcess,
  ): Promise<number> {
    const start = hostMilliseconds();
    const sent = async (): Promise<void> => {
      for (let number = first; number < end; number++) {
        signal.throwIfAborted();
        await sendOne(receiver, { number, block: source.block(number) });
      }
    };
    await Promise.all([received(receiver, end, signal), sent()]);
    return hostMilliseconds() - start;
  }
}

/** Resolves at once while the channel takes more, else when this message is out. */
function sendOne(receiver: ChildProcess, message: ChannelMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    const room = receiver.send(message, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
    if (room) resolve();
  });
}
