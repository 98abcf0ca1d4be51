// A process that lives through many points with the plain modules: it does with a queue what it is asked for, and has on record what it sent and received.
import { DecodeError, Delivery, type Producer } from '../../../dist/index.js';
import { FLAG_REDELIVERED, FLAG_TORN, INTENDED, Journal, SENT } from '../journal.js';
import { makeMessage, readMessage } from '../message.js';
import { MESSAGE_BYTES, type Answer, type Ground, type Request } from './protocol.js';
import { openTraffic, type Taken, type Traffic } from './traffic.js';

/** More than fit a lane: where somebody receives meanwhile, there may be room for ever. */
const MOST_IN_A_ROW = 64;

/** What it has to do with the queue of the present point. */
class Part {
  readonly #ground: Ground;
  readonly #traffic: Traffic;
  readonly #journals: Journal[] = [];
  #producer: Producer<Uint8Array> | undefined;
  #receiver: ReturnType<Traffic['receiver']> | undefined;
  #sent: Journal | undefined;
  #received: Journal | undefined;
  #id = 0;
  #sequence = 0;
  #deliveries = 0;
  #served: Promise<void> | undefined;

  constructor(ground: Ground) {
    this.#ground = ground;
    this.#traffic = openTraffic(ground);
  }

  produce(id: number, label: string): void {
    this.#id = id;
    this.#sent = this.#journal('producer', id);
    this.#producer = this.#traffic.producer(label);
  }

  consume(id: number): void {
    this.#received = this.#journal('consumer', id);
    this.#receiver = this.#traffic.receiver();
  }

  async send(count: number, length: number): Promise<void> {
    const producer = joined(this.#producer);
    for (let i = 0; i < count; i++) {
      const message = this.#next(length);
      await producer.send(message);
      joined(this.#sent).write(SENT, this.#sequence, 0);
    }
  }

  fill(): number {
    const producer = joined(this.#producer);
    for (let sent = 0; sent < MOST_IN_A_ROW; sent++) {
      const message = this.#next(MESSAGE_BYTES);
      if (!producer.trySend(message)) {
        this.#sequence--;
        return sent;
      }
      joined(this.#sent).write(SENT, this.#sequence, 0);
    }
    return MOST_IN_A_ROW;
  }

  async end(): Promise<void> {
    await joined(this.#producer).end();
  }

  async receive(count: number, acknowledge: readonly number[]): Promise<void> {
    const deliveries: Taken[] = [];
    while (deliveries.length < count) {
      const delivery = await joined(this.#receiver).receive();
      if (delivery === undefined) throw new Error('the stream has ended too early');
      this.#record(delivery);
      deliveries.push(delivery);
    }
    for (const number of acknowledge) deliveries[number].ack();
  }

  serve(): void {
    this.#served ??= this.#serve();
    // Whoever asks for `served` is told; until then it is nobody's.
    this.#served.catch(() => undefined);
  }

  async quiet(milliseconds: number): Promise<void> {
    const before = this.#deliveries;
    await Promise.race([this.#served, new Promise((resolve) => setTimeout(resolve, milliseconds))]);
    if (this.#deliveries !== before) await this.quiet(milliseconds);
  }

  async served(): Promise<void> {
    await this.#served;
  }

  leave(): void {
    this.#traffic.close();
    for (const journal of this.#journals) journal.close();
  }

  async #serve(): Promise<void> {
    for (;;) {
      try {
        const delivery = await joined(this.#receiver).receive();
        if (delivery === undefined) return;
        this.#record(delivery);
        delivery.ack();
      } catch (error) {
        if (!(error instanceof DecodeError)) throw error;
        // Of a message that cannot be had nobody could say that it was received: it will be missing.
        if (error.delivery instanceof Delivery) error.delivery.ack();
      }
    }
  }

  #next(length: number): Buffer {
    this.#sequence++;
    joined(this.#sent).write(INTENDED, this.#sequence, 0);
    return makeMessage(this.#id, this.#sequence, length);
  }

  #record(delivery: Taken): void {
    this.#deliveries++;
    const read = readMessage(delivery.value);
    const flags = (delivery.redelivered ? FLAG_REDELIVERED : 0) | (read === undefined ? FLAG_TORN : 0);
    joined(this.#received).write(read?.producer ?? 0, read?.sequence ?? 0, flags);
  }

  #journal(kind: 'producer' | 'consumer', id: number): Journal {
    const journal = new Journal(this.#ground.folder, kind, id);
    this.#journals.push(journal);
    return journal;
  }
}

function joined<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('asked for what needs to have joined');
  return part;
}

/** As good as new: there is a place for everybody, and a message goes through every lane. */
function prove(ground: Ground): void {
  const traffic = openTraffic(ground);
  try {
    traffic.prove();
  } finally {
    traffic.close();
  }
}

let part: Part | undefined;

async function answer(request: Request): Promise<number | undefined> {
  if (request.do === 'open') {
    part = new Part(request.ground);
    opened = request.ground;
    return undefined;
  }
  if (request.do === 'prove') {
    prove(joined(opened));
    return undefined;
  }
  const mine = joined(part);
  switch (request.do) {
    case 'produce':
      mine.produce(request.id, request.label);
      return undefined;
    case 'consume':
      mine.consume(request.id);
      return undefined;
    case 'send':
      await mine.send(request.count, request.bytes);
      return undefined;
    case 'fill':
      return mine.fill();
    case 'end':
      await mine.end();
      return undefined;
    case 'receive':
      await mine.receive(request.count, request.acknowledge);
      return undefined;
    case 'serve':
      mine.serve();
      return undefined;
    case 'quiet':
      await mine.quiet(request.milliseconds);
      return undefined;
    case 'served':
      await mine.served();
      return undefined;
    case 'leave':
      mine.leave();
      part = undefined;
      return undefined;
  }
}

let opened: Ground | undefined;

/** Who asked is gone when there is nobody to answer: this process ends then. */
function reply(message: Answer): void {
  process.send?.(message, () => undefined);
}

process.on('message', ({ id, request }: { id: number; request: Request }) => {
  answer(request).then(
    (result) => {
      reply(result === undefined ? { id } : { id, result });
    },
    (error: unknown) => {
      const { code } = error as { code?: string };
      reply({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error), code });
    },
  );
});
process.on('disconnect', () => {
  process.exit(0);
});
