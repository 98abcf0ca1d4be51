import assert from 'node:assert/strict';
import { arrived, handsOver, hasNothing, numbers, numbersOf, receives } from '../expectations.js';
import type { Scene } from '../scene.js';
import { MORE_THAN_FITS } from './back-pressure.js';

const COUNT = 20;
/** So many are received of one that sends without an end before it dies. */
const FLOODED = 500;

/** Who dies takes nobody along: what was sent stays, as far as is promised, and the others go on. */
export async function death(scene: Scene): Promise<void> {
  await receiverDies(scene);
  await senderDies(scene);
  await floodingSenderDies(scene);
}

/** With messages in its hands. */
async function receiverDies(scene: Scene): Promise<void> {
  const { promises, here } = scene;
  await scene.open();
  const survivor = await scene.receiver(here);
  const victim = await scene.victim();
  const dying = await scene.receiver(victim);
  const sender = await scene.sender(here);
  const sent = numbers(0, COUNT);
  await sender.ask('send', { first: 0, count: COUNT });
  const held = promises.keeps === 'every' ? COUNT : 1;
  numbersOf(await dying.ask('receive', { count: held, settle: false }));
  if (promises.reaches === 'one') {
    // Parked, or polling, when it happens: the death itself must reach it.
    const inherited = survivor.ask('receive', { count: COUNT, settle: true });
    const [all] = await Promise.all([inherited, victim.kill()]);
    arrived(promises, all, sent);
    const told = all.every(({ redelivered }) => redelivered);
    assert.equal(told, promises.atDeath === 'redelivered', 'who gets what a dead one had is told so');
  } else {
    await victim.kill();
    await receives(promises, survivor, sent);
  }
  await hasNothing(survivor);
  // The dead one keeps nobody from sending more than fits.
  const more = numbers(COUNT, MORE_THAN_FITS / 4);
  await Promise.all([receives(promises, survivor, more), sender.ask('send', { first: more[0], count: more.length })]);
}

/** After its messages were sent. */
async function senderDies(scene: Scene): Promise<void> {
  const { promises, here } = scene;
  await scene.open();
  const receiver = await scene.receiver(here);
  const victim = await scene.victim();
  await (await scene.sender(victim)).ask('send', { first: 0, count: COUNT });
  await victim.kill();
  await receives(promises, receiver, numbers(0, COUNT));
  await handsOver(await scene.sender(here), receiver, COUNT);
  await hasNothing(receiver);
}

/** In the middle of sending. */
async function floodingSenderDies(scene: Scene): Promise<void> {
  const { promises, here } = scene;
  await scene.open();
  const receiver = await scene.receiver(here);
  const victim = await scene.victim();
  await (await scene.sender(victim)).ask('flood', {});
  const first = await receiver.ask('receive', { count: FLOODED, settle: true });
  await victim.kill();
  const all = [...first, ...(await receiver.ask('take', {}))];
  const last = numbersOf(all).at(-1) ?? -1;
  arrived(promises, all, numbers(0, last + 1));
  await handsOver(await scene.sender(here), receiver, last + 1);
  await hasNothing(receiver);
}
