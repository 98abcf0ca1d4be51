import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { hostMilliseconds } from './clock.js';
import type { CyclicSource } from './cyclic-source.js';
import type { Sender } from './sender.js';
import { socketHeader } from './socket-frame.js';
import { socketPath, type Workshop } from './workshop.js';

/**
 * Sends over a Unix socket, as `node:net` makes it, length-prefixed; header and block go out together. The receiver
 * acknowledges the last message.
 */
export class SocketSender implements Sender {
  readonly system = 'unix-socket';
  readonly receiver = './socket-receiver.js';
  readonly #server: Server;
  readonly #connection: Promise<[Socket]>;
  #socket: Socket | undefined;

  private constructor(server: Server) {
    this.#server = server;
    this.#connection = once(server, 'connection') as Promise<[Socket]>;
  }

  static async listen(workshop: Workshop): Promise<SocketSender> {
    const server = createServer();
    server.listen(socketPath(workshop));
    await once(server, 'listening');
    return new SocketSender(server);
  }

  async send(source: CyclicSource, first: number, end: number, signal: AbortSignal): Promise<number> {
    const [socket] = await this.#connection;
    this.#socket ??= socket.on('error', ignore);
    const start = hostMilliseconds();
    await Promise.all([once(socket, 'data', { signal }), writeAll(socket, source, first, end, signal)]);
    return hostMilliseconds() - start;
  }

  close(): void {
    this.#socket?.destroy();
    this.#server.close();
  }
}

async function writeAll(
  socket: Socket,
  source: CyclicSource,
  first: number,
  end: number,
  signal: AbortSignal,
): Promise<void> {
  for (let number = first; number < end; number++) {
    socket.cork();
    socket.write(socketHeader(number));
    const room = socket.write(source.block(number));
    socket.uncork();
    if (!room) await once(socket, 'drain', { signal });
  }
}

/**
 * The wait for the acknowledgement rejects with the connection's error. Who does not wait any more does not need to
 * know.
 */
function ignore(): void {
  return;
}
