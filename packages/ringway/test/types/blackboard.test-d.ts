// Checked by every build; never run.
import {
  Blackboard,
  bytes,
  json,
  text,
  type BlackboardStats,
  type BlackboardWriter,
  type StandardSchema,
  type Versioned,
} from 'ringway';
import { same } from './same.js';

interface Limits {
  readonly rate: number;
}

declare const schema: StandardSchema<Limits>;

// The codec or the schema gives a blackboard its type; without either it is what the user says, and else unknown.
same<Blackboard<string>>()(Blackboard.open('a', { codec: text() }));
same<Blackboard<Limits>>()(Blackboard.open('a', { codec: json<Limits>() }));
same<Blackboard<Limits>>()(Blackboard.open('a', { schema }));
same<Blackboard<Uint8Array>>()(Blackboard.local({ codec: bytes() }));
same<Blackboard>()(Blackboard.open('a'));
same<Blackboard<Limits>>()(Blackboard.open<Limits>('a'));

declare const board: Blackboard<Limits>;
const writer = board.writer('key');
same<BlackboardWriter<Limits>>()(writer);
same<number>()(writer.write({ rate: 1 }));
same<number>()(writer.delete());
// @ts-expect-error -- a string is no limit
writer.write('fast');
same<Versioned<Limits> | undefined>()(board.read('key'));
same<Limits | undefined>()(board.get('key'));
same<number>()(board.version('key'));
same<AsyncIterableIterator<Versioned<Limits | undefined>>>()(board.watch('key', { from: 3 }));
same<Versioned<Limits | undefined>>()(board.waitSync('key', 3, { timeout: 5 }));
same<BlackboardStats>()(board.stats());
// @ts-expect-error -- a blocked thread sees no signal
board.waitSync('key', 3, { signal: AbortSignal.timeout(5) });
