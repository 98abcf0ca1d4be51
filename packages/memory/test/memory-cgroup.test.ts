import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { MemoryCgroups } from '../dist/memory-cgroup.js';
import { itUnless } from './support/conditional.js';
import { cgroupRefusal, makeCgroup } from './support/cgroup.js';
import { Peers } from './support/peer.js';
import { Scratch, SPEC } from './support/scratch.js';

const MIB = 1024 * 1024;

describe('a memory cgroup', () => {
  const scratch = new Scratch();
  const peers = new Peers();

  afterEach(async () => {
    await peers.kill();
    scratch.clean();
  });

  itUnless(cgroupRefusal(), 'that is too small refuses memory before the kernel kills', async () => {
    const group = makeCgroup(64 * MIB);
    scratch.later(() => group.remove());
    const peer = await peers.start();
    group.add(peer.pid);
    const name = scratch.name();
    const size = 512 * MIB;
    const wanted = { do: 'create', name, spec: { ...SPEC, size, commit: [{ offset: 0, length: 128 * MIB }] } } as const;
    await assert.rejects(peer.ask(wanted), { code: 'ERR_RINGWAY_NO_SPACE', message: /134217728 bytes.*cgroup/ });
    assert.deepEqual(
      readdirSync('/dev/shm').filter((entry) => entry.includes(name)),
      [],
    );

    await peer.ask({ do: 'create', name, spec: { ...SPEC, size } });
    await peer.ask({ do: 'commit', offset: 4096, length: 8 * MIB });
    await assert.rejects(peer.ask({ do: 'commit', offset: 64 * MIB, length: 128 * MIB }), {
      code: 'ERR_RINGWAY_NO_SPACE',
    });
    await peer.ask({ do: 'close' });
    // Its memory is charged to the group until the object is gone; the group cannot be removed before.
    await peer.ask({ do: 'unlink', name });
  });

  describe('is found', () => {
    let root: string;

    /** Writes files below a directory that stands for the whole machine. */
    function machine(files: Record<string, string>): MemoryCgroups {
      root = scratch.directory();
      for (const [path, text] of Object.entries(files)) {
        mkdirSync(dirname(join(root, path)), { recursive: true });
        writeFileSync(join(root, path), text);
      }
      return new MemoryCgroups(root);
    }
    const unlimited = { 'memory.max': 'max\n', 'memory.current': '5\n' };
    const at = (path: string, files: Record<string, string>): Record<string, string> =>
      Object.fromEntries(Object.entries(files).map(([name, text]) => [`${path}/${name}`, text]));

    it('in version 2, by the tightest limit up the hierarchy', () => {
      const groups = machine({
        'proc/self/cgroup': '0::/a/b\n',
        'proc/self/mountinfo': '31 23 0:28 / /cg rw,relatime shared:4 - cgroup2 cgroup2 rw\n',
        ...at('cg/a/b', unlimited),
        ...at('cg/a', {
          'memory.max': '1000\n',
          'memory.current': '900\n',
          'memory.stat': 'anon 1\ninactive_file 50\n',
        }),
      });
      assert.equal(groups.shortage(100), undefined);
      assert.equal(groups.shortage(150), undefined);
      assert.deepEqual(groups.shortage(151), { available: 150, group: join(root, 'cg/a') });
      // The numbers are read afresh.
      writeFileSync(join(root, 'cg/a/memory.current'), '2000\n');
      assert.deepEqual(groups.shortage(1), { available: 0, group: join(root, 'cg/a') });
      writeFileSync(join(root, 'cg/a/memory.max'), 'max\n');
      assert.equal(groups.shortage(2 ** 50), undefined);
    });

    it('in version 1, among hierarchies of other controllers', () => {
      const groups = machine({
        'proc/self/cgroup': '4:memory:/x\n1:cpu:/y\n0::/\n',
        'proc/self/mountinfo':
          '34 31 0:31 / /cg/cpu rw - cgroup cgroup rw,cpu\n' +
          '35 31 0:32 / /cg/with\\040space rw - cgroup cgroup rw,memory\n' +
          '36 31 0:33 / /cg/unified rw - cgroup2 cgroup2 rw\n',
        ...at('cg/with space/x', {
          'memory.limit_in_bytes': '1000\n',
          'memory.usage_in_bytes': '400\n',
          'memory.stat': 'inactive_file 500\ntotal_inactive_file 7\n',
        }),
        ...at('cg/with space', {
          'memory.limit_in_bytes': '9223372036854771712\n',
          'memory.usage_in_bytes': '99999\n',
        }),
      });
      assert.equal(groups.shortage(607), undefined);
      assert.deepEqual(groups.shortage(608), { available: 607, group: join(root, 'cg/with space/x') });
    });

    it('in a container that sees its path from outside', () => {
      for (const group of ['/docker/abc', '/../..', '/elsewhere']) {
        const groups = machine({
          'proc/self/cgroup': `0::${group}\n`,
          'proc/self/mountinfo': '31 23 0:28 /docker/abc /cg ro - cgroup2 cgroup rw\n',
          ...at('cg', { 'memory.max': '10\n', 'memory.current': '4\n', 'memory.stat': '' }),
        });
        assert.deepEqual(groups.shortage(7), { available: 6, group: join(root, 'cg') }, group);
      }
    });

    it('again after the process was moved and its group removed', () => {
      const groups = machine({
        'proc/self/cgroup': '0::/a\n',
        'proc/self/mountinfo': '31 23 0:28 / /cg rw - cgroup2 cgroup2 rw\n',
        ...at('cg/a', unlimited),
        ...at('cg/b', { 'memory.max': '10\n', 'memory.current': '4\n', 'memory.stat': '' }),
      });
      assert.equal(groups.shortage(7), undefined);
      rmSync(join(root, 'cg/a'), { recursive: true });
      writeFileSync(join(root, 'proc/self/cgroup'), '0::/b\n');
      assert.equal(groups.shortage(7)?.available, 6);
    });

    it('nowhere on a kernel without them', () => {
      assert.equal(machine({}).shortage(2 ** 50), undefined);
    });
  });
});
