import assert from 'node:assert/strict';

import { cgroupRefusal, makeCgroup } from '../support/cgroup.js';
import { itUnless } from '../support/conditional.js';
import { Scratch } from '../support/scratch.js';
import { runChild } from './support/child.js';

const MIB = 1024 * 1024;
const KIB_OF_A_GIB = 1024 * 1024;

describe('posix: mmap that brings in more memory than there is', () => {
  const scratch = new Scratch();

  afterEach(() => scratch.clean());

  itUnless(cgroupRefusal(), 'is ENOMEM, and not death, under the limit of a memory cgroup', () => {
    const group = makeCgroup(192 * MIB);
    scratch.later(() => group.remove());
    const outcome = runChild(
      `
      fs.writeFileSync(argv[0], String(process.pid));
      const { MAP_ANONYMOUS, MAP_LOCKED, MAP_PRIVATE, MAP_SHARED, MAP_POPULATE, PROT_READ, PROT_WRITE } = posix;
      const map = (bytes, flags, prot = PROT_READ | PROT_WRITE) => posix.mmap(null, bytes, prot, flags | MAP_ANONYMOUS, -1, 0);
      const MIB = ${MIB};
      const reserved = map(512 * MIB, MAP_PRIVATE);
      say([
        codeOf(() => anonymous(512 * MIB, { populate: true })),
        codeOf(() => anonymous(512 * MIB, { locked: true })),
        codeOf(() => map(512 * MIB, MAP_SHARED | MAP_POPULATE)),
        codeOf(() => posix.mmap(reserved, 512 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | posix.MAP_FIXED | MAP_POPULATE, -1, 0)),
        codeOf(() => map(512 * MIB, MAP_PRIVATE | MAP_POPULATE, PROT_READ).close()),
        codeOf(() => anonymous(16 * MIB, { populate: true }).close()),
      ]);`,
      { argv: [group.procs] },
    );
    assert.equal(outcome.status, 0, `${String(outcome.signal)} ${outcome.stderr}`);
    assert.deepEqual(outcome.said, ['ENOMEM', 'ENOMEM', 'ENOMEM', 'ENOMEM', 'none', 'none']);
  });

  it('is ENOMEM, with both numbers, where the machine has not so much', () => {
    // The limit of addresses is there should the call go through.
    const outcome = runChild(
      `
      const { MAP_ANONYMOUS, MAP_NORESERVE, MAP_POPULATE, MAP_PRIVATE, PROT_READ, PROT_WRITE } = posix;
      try {
        posix.mmap(null, 2 ** 45, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_POPULATE, -1, 0);
      } catch (error) {
        say([error.code, error.syscall, error.message]);
      }`,
      { limits: { v: 1024 * KIB_OF_A_GIB } },
    );
    assert.equal(outcome.status, 0, outcome.stderr);
    const [code, syscall, message] = outcome.said as [string, string, string];
    assert.deepEqual([code, syscall], ['ENOMEM', 'mmap']);
    assert.match(message, /33554432 MiB .* needed, .* MiB .* available/);
  });
});
