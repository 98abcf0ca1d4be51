import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Publish } from '../cases.js';
import { nowMicroseconds } from '../clock.js';
import { PayloadCheck } from '../payload-check.js';
import { Payload } from '../payload.js';
import type { Peer, Report } from '../peer-spec.js';
import { Unframer, framed } from './length-prefix.js';

/** Messages between `cork` and `uncork`. */
const BATCH = 64;

/**
 * Writes as fast as the socket takes it: a `write` a message, corked in batches, and waits for `drain` when told to.
 */
export class SocketSender implements Peer {
  readonly #socket: Socket;
  readonly #payload: Payload;
  readonly #publish: Publish;

  constructor(socket: Socket, length: number, publish: Publish, spoil: number) {
    this.#socket = socket;
    this.#payload = new Payload(length, spoil);
    this.#publish = publish;
  }

  async run(count: number): Promise<Report> {
    const socket = this.#socket;
    const batch = this.#publish === 'each' ? 1 : BATCH;
    const at = nowMicroseconds();
    for (let sent = 0; sent < count; sent += batch) {
      if (batch > 1) socket.cork();
      const goesOn = this.#write(sent, Math.min(sent + batch, count));
      if (batch > 1) socket.uncork();
      if (!goesOn && socket.writableNeedDrain) await once(socket, 'drain');
    }
    return { at };
  }

  close(): void {
    this.#socket.end();
  }

  /** Whether the socket wants more at once. */
  #write(from: number, to: number): boolean {
    let goesOn = true;
    for (let sequence = from; sequence < to; sequence++) {
      this.#payload.stamp(sequence);
      goesOn = this.#socket.write(framed(this.#payload.bytes));
    }
    return goesOn;
  }
}

/** Reads and checks. */
export class SocketReceiver implements Peer {
  readonly #connected: Promise<Socket>;
  readonly #length: number;
  #socket: Socket | undefined;
  #check: PayloadCheck;
  #expected = 0;
  #finished: (() => void) | undefined;

  constructor(connected: Promise<Socket>, length: number) {
    this.#connected = connected;
    this.#length = length;
    this.#check = new PayloadCheck(length);
  }

  async run(count: number): Promise<Report> {
    this.#check.restart();
    this.#expected = count;
    const finished = new Promise<void>((resolve) => (this.#finished = resolve));
    this.#socket ??= this.#listenTo(await this.#connected);
    await finished;
    return { at: nowMicroseconds() };
  }

  close(): void {
    this.#socket?.end();
  }

  #listenTo(socket: Socket): Socket {
    const check = this.#check;
    const unframer = new Unframer(this.#length, (bytes, offset, length) => {
      check.accept(bytes, offset, length);
    });
    socket.on('data', (chunk: Buffer) => {
      unframer.push(chunk);
      if (check.received === this.#expected) this.#finished?.();
    });
    return socket;
  }
}
