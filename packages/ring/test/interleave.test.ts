import assert from 'node:assert/strict';

import { explorerFor, search } from './interleave/job.js';
import { scenarios } from './interleave/scenarios/index.js';
import { Search } from './interleave/search.js';
import { seeds } from './interleave/seeds/index.js';
import { formatPlan, parsePlan, tellTrace } from './interleave/trace.js';
import { instrument, type Site } from './steps/instrument.js';
import { makeTree } from './steps/tree.js';

const HALF_A_MINUTE = 30_000;

/** `npm run interleave` plays all schedules; these are the few that show that it works. */
describe('the interleaving checker', function () {
  this.timeout(2 * HALF_A_MINUTE);

  for (const { name } of scenarios.filter((scenario) => ['publish and park', 'event loops'].includes(scenario.name))) {
    for (const strict of [true, false]) {
      it(`finds nothing wrong with one departure in "${name}" (${strict ? 'atomic' : 'relaxed'} accesses)`, async () => {
        const result = await search({ scenario: name, strict, seed: undefined, budget: 1 });
        assert.equal(result.violation, undefined, result.trace);
        assert.ok(result.schedules > 10, `${result.schedules} schedules`);
      });
    }
  }

  for (const wanted of [
    'a frame is published before its payload is written',
    'a parker looks first, and announces itself after',
    'a sleeper executes no barrier for those who publish without one',
    'recovery frees the lease before it has finished the claim',
  ]) {
    it(`finds a seeded bug: ${wanted}`, async () => {
      const seed = seeds.find(({ name }) => name === wanted);
      assert.ok(seed !== undefined);
      const { scenario, relaxed } = seed;
      const result = await search({ scenario, strict: relaxed !== true, seed: wanted, budget: 2 });
      assert.ok(result.violation !== undefined, `${result.schedules} schedules, and none showed it`);
    });
  }

  it('plays a schedule again to the same end, and tells each step of it', async () => {
    const seed = 'a parker looks first, and announces itself after';
    const scenario = 'publish and park';
    const found = await search({ scenario, strict: true, seed, budget: 2 });
    assert.ok(found.violation !== undefined);
    const plan = parsePlan(formatPlan(found.violation.plan));
    assert.deepEqual(plan, found.violation.plan);
    const explorer = await explorerFor({ scenario, strict: true, seed });
    try {
      for (let time = 0; time < 3; time++) assert.equal(explorer.run(plan).wrong, found.violation.wrong);
      assert.equal(tellTrace(explorer, plan), found.trace);
      assert.match(found.trace ?? '', /consumer goes on[^]*Atomics\.store\(.*LANE_POSITION.*ring\/lane-writer\.js/);
    } finally {
      await explorer.close();
    }
  });

  it('makes each schedule once', async () => {
    const explorer = await explorerFor({ scenario: 'two claim', strict: true, seed: undefined });
    try {
      const made: string[] = [];
      const run = explorer.run.bind(explorer);
      explorer.run = (plan, telling) => {
        made.push(formatPlan(plan));
        return run(plan, telling);
      };
      const { schedules } = new Search(explorer, { actions: 2, deaths: 0, delays: false }).run();
      assert.ok(schedules > 50, `${schedules} schedules`);
      // The last round, which is the one that counts.
      assert.equal(new Set(made.slice(-schedules)).size, schedules);
    } finally {
      await explorer.close();
    }
  });

  it('plans are written and read', () => {
    assert.equal(formatPlan([]), '-');
    assert.deepEqual(parsePlan('-'), []);
    assert.equal(formatPlan(parsePlan('3p1,17d0,40k2')), '3p1,17d0,40k2');
    assert.throws(() => parsePlan('3x1'), RangeError);
  });

  it('every seeded bug fits the code as it is now', () => {
    for (const { patches } of seeds) makeTree(patches).remove();
  });

  it('a change that does not fit the code is refused', () => {
    assert.throws(() => makeTree([{ module: 'ring/claim', find: 'no such line', replace: '' }]), /exactly one place/);
    assert.throws(() => makeTree([{ module: 'ring/nothing', find: '', replace: '' }]), /no module/);
  });
});

describe('instrumented code', () => {
  function instrumented(source: string): { code: string; sites: Site[] } {
    const sites: Site[] = [];
    return { code: instrument(source, 'ring/x', sites).trim(), sites };
  }

  it('makes a call of every access to shared memory', () => {
    const cases = [
      ['Atomics.store(this.#words, at, 1);', '__ringwaySteps.store(0, this.#words, at, 1);'],
      ['const a = words[i + 1];', 'const a = __ringwaySteps.get(0, words, i + 1);'],
      ['this.#frames[i] = f(words[j]);', '__ringwaySteps.put(1, this.#frames, i, f(__ringwaySteps.get(0, words, j)));'],
      ['this.#floats[i] += 2;', '__ringwaySteps.put(1, this.#floats, i, __ringwaySteps.get(0, this.#floats, i) + 2);'],
      ['floats[i]--;', '__ringwaySteps.put(1, floats, i, __ringwaySteps.get(0, floats, i) - 1);'],
      ['lane.bytes.set(payload, at);', '__ringwaySteps.touch(0, lane.bytes, at), lane.bytes.set(payload, at);'],
    ];
    for (const [source, expected] of cases) {
      assert.equal(
        instrumented(`class X { #words; #frames; #floats; m() { ${source} } }`).code.includes(expected),
        true,
        source,
      );
    }
  });

  it('says where each access stands', () => {
    const { sites } = instrumented('const a = 1;\nAtomics.load(words,\n  3);');
    assert.deepEqual(sites, [{ file: 'ring/x', line: 2, text: 'Atomics.load(words, 3)' }]);
  });

  it('refuses what it cannot take apart, instead of leaving it out', () => {
    assert.throws(() => instrumented('Atomics.sub(words, 0, 1);'), /not modelled/);
    assert.throws(() => instrumented('const a = words[0]++;'), /is used/);
  });

  it('leaves everything else alone', () => {
    const source = 'const held = [1];\nheld[0] = held[1];\nconst { length } = text.slice(2);';
    assert.equal(instrumented(source).code, source);
  });
});
