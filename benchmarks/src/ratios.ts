import { BLACKBOARD, type BlackboardWhat } from './blackboard-cases.js';
import { COPY, COPY_BYTES, COPY_WHERES, type CopyWhere } from './copy-cases.js';
import type { MultiScenario, Through } from './multi-cases.js';
import type { Row } from './row.js';
import { median } from './statistics.js';
import { SYNC, type SyncPrimitive, type SyncWhat } from './sync-cases.js';

/** One figure that Ringway must reach: `value` may be below `most`, or must be `least`. */
export interface Ratio {
  readonly name: string;
  readonly required: { readonly least: number } | { readonly most: number };
  readonly measured: number;
  /** Unit of both; empty for a ratio. */
  readonly unit: string;
  readonly met: boolean;
}

interface Requirement {
  readonly name: string;
  readonly required: Ratio['required'];
  readonly unit?: string;
  /** The figure, from the rows; undefined if one that it needs is missing. */
  readonly measure: (rows: Rows) => number | undefined;
}

type Params = Readonly<Record<string, string | number>>;

/** Rows by what was measured. */
class Rows {
  readonly #rows: readonly Row[];

  constructor(rows: readonly Row[]) {
    this.#rows = rows;
  }

  find(scenario: string, system: string, params: Params): Row | undefined {
    const wanted = Object.entries(params);
    return this.#rows.find(
      (row) =>
        row.scenario === scenario &&
        row.system === system &&
        wanted.every(([name, value]) => row.params[name] === value),
    );
  }

  throughput(system: string, bytes: number, publish: string): Row | undefined {
    return this.find('throughput', system, { bytes, publish });
  }

  roundTrip(system: string, idle: string): Row | undefined {
    return this.find('rtt', system, { idle });
  }

  footprint(what: string): number | undefined {
    return this.find('footprint', 'ringway', { what })?.median;
  }

  sync(system: string, what: SyncWhat, primitive: SyncPrimitive): Row | undefined {
    return this.find(SYNC, system, { what, primitive });
  }

  multi(scenario: MultiScenario, producers: number, consumers: number): Row | undefined {
    return this.find(scenario, 'ringway', { producers, consumers });
  }

  topic(through: Through, consumers: number): Row | undefined {
    return this.find('topic', 'ringway', { through, consumers });
  }

  blackboard(what: BlackboardWhat): Row | undefined {
    return this.find(BLACKBOARD, 'ringway', { what });
  }

  copy(system: string, where: CopyWhere, bytes: number): Row | undefined {
    return this.find(COPY, system, { where, bytes });
  }
}

/**
 * The median of what each round says: one of the two ran right after the other there. Where virtual CPUs move from one
 * core to another, or others come and go, rounds differ by more than the two do within a round.
 */
function ratio(one: Row | undefined, other: Row | undefined): number | undefined {
  if (one === undefined || other === undefined) return undefined;
  return median(one.values.map((value, round) => value / other.values[round]));
}

