import { BLACKBOARD, BLACKBOARD_CASES } from './blackboard-cases.js';
import { CASE_GROUPS } from './cases.js';
import { COPY, COPY_SYSTEMS, COPY_WHERES } from './copy-cases.js';
import { FOOTPRINT } from './footprint.js';
import { MULTI_GROUPS } from './multi-cases.js';
import { SYNC, SYNC_CASES } from './sync-cases.js';
import { SYSTEMS } from './systems/index.js';
import { SYNC_SYSTEMS } from './systems/sync.js';

type Params = Readonly<Record<string, string | number>>;

const CASES = [...CASE_GROUPS.flat(), ...MULTI_GROUPS.flat()];
const PARAMETERS = new Set([
  ...CASES.flatMap(({ params }) => pairs(params)),
  ...BLACKBOARD_CASES.flatMap((asked) => pairs({ ...asked })),
  ...SYNC_CASES.flatMap((asked) => pairs({ ...asked })),
  ...COPY_WHERES.flatMap((where) => pairs({ where })),
]);
const SCENARIOS = new Set<string>([
  ...CASE_GROUPS.flat().map(({ scenario }) => scenario),
  FOOTPRINT,
  ...MULTI_GROUPS.flat().map(({ scenario }) => scenario),
  BLACKBOARD,
  SYNC,
  COPY,
]);
const NAMES = new Set<string>([...[...SYSTEMS, ...SYNC_SYSTEMS].map(({ name }) => name), ...COPY_SYSTEMS]);

function pairs(params: Params): string[] {
  return Object.entries(params).map(([name, value]) => `${name}=${value}`);
}

/** What `--only` asks for. Of each kind (scenarios, systems, every parameter by itself) nothing named means all. */
export class Selection {
  readonly #scenarios = new Set<string>();
  readonly #systems = new Set<string>();
  readonly #parameters = new Map<string, Set<string>>();

  /** Throws for a name that there is not. */
  constructor(names: readonly string[]) {
    for (const name of names) {
      const [parameter] = name.split('=');
      if (SCENARIOS.has(name)) this.#scenarios.add(name);
      else if (NAMES.has(name)) this.#systems.add(name);
      else if (PARAMETERS.has(name)) {
        this.#parameters.set(parameter, (this.#parameters.get(parameter) ?? new Set()).add(name));
      } else {
        const known = [...SCENARIOS, ...NAMES, ...PARAMETERS].join(', ');
        throw new RangeError(`--only knows no ${JSON.stringify(name)}; there are ${known}`);
      }
    }
  }

  /** Whether a system's case is wanted. A parameter that a case does not have leaves it out. */
  wants(system: string, scenario: string, params: Params): boolean {
    const has = new Set(pairs(params));
    return (
      (this.#scenarios.size === 0 || this.#scenarios.has(scenario)) &&
      (this.#systems.size === 0 || this.#systems.has(system)) &&
      [...this.#parameters.values()].every((wanted) => [...wanted].some((pair) => has.has(pair)))
    );
  }
}
