import { DEFAULTS } from 'ringway';
import type { Case } from '../cases.js';
import { NativeProgram } from '../native-program.js';
import { SPINNING_TRIPS_PER_SAMPLE } from '../peers/limits.js';
import type { Role } from '../peer-spec.js';
import type { Command, RunOptions, Setup, System } from '../system.js';
import { INHERITED, InheritedMemory } from './inherited-memory.js';

const program = new NativeProgram('native-ring');

/**
 * The limit: a lane as Ringway's, of the same size, between two processes in C++. Publishes each message, and spins.
 */
export const nativeRing: System = {
  name: 'native-ring',
  takes: (asked: Case) =>
    asked.scenario === 'throughput' ? asked.params.publish === 'each' : asked.params.idle === 'spin',
  async ready(signal: AbortSignal): Promise<void> {
    await program.build(signal);
  },
  prepare(asked: Case, { spoil }: RunOptions): Setup {
    const memory = new InheritedMemory();
    const command = (role: Role): Command => ({
      file: program.path,
      args: [
        ...[role, asked.scenario],
        ...[INHERITED, asked.params.bytes, DEFAULTS.laneBytes, DEFAULTS.prefetch].map(String),
        ...[spoil, SPINNING_TRIPS_PER_SAMPLE].map(String),
      ],
      descriptors: [memory.descriptor],
    });
    return {
      sender: command('sender'),
      receiver: command('receiver'),
      joined: () => undefined,
      dispose: () => {
        memory.dispose();
      },
    };
  },
};
