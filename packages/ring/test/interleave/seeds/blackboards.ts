import type { Seed } from './seed.js';

const STAMPED_FIRST = `const value = this.#stamp(version);
        this.#words[value + VALUE_LENGTH] = payload.length;
        this.#words[value + VALUE_KIND_WORD] = VALUE_KIND.inline;
        this.#bytes.set(payload, value * 4 + VALUE_BYTE);`;
const PUBLISHES = `if (this.#doorbells.relaxed)
            this.#words[place] = version | 0;
        else
            Atomics.store(this.#words, place, version | 0);`;
const RINGS = `if (this.#doorbells.someoneSleeps())
            this.#doorbells.ringAll();`;

/** Mistakes that somebody who changes the blackboard might make. */
export const blackboardSeeds: readonly Seed[] = [
  {
    name: 'a buffer is stamped after it was written',
    scenario: 'a value is read while it is written',
    patches: [
      {
        module: 'ring/entry-writer',
        find: STAMPED_FIRST,
        replace: STAMPED_FIRST.replace('#stamp', '#buffer') + ' this.#stamp(version);',
      },
    ],
  },
  {
    name: 'a reader does not look at the stamp after it has copied',
    scenario: 'a value is read while it is written',
    patches: [
      { module: 'ring/blackboard-entry', find: 'lowAfter !== low || halvesAfter !== halves', replace: 'false' },
    ],
  },
  {
    name: 'a reader does not compare the stamp with what is published',
    scenario: 'versions go over 2^32',
    patches: [
      {
        module: 'ring/blackboard-entry',
        find: 'if (low !== published || ((again - low) | 0) < 0) {',
        replace: 'if (false) {',
      },
    ],
  },
  {
    name: 'a writer rings before it has published',
    scenario: 'one blocks until a value is written',
    patches: [
      { module: 'ring/entry-writer', find: RINGS, replace: '' },
      { module: 'ring/entry-writer', find: PUBLISHES, replace: `${RINGS} ${PUBLISHES}` },
    ],
  },
  {
    name: 'a write wakes one of those who wait',
    scenario: 'two wait for one value',
    patches: [
      {
        module: 'ring/entry-writer',
        find: 'this.#doorbells.ringAll();',
        replace: 'this.#doorbells.ringOne();',
      },
    ],
  },
  {
    name: 'who goes on with a key begins with the version that is published',
    scenario: 'a writer is killed while it writes, and another one goes on',
    patches: [
      {
        module: 'ring/entry-writer',
        find: 'this.#version = entry.version();',
        replace: 'this.#version = Math.max(0, entry.version() - 1);',
      },
    ],
  },
  {
    name: 'the object of a spilled value is removed before the next version is published',
    scenario: 'a spilled value is replaced by one in place',
    patches: [
      {
        module: 'ring/entry-writer',
        find: PUBLISHES,
        replace: `if (this.#which !== NONE) this.#spilled.remove(this.#version, this.#which); ${PUBLISHES}`,
      },
    ],
  },
  {
    name: 'who goes on with a key leaves what its dead writer had spilled',
    scenario: 'a writer is killed while it replaces a spilled value',
    patches: [
      {
        module: 'ring/blackboard-spill',
        find: 'if (suffix !== keep)',
        replace: 'if (false)',
      },
    ],
  },
  {
    name: 'who wants a key takes it from whoever has it',
    scenario: 'two want the same key',
    patches: [
      {
        module: 'ring/blackboard-entry',
        find: 'if (owner !== NOBODY && !this.#board.slots.isPast(owner))\n            return false;',
        replace: '',
      },
    ],
  },
];
