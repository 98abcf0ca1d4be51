import assert from 'node:assert/strict';
import { arrived, handsOver, hasNothing, numbers, numbersOf } from '../expectations.js';
import type { Scene } from '../scene.js';

const COUNT = 20;

/** Each message reaches one that waits for it, whole and once; of several receivers one, or each. */
export async function delivery(scene: Scene): Promise<void> {
  const { promises, here, there } = scene;
  for (const [from, to] of scene.ways) {
    await scene.open();
    const receiver = await scene.receiver(to);
    const sender = await scene.sender(from);
    for (const number of numbers(0, COUNT)) await handsOver(sender, receiver, number);
    await hasNothing(receiver);
  }

  await scene.open();
  const receivers = [await scene.receiver(here), await scene.receiver(there)];
  const sent = numbers(0, COUNT);
  await (await scene.sender(here)).ask('send', { first: 0, count: COUNT });
  const taken = await Promise.all(receivers.map((receiver) => receiver.ask('take', {})));
  if (promises.reaches === 'all') for (const all of taken) arrived(promises, all, sent);
  else {
    assert.deepEqual(
      taken.flatMap(numbersOf).sort((one, other) => one - other),
      sent,
      'each to one of the two',
    );
  }
  for (const receiver of receivers) await hasNothing(receiver);
}
