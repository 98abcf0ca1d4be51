import type { Socket } from 'node:net';
import { nowMicroseconds } from '../clock.js';
import { PayloadCheck } from '../payload-check.js';
import { Payload } from '../payload.js';
import type { Peer, Report } from '../peer-spec.js';
import { Unframer, framed } from './length-prefix.js';
import { RoundTrips } from './round-trips.js';

/** Sends a message when the answer to the last one has come. */
export class SocketPing implements Peer {
  readonly #socket: Socket;
  readonly #payload: Payload;
  readonly #check: PayloadCheck;
  #answered: () => void = () => undefined;

  constructor(socket: Socket, length: number, spoil: number) {
    this.#socket = socket;
    this.#payload = new Payload(length, spoil);
    this.#check = new PayloadCheck(length);
    const unframer = new Unframer(length, (bytes, offset, size) => {
      this.#check.accept(bytes, offset, size);
      this.#answered();
    });
    socket.on('data', (chunk: Buffer) => {
      unframer.push(chunk);
    });
  }

  run(count: number): Promise<Report> {
    const trips = new RoundTrips(count, 1);
    const ask = (): void => {
      this.#payload.stamp(this.#check.received);
      trips.begin();
      this.#socket.write(framed(this.#payload.bytes));
    };
    this.#check.restart();
    return new Promise((resolve) => {
      this.#answered = () => {
        trips.end();
        if (this.#check.received < count) ask();
        else resolve(trips.report());
      };
      ask();
    });
  }

  close(): void {
    this.#socket.end();
  }
}

/** Answers each message. */
export class SocketPong implements Peer {
  readonly #connected: Promise<Socket>;
  readonly #payload: Payload;
  readonly #check: PayloadCheck;
  #socket: Socket | undefined;
  #expected = 0;
  #finished: (() => void) | undefined;

  constructor(connected: Promise<Socket>, length: number) {
    this.#connected = connected;
    this.#payload = new Payload(length, -1);
    this.#check = new PayloadCheck(length);
  }

  async run(count: number): Promise<Report> {
    this.#check.restart();
    this.#expected = count;
    const finished = new Promise<void>((resolve) => (this.#finished = resolve));
    this.#socket ??= this.#answerOn(await this.#connected);
    await finished;
    return { at: nowMicroseconds() };
  }

  close(): void {
    this.#socket?.end();
  }

  #answerOn(socket: Socket): Socket {
    const unframer = new Unframer(this.#payload.bytes.length, (bytes, offset, length) => {
      const sequence = this.#check.received;
      this.#check.accept(bytes, offset, length);
      this.#payload.stamp(sequence);
      socket.write(framed(this.#payload.bytes));
      if (this.#check.received === this.#expected) this.#finished?.();
    });
    return socket.on('data', (chunk: Buffer) => {
      unframer.push(chunk);
    });
  }
}
