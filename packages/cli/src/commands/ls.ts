import { Segment, SegmentObserver, type SegmentInfo } from '@ringway/memory';
import type { SlotCensus } from '@ringway/sync';
import { EXIT_CODE } from '../exit-code.js';
import { failure, report } from '../failure.js';
import { kindOf, wordOf } from '../kinds.js';
import type { Output } from '../output.js';
import { table } from '../table.js';
import { formatAge, formatBytes, formatMode, formatTime } from '../units.js';
import { userName } from '../users.js';

/** Options of `ringway ls`. */
export interface LsOptions {
  readonly dir?: string;
  readonly json: boolean;
}

/** A segment as `--json` shows it. */
interface Listed {
  readonly name: string;
  readonly path: string;
  /** The word for the kind, and its number. */
  readonly kind: string;
  readonly kindNumber: number;
  /** Bytes. */
  readonly size: number;
  /** Bytes of memory that it takes now. */
  readonly allocated: number;
  /** Null where nobody can take part, or it cannot be seen. */
  readonly slots: SlotCensus | null;
  readonly owner: string;
  readonly uid: number;
  /** As `chmod` takes it, four digits. */
  readonly mode: string;
  /** When it was made, as ISO 8601; null where its header says something impossible. */
  readonly created: string | null;
  readonly currentBoot: boolean;
  readonly codec: string;
  readonly creationId: string;
}

const HEADINGS = ['NAME', 'KIND', 'SIZE', 'ALLOCATED', 'ALIVE', 'DEAD', 'OWNER', 'MODE', 'AGE'] as const;
/** Figures stand on the right. */
const RIGHT: readonly string[] = ['SIZE', 'ALLOCATED', 'ALIVE', 'DEAD', 'AGE'];
/** What cannot be told. */
const UNKNOWN = '-';

/** Lists segments. Returns the exit code: failed where a segment could not be looked at. */
export function ls(output: Output, { dir, json }: LsOptions): number {
  const place = dir === undefined ? {} : { dir };
  let code: number = EXIT_CODE.done;
  const listed: Listed[] = [];
  for (const info of Segment.list(place)) {
    let slots: SlotCensus | null = null;
    try {
      slots = count(info, place);
    } catch (error) {
      // Gone since it was listed.
      if (failure(error).code === 'ERR_RINGWAY_NOT_FOUND') continue;
      report(error);
      code = EXIT_CODE.failed;
    }
    listed.push(describe(info, slots));
  }
  if (json) output.json(listed);
  else print(output, listed);
  return code;
}

/** Who takes part; null where this is not known of the kind, or means nothing since everybody died with an earlier boot. */
function count(info: SegmentInfo, place: { readonly dir?: string }): SlotCensus | null {
  const kind = kindOf(info.kind);
  if (kind === undefined || !info.currentBoot) return null;
  const segment = SegmentObserver.open(info.name, place);
  try {
    return segment.header.kind === info.kind ? kind.count(segment) : null;
  } finally {
    segment.close();
  }
}

function describe(info: SegmentInfo, slots: SlotCensus | null): Listed {
  return {
    name: info.name,
    path: info.path,
    kind: wordOf(info.kind),
    kindNumber: info.kind,
    size: info.size,
    allocated: info.allocated,
    slots,
    owner: userName(info.uid),
    uid: info.uid,
    mode: formatMode(info.mode),
    created: formatTime(info.createdTime),
    currentBoot: info.currentBoot,
    codec: info.codecName,
    creationId: info.creationId,
  };
}

function age(now: number, created: string | null, currentBoot: boolean): string {
  if (created === null) return UNKNOWN;
  return currentBoot ? formatAge(now - Date.parse(created)) : 'other boot';
}

function print(output: Output, listed: readonly Listed[]): void {
  if (listed.length === 0) return;
  const now = Date.now();
  const rows = listed.map(({ name, kind, size, allocated, slots, owner, mode, created, currentBoot }) => [
    name,
    kind,
    formatBytes(size),
    formatBytes(allocated),
    String(slots?.alive ?? UNKNOWN),
    String(slots?.dead ?? UNKNOWN),
    owner,
    mode,
    age(now, created, currentBoot),
  ]);
  for (const line of table(HEADINGS, rows, RIGHT)) output.line(line);
}
