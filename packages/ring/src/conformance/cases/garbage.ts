import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { aborted, handsOver } from '../expectations.js';
import type { Peer } from '../peer.js';
import type { Scene } from '../scene.js';

const SEEDS = 2 ** 31;
const WRITES = 200;
const ROUNDS = 150;
/** Codes with which a wait among garbage may end. */
const TYPED = /^(ERR_RINGWAY_\w+|ABORT_ERR)$/;

/** A stranger who overwrites the object gets at nobody's process: errors with a code, waits that end, and all others go on. */
export async function garbage(scene: Scene): Promise<void> {
  for (const [stranger, user] of scene.ways) {
    await spoiled(scene, stranger, user);
    // Another object of the same peers.
    await scene.open();
    await handsOver(await scene.sender(stranger), await scene.receiver(user), 0);
  }
}

async function spoiled(scene: Scene, stranger: Peer, user: Peer): Promise<void> {
  const seed = randomInt(SEEDS);
  const told = `with seed ${seed}`;
  await scene.open();
  const receiver = await scene.receiver(user);
  const sender = await scene.sender(user);
  const [{ faults, succeeded, refused }, written] = await Promise.all([
    user.ask('use', { sender: sender.who, receiver: receiver.who, rounds: ROUNDS }),
    stranger.ask('scribble', { name: scene.name, seed, writes: WRITES }),
  ]);
  assert.ok(written > WRITES, 'the stranger was at work');
  assert.deepEqual(faults, [], `untyped errors ${told}`);
  assert.ok(succeeded + refused > 0, `nothing was done ${told}`);

  const last = await user.ask('use', { sender: sender.who, receiver: receiver.who, rounds: 1 });
  assert.deepEqual(last.faults, [], `untyped errors ${told}`);
  await receiver.ask('begin', { what: 'receive' });
  await receiver.ask('abort', {});
  const ended = await receiver.ask('ended', {});
  if (ended.failure?.code === 'ABORT_ERR') aborted(ended);
  else if (ended.failure !== undefined) assert.match(ended.failure.code, TYPED, `${ended.failure.message} ${told}`);
}
