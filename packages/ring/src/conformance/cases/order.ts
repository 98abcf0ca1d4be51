import { hasNothing, numbers, receives } from '../expectations.js';
import type { Scene } from '../scene.js';

/** More than the object holds: senders wait, or overtake their receiver. */
const COUNT = 400;
/** Beyond all numbers of the first sender. */
const OTHER = 1_000_000;

/** What a sender sends arrives in its order, while others send, too. */
export async function order(scene: Scene): Promise<void> {
  const { promises } = scene;
  for (const [from, to] of scene.ways) {
    await scene.open();
    const receiver = await scene.receiver(to);
    const sender = await scene.sender(from);
    const sent = numbers(0, COUNT);
    if (!promises.manySenders) {
      const received = receives(promises, receiver, sent);
      await Promise.all([received, sender.ask('send', { first: 0, count: COUNT })]);
      continue;
    }
    const other = await scene.sender(to);
    const received = receives(promises, receiver, sent, numbers(OTHER, COUNT));
    await Promise.all([
      received,
      sender.ask('send', { first: 0, count: COUNT }),
      other.ask('send', { first: OTHER, count: COUNT }),
    ]);
    await hasNothing(receiver);
  }
}
