import { NativeProgram } from '../native-program.js';
import { SETTLE_MICROSECONDS } from '../peers/limits.js';
import type { Role } from '../peer-spec.js';
import type { SyncCase } from '../sync-cases.js';
import type { SyncSetup, SyncSystem } from '../sync-system.js';
import type { RunOptions } from '../system.js';
import { INHERITED, InheritedMemory } from './inherited-memory.js';

/** Runs a native program, which takes all else from its arguments. */
function setupOf(program: NativeProgram, args: (role: Role) => readonly string[]): SyncSetup {
  const memory = new InheritedMemory();
  return {
    command: (role) => ({ file: program.path, args: args(role), descriptors: [memory.descriptor] }),
    joined: () => undefined,
    dispose: () => {
      memory.dispose();
    },
  };
}

const boostProgram = new NativeProgram('boost-sync', {
  name: 'boost',
  header: 'boost/interprocess/sync/interprocess_mutex.hpp',
  packages: {
    'Debian, Ubuntu': 'apt-get install libboost-dev',
    Fedora: 'dnf install boost-devel',
    Alpine: 'apk add boost-dev',
  },
});

/** What C++ programs use: interprocess_mutex and interprocess_semaphore of Boost.Interprocess. */
export const boost: SyncSystem = {
  name: 'boost',
  takes: ({ what }: SyncCase) => what !== 'handover',
  ready: (signal: AbortSignal) => boostProgram.build(signal),
  prepare: ({ what, primitive }: SyncCase, { spoil }: RunOptions) =>
    setupOf(boostProgram, (role) => [role, what, primitive, String(INHERITED), String(spoil)]),
};

const futexProgram = new NativeProgram('futex-handover');

/** The limit: a word, and the two system calls without which nobody sleeps or wakes. */
export const futex: SyncSystem = {
  name: 'futex',
  takes: ({ what }: SyncCase) => what === 'handover',
  ready: (signal: AbortSignal) => futexProgram.build(signal),
  prepare: () => setupOf(futexProgram, (role) => [role, String(INHERITED), String(SETTLE_MICROSECONDS)]),
};
