import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Segment } from '@ringway/memory';
import { Barrier, Condition, Mutex, RwLock, Semaphore, type NamedOptions } from '@ringway/sync';
import type { Kind } from './fixtures/primitive-protocol.js';
import { thrownCode } from './support/rejects.js';
import { Scene } from './support/scene.js';

interface Primitive {
  readonly kind: Kind;
  readonly open: (name: string, options?: NamedOptions) => { close(): void };
  readonly unlink: (name: string, options?: { readonly dir?: string }) => boolean;
}

const PRIMITIVES: readonly Primitive[] = [
  {
    kind: 'mutex',
    open: (name, options) => Mutex.open(name, options),
    unlink: (name, options) => Mutex.unlink(name, options),
  },
  {
    kind: 'semaphore',
    open: (name, options) => Semaphore.open(name, options),
    unlink: (name, options) => Semaphore.unlink(name, options),
  },
  {
    kind: 'rwLock',
    open: (name, options) => RwLock.open(name, options),
    unlink: (name, options) => RwLock.unlink(name, options),
  },
  {
    kind: 'condition',
    open: (name, options) => Condition.open(name, options),
    unlink: (name, options) => Condition.unlink(name, options),
  },
  {
    kind: 'barrier',
    open: (name, options) => Barrier.open(name, { ...options, parties: 2 }),
    unlink: (name, options) => Barrier.unlink(name, options),
  },
];

for (const { kind, open, unlink } of PRIMITIVES) {
  describe(`opening a ${kind}`, () => {
    const scene = new Scene();
    afterEach(() => scene.clear());

    it('makes it if it is missing, and leaves a name that can be unlinked once', () => {
      const name = scene.name();
      assert.equal(Segment.exists(name), false);
      open(name).close();
      assert.equal(Segment.exists(name), true);
      assert.deepEqual([unlink(name), unlink(name)], [true, false]);
    });

    it('makes it, or not, as it is told', () => {
      const name = scene.name();
      assert.equal(
        thrownCode(() => open(name, { create: 'never' })),
        'ERR_RINGWAY_NOT_FOUND',
      );
      scene.own(open(name, { create: 'always' }));
      assert.equal(
        thrownCode(() => open(name, { create: 'always' })),
        'ERR_RINGWAY_EXISTS',
      );
      scene.own(open(name, { create: 'never' }));
      assert.throws(() => open(name, { create: 'sometimes' } as unknown as NamedOptions), RangeError);
    });

    it('refuses a name of another kind', () => {
      for (const other of PRIMITIVES) {
        if (other.kind === kind) continue;
        const name = scene.name();
        scene.own(open(name));
        assert.equal(
          thrownCode(() => other.open(name)),
          'ERR_RINGWAY_KIND_MISMATCH',
        );
      }
    });

    it('takes a place in its table, and refuses one more than there are', () => {
      const name = scene.name();
      const handles = Array.from({ length: 3 }, () => scene.own(open(name, { participants: 3 })));
      assert.equal(
        thrownCode(() => open(name)),
        'ERR_RINGWAY_TOO_MANY_PARTICIPANTS',
      );
      handles[1].close();
      scene.own(open(name));
      assert.equal(
        thrownCode(() => open(name)),
        'ERR_RINGWAY_TOO_MANY_PARTICIPANTS',
      );
    });

    it('takes the place of one that was killed', async () => {
      const name = scene.name();
      const peers = await scene.peers(2);
      const options = { participants: 2, ...(kind === 'barrier' ? { parties: 2 } : {}) };
      for (const peer of peers) await peer.ask({ do: 'open', kind, name, options });
      assert.equal(
        thrownCode(() => open(name)),
        'ERR_RINGWAY_TOO_MANY_PARTICIPANTS',
      );
      await peers[0].kill();
      const handle = scene.own(open(name));
      assert.equal(
        thrownCode(() => open(name)),
        'ERR_RINGWAY_TOO_MANY_PARTICIPANTS',
      );
      handle.close();
    });

    it('refuses another number of participants than its creator chose, and impossible ones', () => {
      const name = scene.name();
      scene.own(open(name, { participants: 7 }));
      scene.own(open(name));
      scene.own(open(name, { participants: 7 }));
      assert.equal(
        thrownCode(() => open(name, { participants: 8 })),
        'ERR_RINGWAY_OPTIONS_MISMATCH',
      );
      for (const participants of [0, -1, 1025, 1.5, Number.NaN]) {
        assert.throws(() => open(scene.name(), { participants }), RangeError);
      }
    });

    it('goes on with who has it open when the name is unlinked, and makes a new one for those who come', () => {
      const name = scene.name();
      const old = scene.own(open(name, { participants: 1 }));
      assert.equal(unlink(name), true);
      scene.own(open(name, { participants: 2 }));
      scene.own(open(name));
      old.close();
    });

    it('works in a directory', () => {
      const dir = mkdtempSync(join(tmpdir(), 'ringway-sync-'));
      try {
        const name = scene.name();
        const handle = open(name, { dir });
        open(name, { dir, create: 'never' }).close();
        assert.equal(Segment.exists(name), false);
        handle.close();
        assert.equal(unlink(name, { dir }), true);
      } finally {
        rmSync(dir, { recursive: true });
      }
    });

    it('refuses ways to wait that there are not, and takes no place for them', () => {
      const name = scene.name();
      for (const strange of [{ idle: 'sometimes' }, { pollMicroseconds: -1 }, { pollMicroseconds: 0.5 }]) {
        assert.throws(() => open(name, { participants: 1, ...(strange as NamedOptions) }), RangeError);
      }
      scene.own(open(name, { participants: 1 }));
    });
  });
}

describe('what the creator of a primitive chose', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());

  it('cannot be stated otherwise by those who open it', () => {
    const semaphore = scene.name();
    scene.own(Semaphore.open(semaphore, { permits: 3, owned: true }));
    for (const options of [{ permits: 2 }, { owned: false }, { permits: 3, owned: false }]) {
      assert.equal(
        thrownCode(() => Semaphore.open(semaphore, options)),
        'ERR_RINGWAY_OPTIONS_MISMATCH',
      );
    }
    scene.own(Semaphore.open(semaphore, { permits: 3, owned: true }));
    const barrier = scene.name();
    scene.own(Barrier.open(barrier, { parties: 3 }));
    assert.equal(
      thrownCode(() => Barrier.open(barrier, { parties: 2 })),
      'ERR_RINGWAY_OPTIONS_MISMATCH',
    );
    assert.equal(scene.own(Barrier.open(barrier)).parties, 3);
    assert.throws(() => Barrier.open(scene.name(), { create: 'always' }), RangeError);
  });

  it('is refused where it is of the wrong type', () => {
    assert.throws(() => Semaphore.open(scene.name(), { owned: 'yes' as unknown as boolean }), TypeError);
    assert.throws(() => Semaphore.open(scene.name(), { permits: -1 }), RangeError);
  });
});
