import assert from 'node:assert/strict';

import { Segment } from '@ringway/memory';
import type { Doorbells } from '@ringway/sync';

import { BlackboardKeys } from '../../dist/blackboard-keys.js';
import { KIND_BLACKBOARD } from '../../dist/blackboard-layout.js';
import { Board } from '../../dist/board.js';
import { keep } from './process.js';

/** Where those sleep who wait for a key, as a stranger sees it; closed by `cleanUp`. */
export function doorbellsOf(name: string, key: string): Doorbells {
  const board = new Board(keep(Segment.open(name, { kind: KIND_BLACKBOARD })), () => undefined);
  const entry = new BlackboardKeys(board).find(key);
  assert.ok(entry !== undefined);
  return entry.doorbells;
}
