import assert from 'node:assert/strict';
import { planKills } from '../dist/main-job/kill-plan.js';

describe('the plan of kills', () => {
  it('is the same for the same seed, and another one for another', () => {
    assert.deepEqual(planKills(100_000, 1), planKills(100_000, 1));
    assert.notDeepEqual(planKills(100_000, 1), planKills(100_000, 2));
  });

  it('lets a consumer die about halfway, and the producer later, before the end or at it', () => {
    for (let messages = 1; messages < 200; messages++) {
      const { consumerAt = -1, producerAt } = planKills(messages, messages);
      assert.ok(consumerAt >= 0 && consumerAt < producerAt && producerAt <= messages, `${messages} messages`);
    }
  });

  it('spares the consumers where there is no message', () => {
    assert.deepEqual(planKills(0, 1), { consumerAt: undefined, producerAt: 0 });
  });
});