const REQUIREMENTS: readonly Requirement[] = [
  {
    name: '64 B, publish each, against native-ring',
    required: { least: 0.8 },
    measure: (rows) => ratio(rows.throughput('ringway', 64, 'each'), rows.throughput('native-ring', 64, 'each')),
  },
  {
    name: '64 B, publish in batches, against native-ring publishing each',
    required: { least: 1.5 },
    measure: (rows) => ratio(rows.throughput('ringway', 64, 'batch'), rows.throughput('native-ring', 64, 'each')),
  },
  {
    name: '64 KiB, bytes per second against native-ring',
    required: { least: 0.9 },
    measure: (rows) => ratio(rows.throughput('ringway', 65536, 'each'), rows.throughput('native-ring', 65536, 'each')),
  },
  {
    name: 'round trip p50 spinning against native-ring',
    required: { most: 1.5 },
    measure: (rows) => ratio(rows.roundTrip('ringway', 'spin'), rows.roundTrip('native-ring', 'spin')),
  },
  {
    name: 'round trip p50 adaptive on two event loops',
    required: { most: 5 },
    unit: 'us',
    measure: (rows) => rows.roundTrip('ringway', 'adaptive')?.median,
  },
  {
    name: 'round trip p50 adaptive against unix-socket',
    required: { most: 1 / 30 },
    measure: (rows) => ratio(rows.roundTrip('ringway', 'adaptive'), rows.roundTrip('unix-socket', 'adaptive')),
  },
  {
    name: '64 B, publish each, against unix-socket',
    required: { least: 5 },
    measure: (rows) => ratio(rows.throughput('ringway', 64, 'each'), rows.throughput('unix-socket', 64, 'each')),
  },
  {
    name: '64 B, publish in batches, against unix-socket',
    required: { least: 10 },
    measure: (rows) => ratio(rows.throughput('ringway', 64, 'batch'), rows.throughput('unix-socket', 64, 'batch')),
  },
  {
    name: 'shared memory of a queue with one producer',
    required: { most: 1.5 * 1024 * 1024 },
    unit: 'B',
    measure: (rows) => rows.footprint('shared memory'),
  },
  {
    name: 'an idle parked consumer, of one core',
    required: { most: 0.2 },
    unit: '%',
    measure: (rows) => rows.footprint('idle cpu'),
  },
  {
    name: 'native threads of 127 parked consumers',
    required: { most: 1 },
    unit: 'threads',
    measure: (rows) => rows.footprint('threads for 127'),
  },
  ...[
    { what: 'create', name: 'opening a new queue' },
    { what: 'open', name: 'opening one that exists' },
    { what: 'producer', name: 'becoming a producer' },
  ].map(({ what, name }): Requirement => ({
    name,
    required: { most: 1000 },
    unit: 'us',
    measure: (rows) => rows.footprint(what),
  })),
  {
    name: 'topic: one to one against queue',
    required: { least: 0.9 },
    measure: (rows) => ratio(rows.topic('block', 1), rows.topic('queue', 1)),
  },
  {
    // Its own rate: those that it waits for have as many CPUs as the machine has besides its own.
    name: "topic: the publisher's rate with 4 subscribers against 1",
    required: { least: 0.7 },
    measure: (rows) => ratio(rows.topic('drop', 4), rows.topic('drop', 1)),
  },
  {
    // What a message costs is the inverse of how many go through the one consumer in a second, from all producers together.
    name: 'fan-in: cost of a message, 16 producers against 1',
    required: { most: 1.5 },
    measure: (rows) => ratio(rows.multi('fan-in', 1, 1), rows.multi('fan-in', 16, 1)),
  },
  {
    name: 'work-sharing: rate of 4 consumers together against 1',
    required: { least: 0.7 },
    measure: (rows) => ratio(rows.multi('work-sharing', 1, 4), rows.multi('work-sharing', 1, 1)),
  },
  {
    name: 'blackboard: reading 64 B that nobody writes',
    required: { most: 300 },
    unit: 'ns',
    measure: (rows) => rows.blackboard('read')?.median,
  },
  ...(['mutex', 'semaphore'] as const).map((primitive): Requirement => ({
    name: `acquire and release of a ${primitive} that nobody else wants`,
    required: { most: 150 },
    unit: 'ns',
    measure: (rows) => rows.sync('ringway', 'uncontended', primitive)?.median,
  })),
  ...(['mutex', 'semaphore'] as const).map((primitive): Requirement => ({
    name: `a ${primitive} that two processes want, against boost`,
    required: { least: 0.5 },
    measure: (rows) => ratio(rows.sync('ringway', 'contended', primitive), rows.sync('boost', 'contended', primitive)),
  })),
  {
    name: 'handing a mutex to a parked process against a bare futex',
    required: { most: 1.3 },
    measure: (rows) => ratio(rows.sync('ringway', 'handover', 'mutex'), rows.sync('futex', 'handover', 'mutex')),
  },
  ...COPY_WHERES.map((where): Requirement => ({
    name: `time of ringway cp of 1 GiB on ${where} against cp`,
    required: { most: 1.5 },
    measure: (rows) => ratio(rows.copy('ringway', where, COPY_BYTES), rows.copy('cp', where, COPY_BYTES)),
  })),
];

function isMet(required: Ratio['required'], measured: number): boolean {
  return 'least' in required ? measured >= required.least : measured <= required.most;
}

/** What must be reached and can be computed from these rows. */
export function ratiosOf(rows: readonly Row[]): Ratio[] {
  const all = new Rows(rows);
  return REQUIREMENTS.flatMap(({ name, required, unit = '', measure }) => {
    const measured = measure(all);
    return measured === undefined ? [] : [{ name, required, measured, unit, met: isMet(required, measured) }];
  });
}
