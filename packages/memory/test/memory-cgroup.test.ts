import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';

import { itUnless } from './support/conditional.js';
import { cgroupRefusal, makeCgroup } from './support/cgroup.js';
import { Peer } from './support/peer.js';
import { Scratch, SPEC } from './support/scratch.js';

const MIB = 1024 * 1024;

describe('a memory cgroup', () => {
  const scratch = new Scratch();
  const peers: Peer[] = [];

  afterEach(async () => {
    for (const each of peers.splice(0)) await each.kill();
    scratch.clean();
  });

  itUnless(cgroupRefusal(), 'that is too small refuses memory before the kernel kills', async () => {
    const group = makeCgroup(64 * MIB);
    scratch.later(() => group.remove());
    const peer = await Peer.start();
    peers.push(peer);
    group.add(peer.pid);
    const name = scratch.name();
    const size = 512 * MIB;
    const before = readdirSync('/dev/shm').length;
    const wanted = { do: 'create', name, spec: { ...SPEC, size, commit: [{ offset: 0, length: 128 * MIB }] } } as const;
    await assert.rejects(peer.ask(wanted), { code: 'ERR_RINGWAY_NO_SPACE', message: /134217728 bytes.*cgroup/ });
    assert.equal(readdirSync('/dev/shm').length, before);

    await peer.ask({ do: 'create', name, spec: { ...SPEC, size } });
    await peer.ask({ do: 'commit', offset: 4096, length: 8 * MIB });
    await assert.rejects(peer.ask({ do: 'commit', offset: 64 * MIB, length: 128 * MIB }), {
      code: 'ERR_RINGWAY_NO_SPACE',
    });
    await peer.ask({ do: 'close' });
    // Its memory is charged to the group until the object is gone; the group cannot be removed before.
    await peer.ask({ do: 'unlink', name });
  });
});
