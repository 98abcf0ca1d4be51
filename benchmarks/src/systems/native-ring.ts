import { closeSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULTS } from 'ringway';
import type { Case } from '../cases.js';
import { nativeProgram } from '../native-program.js';
import { SPINNING_TRIPS_PER_SAMPLE } from '../peers/limits.js';
import type { RunOptions, Setup, System } from '../system.js';
import { runName } from './names.js';

const SHARED_MEMORY = '/dev/shm';
/** The first that a child gets besides the standard ones. */
const INHERITED = 3;

/**
 * The limit: a lane as Ringway's, of the same size, between two processes in C++. Publishes each message, and spins.
 */
export const nativeRing: System = {
  name: 'native-ring',
  takes: (asked: Case) =>
    asked.scenario === 'throughput' ? asked.params.publish === 'each' : asked.params.idle === 'spin',
  ready: (signal: AbortSignal) => nativeProgram.build(signal),
  prepare(asked: Case, { spoil }: RunOptions): Setup {
    const path = join(SHARED_MEMORY, runName());
    const descriptor = openSync(path, 'wx+', 0o600);
    // Both processes inherit the descriptor: from here nothing can be left behind.
    unlinkSync(path);
    const command = (role: 'sender' | 'receiver'): Setup['sender'] => ({
      file: nativeProgram.path,
      args: [
        ...[role, asked.scenario],
        ...[INHERITED, asked.params.bytes, DEFAULTS.laneBytes, DEFAULTS.prefetch].map(String),
        ...[spoil, SPINNING_TRIPS_PER_SAMPLE].map(String),
      ],
      descriptors: [descriptor],
    });
    return {
      sender: command('sender'),
      receiver: command('receiver'),
      joined: () => undefined,
      dispose: () => {
        closeSync(descriptor);
      },
    };
  },
};
