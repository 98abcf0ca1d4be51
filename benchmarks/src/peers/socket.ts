import { once } from 'node:events';
import { createConnection, createServer, type Socket } from 'node:net';
import type { Peer, PeerSpec } from '../peer-spec.js';
import { SocketReceiver, SocketSender } from './socket-throughput.js';
import { SocketPing, SocketPong } from './socket-trips.js';

async function connect(path: string): Promise<Socket> {
  const socket = createConnection(path);
  await once(socket, 'connect');
  return socket;
}

/** Listens for one connection, and resolves once it does so. */
async function listen(path: string): Promise<{ connected: Promise<Socket> }> {
  const server = createServer();
  const connected = new Promise<Socket>((resolve) => {
    server.once('connection', (socket) => {
      server.close();
      resolve(socket);
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return { connected };
}

/** The side of a run that a spec asks for. The receiver listens, the sender connects. */
export async function openSocketPeer({ case: asked, role, place, spoil }: PeerSpec): Promise<Peer> {
  const { bytes } = asked.params;
  if (role === 'receiver') {
    const { connected } = await listen(place);
    return asked.scenario === 'throughput' ? new SocketReceiver(connected, bytes) : new SocketPong(connected, bytes);
  }
  const socket = await connect(place);
  return asked.scenario === 'throughput'
    ? new SocketSender(socket, bytes, asked.params.publish, spoil)
    : new SocketPing(socket, bytes, spoil);
}
