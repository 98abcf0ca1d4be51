import assert from 'node:assert/strict';

import { Queue } from '@ringway/ring';

import { Child, cleanUp, objectsOf, queueName } from './support/process.js';
import { PATIENCE_MS, TEST_MS, within } from './support/turns.js';

const COUNT = 20_000;

describe('two programs that know only the name of a queue', function () {
  this.timeout(TEST_MS);

  afterEach(cleanUp);

  for (const first of ['orders-send', 'orders-receive']) {
    it(`exchange objects to the end of the stream, ${first} being started first, and exit`, async () => {
      const name = queueName();
      const second = first === 'orders-send' ? 'orders-receive' : 'orders-send';
      const children = [first, second].map((program) => Child.run(program, name, String(COUNT)));
      const [sender, receiver] = first === 'orders-send' ? children : [...children].reverse();
      assert.deepEqual(await within(PATIENCE_MS, 'the messages', receiver.hears('received')), {
        count: COUNT,
        total: (9.5 * COUNT * (COUNT - 1)) / 2,
      });
      await within(PATIENCE_MS, 'the drain', sender.hears('drained'));
      assert.deepEqual(await within(PATIENCE_MS, 'both exits', Promise.all([sender.end(), receiver.end()])), [0, 0]);
      Queue.unlink(name);
      assert.deepEqual(objectsOf(name), []);
    });
  }

  it('share the work when several receive', async () => {
    const name = queueName();
    const receivers = [0, 1, 2].map(() => Child.run('orders-receive', name));
    // Who comes after the end of a stream waits for the next one.
    await Promise.all(receivers.map((receiver) => receiver.hears('joined')));
    const sender = Child.run('orders-send', name, String(COUNT));
    const received = (await within(
      PATIENCE_MS,
      'the messages',
      Promise.all(receivers.map((receiver) => receiver.hears('received'))),
    )) as { count: number; total: number }[];
    assert.equal(
      received.reduce((sum, { count }) => sum + count, 0),
      COUNT,
    );
    assert.equal(await within(PATIENCE_MS, 'the exit', sender.end()), 0);
  });
});
