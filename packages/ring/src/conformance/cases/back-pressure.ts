import assert from 'node:assert/strict';
import { hasNothing, numbers, receives } from '../expectations.js';
import type { Scene } from '../scene.js';

/** More messages than any object holds that is opened for the suite. */
export const MORE_THAN_FITS = 2_000;

/** A sender waits while its receiver does not receive, and goes on when it does; or never waits. */
export async function backPressure(scene: Scene): Promise<void> {
  const { promises } = scene;
  for (const [from, to] of scene.ways) {
    await scene.open();
    const receiver = await scene.receiver(to);
    const sender = await scene.sender(from);
    const filled = await sender.ask('fill', { first: 0, most: MORE_THAN_FITS });
    if (promises.backPressure) {
      assert.ok(filled > 0 && filled < MORE_THAN_FITS, `a sender that nobody receives from sent ${filled} messages`);
      await sender.ask('begin', { what: 'send', number: filled });
      assert.equal(await sender.ask('waits', {}), true, 'a send beyond what fits waits');
      await receives(promises, receiver, numbers(0, filled + 1));
      assert.deepEqual(await sender.ask('ended', {}), {}, 'it goes on as soon as somebody receives');
    } else {
      assert.equal(filled, MORE_THAN_FITS, 'nothing keeps a sender from sending');
      await receives(promises, receiver, numbers(0, filled));
    }
    await hasNothing(receiver);
  }
}
