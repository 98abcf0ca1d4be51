import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { Queue, json } from 'ringway';
import { FormatReader } from './support/format-reader.js';
import { document } from './support/repository.js';

const FORMAT = document('docs/format.md');
const NAME = `format-${process.pid}`;
const PATH = `/dev/shm/ringway.${process.env.RINGWAY_NAMESPACE ?? ''}${NAME}`;
const HEADERS_TAG = 11;

interface Note {
  readonly note: string;
}

describe('a reader that knows only docs/format.md', () => {
  let queue: Queue<Note>;

  beforeEach(() => {
    queue = Queue.open<Note>(NAME, { codec: json(), laneBytes: 4096, maxProducers: 3, maxConsumers: 2 });
  });

  afterEach(() => {
    queue.close();
    Queue.unlink(NAME);
  });

  const read = (): FormatReader => new FormatReader(FORMAT, PATH);
  const notes = (lane: number): string[] => {
    const { messages } = read().lanes()[lane];
    return messages.map(({ payload }) => (JSON.parse(payload.toString('utf8')) as Note).note);
  };

  it('finds the header', () => {
    const reader = read();
    assert.equal(reader.magic, 'RINGWAY');
    assert.equal(reader.codec, 'json');
    assert.equal(reader.creationId, queue.stats().creationId);
    assert.equal(reader.size, statSync(PATH).size);
    assert.equal(reader.laneBytes, 4096);
  });

  it('finds the participants', () => {
    const consumer = queue.consumer({ label: 'kitchen' });
    const producer = queue.producer({ label: 'shop' });
    assert.deepEqual(read().slots(), [
      { slot: consumer.slot, state: 1, pid: process.pid, role: 1, label: 'kitchen' },
      { slot: producer.slot, state: 1, pid: process.pid, role: 2, label: 'shop' },
    ]);
  });

  it('finds each producer’s messages in their order, with their headers', async () => {
    const [first, second] = [queue.producer({ label: 'first' }), queue.producer({ label: 'second' })];
    for (const note of ['a', 'b', 'c']) await first.send({ note });
    await second.send({ note: 'd' }, { headers: { colour: 'blue' } });
    const lanes = read().lanes();
    assert.deepEqual(
      lanes.map(({ label, state, epoch }) => ({ label, state, epoch })),
      [
        { label: 'first', state: 1, epoch: 1 },
        { label: 'second', state: 1, epoch: 1 },
      ],
    );
    assert.deepEqual(notes(0), ['a', 'b', 'c']);
    assert.deepEqual(notes(1), ['d']);
    assert.equal(lanes[1].messages[0].metadata.get(HEADERS_TAG)?.toString('utf8'), '{"colour":"blue"}');
  });

  it('follows the ring when frames run over its end', async () => {
    const producer = queue.producer();
    const consumer = queue.consumer();
    for (let turn = 0; turn < 60; turn++) {
      await producer.send({ note: `${turn} `.repeat(turn) });
      if (turn < 57) consumer.tryReceive()?.ack();
    }
    assert.ok(read().lanes()[0].position > 4096);
    assert.deepEqual(
      notes(0),
      [57, 58, 59].map((turn) => `${turn} `.repeat(turn)),
    );
  });

  it('finds what a consumer holds, and what it has acknowledged', async () => {
    const producer = queue.producer();
    for (const note of ['a', 'b', 'c']) await producer.send({ note });
    const consumer = queue.consumer({ prefetch: 2 });
    const [a, b] = [consumer.tryReceive(), consumer.tryReceive()];
    b?.ack();
    assert.deepEqual(notes(0), ['a', 'b', 'c']);
    a?.ack();
    consumer.tryReceive();
    const [lane] = read().lanes();
    assert.deepEqual(
      lane.claims.map(({ slot, acknowledged }) => ({ slot, acknowledged })),
      [{ slot: consumer.slot, acknowledged: 2 }],
    );
    assert.equal(lane.claims[0].to, lane.next);
    assert.deepEqual(notes(0), ['c']);
  });

  it('finds a spilled message by the name that follows from its reference', async () => {
    const note = 'long '.repeat(2000);
    await queue.producer().send({ note });
    const reader = read();
    const [{ payload, spilled }] = reader.lanes()[0].messages;
    assert.ok(spilled);
    const id = payload.readBigUInt64LE(8).toString(16).padStart(16, '0');
    assert.equal(id, reader.creationId);
    assert.deepEqual([...payload.subarray(8, 16)].reverse(), [...Buffer.from(id, 'hex')]);
    const message = readFileSync(`${PATH}.${id}.${payload.readUInt32LE(16)}.${payload.readUInt32LE(20)}`);
    assert.equal(message.length, Number(payload.readBigUInt64LE(0)));
    assert.deepEqual(JSON.parse(message.toString('utf8')), { note });
  });
});
