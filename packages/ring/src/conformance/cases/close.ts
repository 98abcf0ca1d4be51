import assert from 'node:assert/strict';
import { closed, hasNothing, numbers, receives } from '../expectations.js';
import type { Peer } from '../peer.js';
import type { Scene } from '../scene.js';
import { MORE_THAN_FITS } from './back-pressure.js';

/** What was closed refuses, its waits end, closing again is nothing, and everybody else goes on. */
export async function close(scene: Scene): Promise<void> {
  for (const [from, to] of scene.ways) {
    await receiverCloses(scene, from, to);
    await senderCloses(scene, from, to);
    await handleCloses(scene, to);
  }
}

async function receiverCloses(scene: Scene, from: Peer, to: Peer): Promise<void> {
  await scene.open();
  const receiver = await scene.receiver(to);
  const waiting = await scene.receiver(to);
  const sender = await scene.sender(from);
  await receiver.ask('leave', {});
  closed(await receiver.ask('attempt', {}));
  await waiting.ask('begin', { what: 'receive' });
  await waiting.ask('leave', {});
  closed((await waiting.ask('ended', {})).failure);
  await waiting.ask('leave', {});
  const other = await scene.receiver(to);
  await sender.ask('send', { first: 0, count: 1 });
  await receives(scene.promises, other, [0]);
}

async function senderCloses(scene: Scene, from: Peer, to: Peer): Promise<void> {
  const { promises } = scene;
  await scene.open();
  const receiver = await scene.receiver(to);
  const sender = await scene.sender(from);
  const filled = await sender.ask('fill', { first: 0, most: MORE_THAN_FITS });
  if (promises.backPressure) {
    await sender.ask('begin', { what: 'send', number: filled });
    assert.equal(await sender.ask('waits', {}), true, 'a send beyond what fits waits');
  }
  await sender.ask('leave', {});
  if (promises.backPressure) closed((await sender.ask('ended', {})).failure);
  closed(await sender.ask('attempt', {}));
  await sender.ask('leave', {});
  // What it had sent stays, and nothing of what it gave up.
  await receives(promises, receiver, numbers(0, filled));
  await hasNothing(receiver);
  const other = await scene.sender(from);
  await other.ask('send', { first: filled + 1, count: 1 });
  await receives(promises, receiver, [filled + 1]);
}

async function handleCloses(scene: Scene, peer: Peer): Promise<void> {
  await scene.open();
  const receiver = await scene.receiver(peer);
  const sender = await scene.sender(peer);
  await receiver.ask('begin', { what: 'receive' });
  assert.equal(await receiver.ask('waits', {}), true, 'nothing was sent');
  await peer.ask('close', {});
  closed((await receiver.ask('ended', {})).failure);
  closed(await receiver.ask('attempt', {}));
  closed(await sender.ask('attempt', {}));
}
