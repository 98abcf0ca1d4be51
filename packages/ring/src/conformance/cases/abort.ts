import assert from 'node:assert/strict';
import { aborted, handsOver, hasNothing, numbers, receives } from '../expectations.js';
import type { Peer } from '../peer.js';
import type { Scene } from '../scene.js';
import { MORE_THAN_FITS } from './back-pressure.js';

/** An abort ends a wait at once, tells why, and changes nothing else. */
export async function abort(scene: Scene): Promise<void> {
  for (const [from, to] of scene.ways) {
    await abortedReceive(scene, from, to);
    if (scene.promises.backPressure) await abortedSend(scene, from, to);
  }
}

async function abortedReceive(scene: Scene, from: Peer, to: Peer): Promise<void> {
  await scene.open();
  const receiver = await scene.receiver(to);
  const sender = await scene.sender(from);
  await receiver.ask('begin', { what: 'receive' });
  assert.equal(await receiver.ask('waits', {}), true, 'nothing was sent');
  await receiver.ask('abort', {});
  aborted(await receiver.ask('ended', {}));
  // The aborted one takes nothing away from the next.
  await handsOver(sender, receiver, 0);
  await sender.ask('send', { first: 1, count: 1 });
  await receiver.ask('begin', { what: 'receive', aborted: true });
  aborted(await receiver.ask('ended', {}));
  await receives(scene.promises, receiver, [1]);
  await hasNothing(receiver);
}

async function abortedSend(scene: Scene, from: Peer, to: Peer): Promise<void> {
  await scene.open();
  const receiver = await scene.receiver(to);
  const sender = await scene.sender(from);
  const filled = await sender.ask('fill', { first: 0, most: MORE_THAN_FITS });
  await sender.ask('begin', { what: 'send', number: filled });
  assert.equal(await sender.ask('waits', {}), true, 'a send beyond what fits waits');
  await sender.ask('abort', {});
  aborted(await sender.ask('ended', {}));
  await receives(scene.promises, receiver, numbers(0, filled));
  // What was aborted was not sent, and the sender goes on.
  await hasNothing(receiver);
  await sender.ask('begin', { what: 'send', number: filled, aborted: true });
  aborted(await sender.ask('ended', {}));
  await handsOver(sender, receiver, filled + 1);
  await hasNothing(receiver);
}
