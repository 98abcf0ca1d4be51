import { handsOver, hasNothing, numbers, receives } from '../expectations.js';
import type { Promises } from '../pattern.js';
import type { Scene } from '../scene.js';

/** Fits into what holds it. */
const COUNT = 10;

const SEEN: Readonly<Record<Promises['lateJoin'], (sent: readonly number[]) => readonly number[]>> = {
  everything: (sent) => sent,
  latest: (sent) => sent.slice(-1),
  nothing: () => [],
};

/** Who joins late sees of what was sent before as much as is promised, and all that comes after. */
export async function lateJoin(scene: Scene): Promise<void> {
  const { promises } = scene;
  for (const [from, to] of scene.ways) {
    await scene.open();
    const sender = await scene.sender(from);
    await sender.ask('send', { first: 0, count: COUNT });
    const receiver = await scene.receiver(to);
    const earlier = SEEN[promises.lateJoin](numbers(0, COUNT));
    if (earlier.length > 0) await receives(promises, receiver, earlier);
    await hasNothing(receiver);
    await handsOver(sender, receiver, COUNT);
  }
}
