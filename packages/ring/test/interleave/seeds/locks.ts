import type { Seed } from './seed.js';

/** Mistakes in the primitives of packages/sync: at least two for each. */
export const lockSeeds: readonly Seed[] = [
  {
    name: 'who releases the mutex wakes nobody',
    scenario: 'two want the mutex',
    patches: [
      {
        module: 'sync/mutex',
        find: 'if (Atomics.compareExchange(this.#words, this.#state, me, word) === me)\n            this.#wakeNext();',
        replace: 'if (Atomics.compareExchange(this.#words, this.#state, me, word) === me)\n            return;',
      },
    ],
  },
  {
    name: 'the mutex is taken by a load and a store',
    scenario: 'two want the mutex',
    patches: [
      {
        module: 'sync/mutex',
        find: 'if (Atomics.compareExchange(this.#words, this.#state, holder, me) !== holder)\n            return undefined;',
        replace: 'Atomics.store(this.#words, this.#state, me);',
      },
    ],
  },
  {
    name: 'who gives up the mutex after having been rung passes nothing on',
    scenario: 'who wants the mutex gives up',
    patches: [
      {
        module: 'sync/acquisitions',
        find: 'if (!this.#contended.withdraw() && leaving)\n            this.#contended.passOn();',
        replace: 'this.#contended.withdraw();',
      },
      { module: 'sync/mutex', find: 'this.#heir.resign();\n                this.#passOn();', replace: '' },
    ],
  },
  {
    name: 'the next holder is not told that the one before died',
    scenario: 'who has the mutex is killed',
    patches: [{ module: 'sync/mutex', find: 'taken.abandoned ||= abandoned;', replace: '' }],
  },
  {
    name: 'who takes permits and leaves some wakes nobody',
    scenario: 'permits for two',
    patches: [
      { module: 'sync/semaphore', find: 'if (this.#permits.any())\n            this.#wakeNext();', replace: '' },
    ],
  },
  {
    name: 'permits are taken by a load and a store',
    scenario: 'permits for two',
    patches: [
      {
        module: 'sync/permits',
        find: 'const found = Atomics.compareExchange(this.#words, this.#state, seen, seen - count);\n            if (found === seen)\n                return true;\n            seen = found;',
        replace: 'Atomics.store(this.#words, this.#state, seen - count);\n            return true;',
      },
    ],
  },
  {
    name: 'owned permits are added up before the inner lock is taken',
    scenario: 'two tenants',
    patches: [
      { module: 'sync/owned-permits', find: 'const enough = this.free() >= count;', replace: 'const enough = true;' },
    ],
  },
  {
    name: 'a reader looks for a writer before it raises its flag',
    scenario: 'a reader and a writer',
    patches: [
      {
        module: 'sync/rw-lock',
        find: 'Atomics.store(this.#words, this.#row + ROW_FIRST, 1);\n            if (!this.#mayRead()) {',
        replace:
          'const may = this.#mayRead();\n            Atomics.store(this.#words, this.#row + ROW_FIRST, 1);\n            if (!may) {',
      },
    ],
  },
  {
    name: 'the last reader wakes no writer',
    scenario: 'a reader and a writer',
    patches: [
      {
        module: 'sync/rw-lock',
        find: 'this.#row + ROW_FIRST, 0);\n                this.#wakeWriter();\n            }\n        }',
        replace: 'this.#row + ROW_FIRST, 0);\n            }\n        }',
      },
    ],
  },
  {
    name: 'nobody is told of a writer that died while it wrote',
    scenario: 'a writer is killed',
    patches: [
      {
        module: 'sync/rw-lock',
        find: 'guard.abandoned = Atomics.load(this.#words, this.#inside) !== NOBODY;',
        replace: 'guard.abandoned = false;',
      },
    ],
  },
  {
    name: 'who waits for a condition releases the mutex before it counts itself',
    scenario: 'one waits for a condition',
    patches: [
      {
        module: 'sync/condition',
        find: 'Atomics.add(this.#words, row + ROW_FIRST, 1);\n        guard.mutex.releaseBy(guard);',
        replace: 'guard.mutex.releaseBy(guard);\n        Atomics.add(this.#words, row + ROW_FIRST, 1);',
      },
    ],
  },
  {
    name: 'who gives up waiting for a condition takes its signal along',
    scenario: 'one who waits for a condition gives up when it is signalled',
    patches: [
      {
        module: 'sync/condition',
        find: 'if (this.#leave(ticket))\n                    this.#signal();',
        replace: 'this.#leave(ticket);',
      },
    ],
  },
  {
    name: 'signals that the dead did not use go to nobody',
    scenario: 'one who was signalled dies before it knows',
    patches: [{ module: 'sync/condition', find: 'this.#giveAway(row, owner);', replace: ';' }],
  },
  {
    name: 'arrivals at a barrier are counted by a load and a store',
    scenario: 'two parties',
    patches: [
      {
        module: 'sync/barrier',
        find: 'const found = Atomics.compareExchange(this.#words, this.#state, state, next);\n            if (found === state)\n                return { phase, last };\n            state = found;',
        replace: 'Atomics.store(this.#words, this.#state, next);\n            return { phase, last };',
      },
    ],
  },
  {
    name: 'a death breaks no barrier',
    scenario: 'a party is killed',
    patches: [
      {
        module: 'sync/barrier',
        find: 'this.#break(Atomics.load(this.#words, this.#state) >>> PHASE_BITS);\n        Atomics',
        replace: 'Atomics',
      },
    ],
  },
  {
    name: 'who arrives last at a barrier wakes nobody',
    scenario: 'two parties',
    patches: [
      {
        module: 'sync/barrier',
        find: 'Atomics.compareExchange(this.#words, word, mark, 0);\n        this.record.doorbells.ringAll();',
        replace: 'Atomics.compareExchange(this.#words, word, mark, 0);',
      },
    ],
  },
];
