import assert from 'node:assert/strict';
import { Blackboard } from 'ringway';
import { runExample } from './support/example.js';

describe('the configuration example', () => {
  for (const [followers, changes] of [
    [3, 5000],
    [1, 1],
  ]) {
    it(`brings the last of ${changes} changes to ${followers} processes, and leaves nothing behind`, async () => {
      const before = Blackboard.list().length;
      const { status, stdout, stderr } = await runExample('configuration', String(followers), String(changes));
      assert.deepEqual([status, stderr], [0, '']);
      const said = new RegExp(
        `^version ${changes}: {"rate":${changes}}\n${followers} followers have the last of ${changes} changes; at most (\\d+) were seen one by one\n$`,
      ).exec(stdout);
      assert.ok(said !== null, stdout);
      const most = Number(said[1]);
      assert.ok(most >= 1 && most <= changes);
      assert.equal(Blackboard.list().length, before);
    });
  }
});
