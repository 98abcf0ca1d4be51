import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';

import { LANE_NEXT } from '../dist/layout.js';
import type { Producer } from '../dist/producer.js';
import { decodeSpillReference, encodeSpillReference } from '../dist/spill.js';
import { HeapPeer, SMALL } from './support/heap.js';
import { rejectsCode, throwsCode } from './support/codes.js';

const ID = '00ffeeddccbbaa99';
const LARGE = 3000;

describe('a reference to a spilled message', () => {
  it('comes back as it was', () => {
    const reference = { length: 2 ** 31 + 5, creationId: ID, lane: 3, sequence: 2 ** 32 - 1 };
    assert.deepEqual(decodeSpillReference(encodeSpillReference(reference), ID, 3, 2 ** 32), reference);
  });

  it('to another segment, to another lane, or longer than a message may be is refused', () => {
    const bytes = encodeSpillReference({ length: 100, creationId: ID, lane: 3, sequence: 0 });
    assert.equal(decodeSpillReference(bytes, 'ffffffffffffffff', 3, 100), undefined);
    assert.equal(decodeSpillReference(bytes, ID, 2, 100), undefined);
    assert.equal(decodeSpillReference(bytes, ID, 3, 99), undefined);
  });

  it('of random bytes is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        assert.equal(decodeSpillReference(bytes, ID, 3, 2 ** 32), undefined);
      }),
    );
  });
});

