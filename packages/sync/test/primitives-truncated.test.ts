import assert from 'node:assert/strict';
import { rmSync, truncateSync } from 'node:fs';
import { Segment } from '@ringway/memory';
import { SUBJECTS } from './support/exclusive.js';
import { codeOf, thrownCode } from './support/rejects.js';
import { Scene } from './support/scene.js';

/** Takes all memory of a segment away. What is left has no name that Ringway would remove. */
function cut(scene: Scene, name: string): void {
  const [{ path }] = Segment.list().filter((found) => found.name === name);
  truncateSync(path, 0);
  scene.own({
    close: () => {
      rmSync(path);
    },
  });
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
      cut(scene, name);
      assert.equal(await codeOf(wait), 'ERR_RINGWAY_SEGMENT_TRUNCATED');
      assert.equal(await codeOf(lock.acquire()), 'ERR_RINGWAY_SEGMENT_TRUNCATED');
    });

    it('is ERR_RINGWAY_SEGMENT_TRUNCATED for who blocks for it or tries', async () => {
      const name = scene.name();
      const lock = scene.own(open(name));
      const peer = await scene.peer();
      await peer.ask({ do: 'open', kind, name, options });
      await peer.ask({ do: 'acquire', kind, name, guard: 'its', mode });
      cut(scene, name);
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
