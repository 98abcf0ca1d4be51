import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

import { runEveryStep, type Totals } from './chaos/every-step/run.js';
import type { RoleName } from './chaos/every-step/roles.js';
import type { Patch } from './steps/tree.js';

const CHAOS = fileURLToPath(new URL('chaos/main.js', import.meta.url));
/** Some two points of each role; the whole is `npm run chaos -- --every-step`. */
const EVERY_KILL = '61';
/** A process that is stopped goes on and plays the next point: much cheaper. */
const EVERY_STOP = '31';

async function chaos(...args: string[]): Promise<string> {
  const child = spawn(process.execPath, [CHAOS, '--every-step', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  return text(child.stdout);
}

describe('at every step', function () {
  this.timeout(180_000);

  it('of each role a process can be killed: nothing is lost, invented, doubled or stalled', async () => {
    const said = await chaos('--every', EVERY_KILL);
    assert.match(said, /\npoints [1-9]\d* lost 0 invented 0 doubled 0 stalled 0\n$/, said);
  });

  it('of each role a process can be stopped and continued: nothing is lost, invented, doubled or stalled', async () => {
    const said = await chaos('--stop', '--every', EVERY_STOP);
    assert.match(said, /\npoints [1-9]\d* lost 0 invented 0 doubled 0 stalled 0\n$/, said);
  });

  // The check must be able to fail: bugs in what the victims run.
  describe('it is found when', () => {
    const findings = (role: RoleName, every: number, patch: Patch): Promise<Totals> =>
      runEveryStep({
        roles: [role],
        fate: 'SIGKILL',
        steps: { every, offset: 0 },
        patches: [patch],
        say: () => undefined,
      });

    it('a message is published before its payload is written', async () => {
      const { invented } = await findings('send by ticks', 1, {
        module: 'ring/lane-writer',
        find: 'this.#bytes.set(payload, start',
        replace: 'Atomics.store(this.#words, this.#base + LANE_POSITION, end);\n        this.#bytes.set(payload, start',
      });
      assert.ok(invented > 0);
    });

    it('a claim is given up while it is adopted', async () => {
      const { lost } = await findings('adopt the dead', 20, {
        module: 'ring/claim',
        find: 'this.#adopted = true;',
        replace: 'this.#adopted = true;\n        this.#words[this.#row + ROW_FROM] = 1;',
      });
      assert.ok(lost > 0);
    });

    it('a lease is taken in the name of somebody who lives', async () => {
      const { stalled } = await findings('claim', 12, {
        module: 'ring/claim',
        find: 'if (!this.#lease(me))',
        replace: 'if (!this.#lease(this.lane.owner))',
      });
      assert.ok(stalled > 0);
    });
  });
});