describe('a message above a quarter of its lane', () => {
  let peer: HeapPeer;

  beforeEach(() => {
    peer = HeapPeer.create();
  });

  afterEach(() => HeapPeer.killAll());

  const spilled = (): string[] => peer.segment.attachments.list('');

  it('goes through an object of its own, whole', async () => {
    const message = randomBytes(100_000);
    const producer = peer.producer();
    await producer.send(message);
    assert.equal(spilled().length, 1);
    const delivery = await peer.consumer().receive();
    assert.deepEqual(Buffer.from(delivery?.value ?? []), message);
  });

  it('leaves nothing behind when its producer is closed by one of its headers while others wait', async () => {
    const producer = peer.producer();
    assert.ok(producer.tryReserve(8));
    const headers = {
      get late(): string {
        producer.close();
        return 'x';
      },
    };
    await rejectsCode(producer.send(randomBytes(LARGE), { headers }), 'ERR_RINGWAY_CLOSED');
    assert.deepEqual(spilled(), []);
  });

  it('is handed to poll as well', async () => {
    const message = randomBytes(LARGE);
    await peer.producer().send(message);
    const seen: Buffer[] = [];
    assert.equal(
      peer.consumer().poll((bytes, offset, length) => seen.push(Buffer.from(bytes.slice(offset, offset + length)))),
      1,
    );
    assert.deepEqual(seen, [message]);
  });

  it('carries headers', async () => {
    await peer.producer().send(new Uint8Array(LARGE), { headers: { kind: 'large' } });
    assert.deepEqual({ ...(await peer.consumer().receive())?.headers }, { kind: 'large' });
  });

  it('keeps its order among small ones', async () => {
    const producer = peer.producer();
    const lengths = [10, LARGE, 20, 2 * LARGE, 30];
    for (const length of lengths) await producer.send(new Uint8Array(length));
    const consumer = peer.consumer();
    assert.deepEqual(
      lengths.map(() => consumer.tryReceive()?.value.length),
      lengths,
    );
  });

  it('leaves its object until it is acknowledged, and not much longer', async () => {
    const producer = peer.producer();
    await producer.send(new Uint8Array(LARGE));
    const consumer = peer.consumer();
    const delivery = await consumer.receive();
    producer.housekeep();
    assert.equal(spilled().length, 1);
    delivery?.ack();
    producer.housekeep();
    assert.deepEqual(spilled(), []);
  });

  it('leaves nothing when it finds no room', () => {
    const producer = peer.producer();
    while (producer.trySend(new Uint8Array(900)));
    while (producer.trySend(new Uint8Array(0)));
    assert.equal(producer.trySend(new Uint8Array(LARGE)), false);
    assert.deepEqual(spilled(), []);
  });

  it('leaves nothing when its send is aborted', async () => {
    const producer = peer.producer();
    while (producer.trySend(new Uint8Array(0)));
    const abort = new AbortController();
    const sending = producer.send(new Uint8Array(LARGE), { signal: abort.signal });
    abort.abort();
    await assert.rejects(sending, { name: 'AbortError', code: 'ABORT_ERR' });
    assert.deepEqual(spilled(), []);
  });

  it('leaves nothing when its send was aborted before it began', async () => {
    const producer = peer.producer();
    await assert.rejects(producer.send(new Uint8Array(LARGE), { signal: AbortSignal.abort() }), { code: 'ABORT_ERR' });
    assert.deepEqual(spilled(), []);
  });

  it('leaves nothing when its producer closes before there was room', async () => {
    const producer = peer.producer();
    while (producer.trySend(new Uint8Array(0)));
    const sending = producer.send(new Uint8Array(LARGE));
    producer.close();
    await rejectsCode(sending, 'ERR_RINGWAY_CLOSED');
    assert.deepEqual(spilled(), []);
  });

  for (const [why, giveUp, code] of [
    [
      'its producer closes',
      (producer: Producer<Uint8Array>): void => {
        producer.close();
      },
      'ERR_RINGWAY_CLOSED',
    ],
    [
      'its lane is out of use',
      (producer: Producer<Uint8Array>): void => {
        peer.channel.lane(0).quarantine();
        throwsCode(() => producer.trySendMany([new Uint8Array(1)]), 'ERR_RINGWAY_CORRUPT_LANE');
      },
      'ERR_RINGWAY_CORRUPT_LANE',
    ],
  ] as const) {
    it(`that waits when ${why} is removed while the lane is still its own: who takes it next gives the number to another`, async () => {
      const producer = peer.producer();
      while (producer.trySend(new Uint8Array(0)));
      const sending = producer.send(new Uint8Array(LARGE));
      const lane = peer.channel.lane(0);
      const { owner } = lane;
      const owners: number[] = [];
      const { attachments } = peer.segment;
      const remove = attachments.remove.bind(attachments);
      attachments.remove = (suffix) => {
        owners.push(lane.owner);
        return remove(suffix);
      };
      giveUp(producer);
      await rejectsCode(sending, code);
      assert.deepEqual([owners, spilled()], [[owner], []]);
    });
  }

  it('leaves nothing when its lane is found damaged', () => {
    const producer = peer.producer();
    while (producer.trySend(new Uint8Array(0)));
    peer.words[peer.channel.lane(0).base + LANE_NEXT] = 3;
    throwsCode(() => producer.trySend(new Uint8Array(LARGE)), 'ERR_RINGWAY_CORRUPT_LANE');
    assert.deepEqual(spilled(), []);
  });

  it('leaves nothing when its lane is given back', async () => {
    const producer = peer.producer();
    await producer.send(new Uint8Array(LARGE));
    const consumer = peer.consumer();
    (await consumer.receive())?.ack();
    producer.close();
    assert.deepEqual(spilled(), []);
    assert.deepEqual(peer.lanesInUse(), []);
  });

  it('survives its producer, and is read by whoever comes', async () => {
    const other = peer.reopen();
    const message = randomBytes(LARGE);
    await other.producer({ label: 'gone' }).send(message);
    other.kill();
    assert.deepEqual(Buffer.from(peer.consumer().tryReceive()?.value ?? []), message);
  });

  it('of a dead producer is kept by who takes the lane over, and what he never published is removed', async () => {
    const other = peer.reopen();
    await other.producer({ label: 'shop' }).send(new Uint8Array(LARGE));
    other.segment.attachments.create('0.7', [new Uint8Array(9)]);
    other.kill();
    const successor = peer.producer({ label: 'shop' });
    assert.equal(spilled().length, 1);
    await successor.send(new Uint8Array(LARGE + 1));
    assert.equal(spilled().length, 2);
    const consumer = peer.consumer();
    assert.equal(consumer.tryReceive()?.value.length, LARGE);
    assert.equal(consumer.tryReceive()?.value.length, LARGE + 1);
  });

  it('whose object is gone is reported, can be acknowledged, and the consumer goes on', async () => {
    const producer = peer.producer();
    await producer.send(new Uint8Array(LARGE));
    await producer.send(new Uint8Array(1));
    for (const suffix of spilled()) peer.segment.attachments.remove(suffix);
    const consumer = peer.consumer();
    const error = await rejectsCode(consumer.receive(), 'ERR_RINGWAY_DECODE');
    assert.match(error.message, /gone/);
    assert.equal((await consumer.receive())?.value.length, 1);
  });

  it('with room for exactly the limit is sent, one byte more is not', async () => {
    const limited = HeapPeer.create({ ...SMALL, maxMessageBytes: LARGE });
    const producer = limited.producer();
    await producer.send(new Uint8Array(LARGE));
    await rejectsCode(producer.send(new Uint8Array(LARGE + 1)), 'ERR_RINGWAY_MESSAGE_TOO_LARGE');
    throwsCode(() => producer.trySend(new Uint8Array(LARGE + 1)), 'ERR_RINGWAY_MESSAGE_TOO_LARGE');
    throwsCode(() => producer.sendSync(new Uint8Array(LARGE + 1)), 'ERR_RINGWAY_MESSAGE_TOO_LARGE');
    assert.equal(limited.segment.attachments.list('').length, 1);
    limited.kill();
  });

  it('over a limit that is less than a quarter of a lane is refused as well', async () => {
    const limited = HeapPeer.create({ ...SMALL, maxMessageBytes: 100 });
    const producer = limited.producer();
    await producer.send(new Uint8Array(100));
    await rejectsCode(producer.send(new Uint8Array(101)), 'ERR_RINGWAY_MESSAGE_TOO_LARGE');
    throwsCode(() => producer.tryReserve(101), 'ERR_RINGWAY_MESSAGE_TOO_LARGE');
    limited.kill();
  });
});
