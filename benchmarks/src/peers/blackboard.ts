import { Blackboard, Queue, bytes, type Consumer, type Producer } from 'ringway';
import type { BlackboardPeerSpec, BlackboardReport } from '../blackboard-peer-spec.js';
import { nowMicroseconds } from '../clock.js';

const KEY = 'key';
const BYTE = 256;

/** A process of a run that does what it is ordered to. */
export interface MeasuredPeer {
  run(count: number): BlackboardReport;
  close(): void;
}

/** Values of which each byte is the lowest one of their number: one that is torn is seen at its ends. */
class Values {
  readonly #value: Uint8Array;
  readonly #spoil: number;

  constructor({ case: { bytes: length }, spoil }: BlackboardPeerSpec) {
    this.#value = new Uint8Array(length);
    this.#spoil = spoil;
  }

  make(number: number): Uint8Array {
    const value = this.#value.fill(number % BYTE);
    if (this.#spoil >= 0 && number >= this.#spoil) value[value.length - 1]++;
    return value;
  }

  check(value: Uint8Array): void {
    const last = value.length - 1;
    if (value.length === this.#value.length && value[0] === value[last] && value[0] === value[last >> 1]) return;
    throw new Error(`wrong value: ${value.length} bytes that are ${Buffer.from(value).toString('hex')}`);
  }
}

/** Reads a value of the blackboard, which has one when this is made. */
class Reader implements MeasuredPeer {
  readonly #board: Blackboard<Uint8Array>;
  readonly #values: Values;

  constructor(spec: BlackboardPeerSpec) {
    this.#board = Blackboard.open(spec.name, { codec: bytes() });
    this.#values = new Values(spec);
    if (spec.case.what === 'read') this.#board.writer(KEY).write(this.#values.make(1));
  }

  run(count: number): BlackboardReport {
    const board = this.#board;
    const values = this.#values;
    const before = board.version(KEY);
    const began = nowMicroseconds();
    for (let i = 0; i < count; i++) {
      const value = board.get(KEY);
      if (value === undefined) throw new Error('there is no value');
      values.check(value);
    }
    return { microseconds: nowMicroseconds() - began, versions: board.version(KEY) - before };
  }

  close(): void {
    this.#board.close();
  }
}

/** Both ends of a queue. */
class OwnQueue implements MeasuredPeer {
  readonly #queue: Queue<Uint8Array>;
  readonly #producer: Producer<Uint8Array>;
  readonly #consumer: Consumer<Uint8Array>;
  readonly #values: Values;

  constructor(spec: BlackboardPeerSpec) {
    this.#queue = Queue.open(spec.name, { codec: bytes() });
    this.#producer = this.#queue.producer();
    this.#consumer = this.#queue.consumer();
    this.#values = new Values(spec);
  }

  run(count: number): BlackboardReport {
    const [producer, consumer, values] = [this.#producer, this.#consumer, this.#values];
    const message = values.make(1);
    const began = nowMicroseconds();
    for (let i = 0; i < count; i++) {
      if (!producer.trySend(message)) throw new Error('a queue that was emptied has no room');
      const delivery = consumer.tryReceive();
      if (delivery === undefined) throw new Error('a message that was sent did not come');
      values.check(delivery.value);
      delivery.ack();
    }
    return { microseconds: nowMicroseconds() - began, versions: 0 };
  }

  close(): void {
    this.#queue.close();
  }
}

/** Makes what the case asks for. */
export function openMeasured(spec: BlackboardPeerSpec): MeasuredPeer {
  return spec.case.what === 'queue' ? new OwnQueue(spec) : new Reader(spec);
}

/** Writes the value without a pause. */
export class Writer {
  readonly #board: Blackboard<Uint8Array>;
  readonly #values: Values;
  readonly #write: (value: Uint8Array) => number;
  #number = 0;

  constructor(spec: BlackboardPeerSpec) {
    this.#board = Blackboard.open(spec.name, { codec: bytes() });
    this.#values = new Values(spec);
    const writer = this.#board.writer(KEY);
    this.#write = writer.write.bind(writer);
    this.run(1);
  }

  run(count: number): void {
    for (let i = 0; i < count; i++) this.#write(this.#values.make(++this.#number));
  }

  close(): void {
    this.#board.close();
  }
}
