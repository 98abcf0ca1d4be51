import type { Seed } from './seed.js';

const COPY = `const copy = lane.bytes.slice(start, start + length);
        lane.segment.assertIntact();
        if (!cursor.isIntact()) {
            this.#core.lapped(cursor);
            return undefined;
        }`;

/** Mistakes that the models of topics reject, or that somebody who changes the code might make. */
export const topicSeeds: readonly Seed[] = [
  {
    // topic-drop.pml -DPUBLISH_FIRST
    name: 'a publisher overwrites before it says so',
    scenario: 'a subscriber is lapped',
    patches: [
      {
        module: 'ring/overwriting-room',
        find: `        if (position + wanted > this.#intent)
            this.#intend(position + wanted);`,
        replace: `        if (position > this.#intent)
            this.#intend(position);
        if (position + wanted > this.#intent)
            return (published + wanted) | 0;`,
      },
    ],
  },
  {
    name: 'a subscriber looks at the intent before it copies',
    scenario: 'a subscriber is lapped',
    patches: [
      {
        module: 'ring/topic-reader',
        find: COPY,
        replace: `if (!cursor.isIntact()) {
            this.#core.lapped(cursor);
            return undefined;
        }
        const copy = lane.bytes.slice(start, start + length);
        lane.segment.assertIntact();`,
      },
    ],
  },
  {
    // topic-drop.pml: read twice
    name: 'an anchor is taken, and whether it is intact is not looked at',
    scenario: 'a subscriber is lapped',
    patches: [
      {
        module: 'ring/cursor',
        find: 'if (anchor.position >= this.#position && this.#intent() - anchor.position <= capacity)\n                return this.#skipTo(anchor);',
        replace:
          'return this.#skipTo({ position: anchor.position, number: anchor.number + (published === anchor.position ? 0 : 1) });',
      },
    ],
  },
  {
    // topic-join.pml without -DFIX
    name: 'who joins does not look at the intent before it has read what was there',
    scenario: 'a subscriber joins, with all that is there',
    patches: [
      {
        module: 'ring/cursor',
        find: 'this.#safe = this.lane.longPosition();',
        replace: 'this.#safe = 0;',
      },
    ],
  },
  {
    name: 'who joins does not announce its cursor before it reads on',
    scenario: 'a subscriber joins, and is waited for',
    patches: [
      {
        module: 'ring/cursor',
        find: 'Atomics.store(words, this.#row + CURSOR_POSITION, this.#gate | 0);\n    }',
        replace: '}',
      },
    ],
  },
  {
    name: 'who was evicted does not look',
    scenario: 'a slow subscriber is disconnected',
    patches: [{ module: 'ring/cursor', find: 'return !this.evicted;', replace: 'return true;' }],
  },
  {
    name: 'who takes a lane over does not count what stands there',
    scenario: 'a publisher is killed, and another one goes on',
    patches: [
      {
        module: 'ring/overwriting-room',
        find: 'this.#before = (this.#anchors.walk(newest, this.#published) ?? newest).number;',
        replace: 'this.#before = newest.number;',
      },
    ],
  },
  {
    name: 'a publication wakes one subscriber',
    scenario: 'two subscribers sleep',
    patches: [
      { module: 'ring/lane-writer', find: 'this.#doorbells.ringSleepers();', replace: 'this.#doorbells.ringOne();' },
    ],
  },
  {
    name: 'the object of a spilled message is read when its frame was let go',
    scenario: 'spilled messages come to who is waited for',
    patches: [
      {
        module: 'ring/topic-reader',
        find: 'const message = this.#findSpill(cursor, payload);',
        replace: 'cursor.advance(); cursor.release(); const message = this.#findSpill(cursor, payload);',
      },
    ],
  },
];
