import assert from 'node:assert/strict';
import { truncateSync } from 'node:fs';
import { Segment } from '@ringway/memory';
import { SUBJECTS } from './support/exclusive.js';
import { codeOf, thrownCode } from './support/rejects.js';
import { Scene } from './support/scene.js';

function cut(name: string): void {
  const [info] = Segment.list().filter((found) => found.name === name);
  truncateSync(info.path, 0);
}

for (const { title, kind, options, mode, open } of SUBJECTS) {
  describe(`${title} whose memory is cut away`, () => {
    const scene = new Scene();
    afterEach(() => scene.clear());

    it('is ERR_RINGWAY_SEGMENT_TRUNCATED for who awaits it, and not free', async () => {
      const name = scene.name();
      const lock = scene.own(open(name));
      const peer = await scene.peer();
      await peer.ask({ do: 'open', kind, name, options });
      await peer.ask({ do: 'acquire', kind, name, guard: 'its', mode });
      const wait = lock.acquire();
      cut(name);
      assert.equal(await codeOf(wait), 'ERR_RINGWAY_SEGMENT_TRUNCATED');
      assert.equal(await codeOf(lock.acquire()), 'ERR_RINGWAY_SEGMENT_TRUNCATED');
    });

    it('is ERR_RINGWAY_SEGMENT_TRUNCATED for who blocks for it or tries', async () => {
      const name = scene.name();
      const lock = scene.own(open(name));
      const peer = await scene.peer();
      await peer.ask({ do: 'open', kind, name, options });
      await peer.ask({ do: 'acquire', kind, name, guard: 'its', mode });
      cut(name);
      assert.equal(
        thrownCode(() => lock.acquireSync()),
        'ERR_RINGWAY_SEGMENT_TRUNCATED',
      );
      assert.equal(
        thrownCode(() => lock.tryAcquire()),
        'ERR_RINGWAY_SEGMENT_TRUNCATED',
      );
    });
  });
}
