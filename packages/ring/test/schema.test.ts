import assert from 'node:assert/strict';

import { Queue, json, type SchemaResult, type StandardSchema } from '@ringway/ring';
import { withSchema } from '../dist/schema.js';
import { rejectsCode, rejectsDecoding, throwsCode } from './support/codes.js';

function schemaOf<T>(validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>): StandardSchema<T> {
  return { '~standard': { version: 1, vendor: 'test', validate } };
}

const positive = schemaOf<number>((value) =>
  typeof value === 'number' && value > 0 ? { value } : { issues: [{ message: 'must be a number above 0' }] },
);

describe('a schema', () => {
  it('lets through what matches, and says what is wrong with what does not', () => {
    const codec = withSchema(json<number>(), positive);
    assert.equal(codec.decode(codec.encode(3)), 3);
    assert.match(throwsCode(() => codec.encode(-3), 'ERR_RINGWAY_SCHEMA').message, /must be a number above 0/);
    throwsCode(() => codec.decode(Buffer.from('"x"')), 'ERR_RINGWAY_SCHEMA');
  });

  it('may change the value', () => {
    const doubling = schemaOf<number>((value) => ({ value: Number(value) * 2 }));
    const codec = withSchema(json<number>(), doubling);
    assert.equal(codec.decode(Buffer.from('5')), 10);
  });

  it('that validates asynchronously is refused, and its rejection goes nowhere', () => {
    const codec = withSchema(
      json<number>(),
      schemaOf<number>(() => Promise.reject(new Error('nobody hears this'))),
    );
    throwsCode(() => codec.encode(1), 'ERR_RINGWAY_SCHEMA');
  });

  it('stops a bad message before it is sent, and the producer goes on', async () => {
    using queue = Queue.local<number>({ codec: json<number>(), schema: positive });
    const producer = queue.producer();
    await rejectsCode(producer.send(-1), 'ERR_RINGWAY_SCHEMA');
    throwsCode(() => producer.trySend(-1), 'ERR_RINGWAY_SCHEMA');
    await producer.send(1);
    assert.equal(queue.consumer().tryReceive()?.value, 1);
  });

  it('tells of a bad message that came, with its bytes, and the consumer goes on', async () => {
    let strict = false;
    const late = schemaOf<number>((value) =>
      strict && value === 1 ? { issues: [{ message: 'not 1' }] } : { value: Number(value) },
    );
    using queue = Queue.local<number>({ codec: json<number>(), schema: late });
    const producer = queue.producer();
    await producer.send(1);
    await producer.send(2);
    strict = true;
    const consumer = queue.consumer();
    const error = await rejectsDecoding(consumer.receive(), 'ERR_RINGWAY_SCHEMA');
    assert.equal(Buffer.from(error.delivery.value).toString(), '1');
    error.delivery.ack();
    const next = await consumer.receive();
    assert.equal(next?.value, 2);
    next.ack();
    await queue.drained();
  });
});
