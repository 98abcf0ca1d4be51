import type { Seed } from './seed.js';

const LEASE = 'if (!this.#lease(me))\n            return LEASED;';
const STORE_NEXT =
  'if (STRONG_ORDER)\n            words[header + LANE_NEXT] = end;\n        else\n            Atomics.store(words, header + LANE_NEXT, end);';
const PARK = `waiting.announce();
            let result;
            try {
                if (waiting.thorough === false ? waiting.look() : this.#lookAgain())
                    return true;`;

/**
 * Mistakes that earlier versions made, that models reject (the `.pml` files of `docs/decisions` and those that DESIGN names), or that somebody who changes the
 * code might make.
 */
export const queueSeeds: readonly Seed[] = [
  {
    // queue-cas-broken.pml
    name: 'a claim is announced, then next is moved by compare-and-swap, without a lease',
    scenario: 'a second one joins',
    patches: [
      { module: 'ring/claim', find: LEASE, replace: '' },
      {
        module: 'ring/claim',
        find: STORE_NEXT,
        replace:
          'if (Atomics.compareExchange(words, header + LANE_NEXT, next, end) !== next) { Atomics.store(words, this.#row + ROW_FROM, IDLE); return NOTHING; }',
      },
    ],
  },
  {
    // queue-alone-broken.pml
    name: 'the lease is skipped while there is one consumer',
    scenario: 'a second one joins',
    patches: [
      {
        module: 'ring/claim',
        find: LEASE,
        replace: 'if (Atomics.load(words, 1024) !== 1 && !this.#lease(me))\n            return LEASED;',
      },
    ],
  },
  {
    // queue-lease.pml -DWRONGORDER
    name: 'the floor is read from the rows first, and from next after',
    scenario: 'room',
    patches: [
      {
        module: 'ring/claim-rows',
        find: `        let held = (position - next) | 0;
        if (held < 0 || held > lane.capacity || (next & 7) !== 0)
            return CONTRADICTION;`,
        replace: '        let held = 0;',
      },
      {
        module: 'ring/claim-rows',
        find: 'const next = Atomics.load(this.#words, lane.base + LANE_NEXT);\n',
        replace: '\n',
      },
      {
        module: 'ring/claim-rows',
        find: '                held = behind;\n        }\n        return held;',
        replace:
          '                held = behind;\n        }\n        return Math.max(held, (position - Atomics.load(this.#words, lane.base + LANE_NEXT)) | 0);',
      },
    ],
  },
  {
    // slot-reuse.pml
    name: 'a row that is used up keeps its position, and is not reset',
    scenario: 'a consumer is killed',
    patches: [
      {
        module: 'ring/claim',
        find: 'else\n            Atomics.store(this.#words, this.#row + ROW_FROM, done ? IDLE : moved);',
        replace: 'else\n            Atomics.store(this.#words, this.#row + ROW_FROM, moved);',
      },
    ],
  },
  {
    name: 'a message is handed out before the row says so',
    scenario: 'a consumer is killed',
    patches: [{ module: 'ring/message-reader', find: 'claim.hand(number);', replace: '' }],
  },
  {
    name: 'a message that is sent back is acknowledged before its copy is published',
    scenario: 'a message is sent back',
    patches: [
      {
        module: 'ring/intake',
        find: 'if (!this.#context.returns.copy(',
        replace: 'this.#context.acknowledge(claim, number);\n            if (!this.#context.returns.copy(',
      },
    ],
  },
  {
    name: 'a rejected message is acknowledged before it is among the dead letters',
    scenario: 'a message is rejected',
    patches: [
      {
        module: 'ring/intake',
        find: 'gone = returns.bury({',
        replace: 'acknowledge(claim, number); gone = returns.bury({',
      },
    ],
  },
  {
    name: 'a copy does not say how often its message was handed out',
    scenario: 'a message is sent back',
    patches: [
      {
        module: 'ring/returns',
        find: 'attempts: Math.min(attempts, MOST_ATTEMPTS), origin',
        replace: 'attempts: undefined, origin',
      },
    ],
  },
  {
    // park.pml -DLOOK_FIRST
    name: 'a parker looks first, and announces itself after',
    scenario: 'publish and park',
    patches: [
      {
        module: 'sync/idle',
        find: PARK,
        replace: `let result;
            try {
                if (this.#lookAgain())
                    return true;
                waiting.announce();`,
      },
    ],
  },
  {
    // park.pml -DSLEEP_LATE
    name: 'a parker notes its doorbell after the last look',
    scenario: 'publish and park',
    patches: [
      {
        module: 'sync/idle',
        find: 'this.#segment.waitSync(this.#words, waiting.doorbell, noted,',
        replace: 'this.#segment.waitSync(this.#words, waiting.doorbell, Atomics.load(this.#words, waiting.doorbell),',
      },
    ],
  },
  {
    // park-leased.pml
    name: 'who releases a lease and leaves frames rings nobody',
    scenario: 'two park',
    patches: [
      {
        module: 'ring/claim',
        find: 'this.#passOn(end);\n        return taken;',
        replace: 'return taken;',
      },
      { module: 'ring/claim', find: 'this.#passOn(next);\n', replace: '\n' },
    ],
  },
  {
    // park-leave.pml
    name: 'who stops after having been rung passes nothing on',
    scenario: 'one gives up',
    patches: [
      {
        module: 'ring/receiver',
        find: 'if (!doorbells.withdraw(slot) && leaving && this.#source.oneOfMany)\n                    doorbells.ringOne();',
        replace: 'doorbells.withdraw(slot);',
      },
      {
        module: 'ring/consumer-core',
        find: 'else\n                doorbells.ringOne();',
        replace: '',
      },
    ],
  },
  {
    name: 'a doorbell is moved only before the announcement is taken away',
    scenario: 'room',
    patches: [
      {
        module: 'sync/doorbell',
        find: 'this.ring(slot);\n                    return true;',
        replace:
          'this.#segment.wake(this.#words, this.#slots.doorbell(slot), EVERYBODY);\n                    return true;',
      },
    ],
  },
  {
    name: 'a doorbell is moved only after the announcement was taken away',
    scenario: 'a leaver is killed while it rings',
    patches: [{ module: 'sync/doorbell', find: 'if (known)\n                    this.move(slot);', replace: '' }],
  },
  {
    name: 'who leaves with work for others is looked for only before the announcement',
    scenario: 'handover',
    patches: [
      {
        module: 'sync/idle',
        find: 'this.#roster.refresh();\n        this.#waiting.lookForDead();\n        return this.#waiting.look();',
        replace: 'return this.#waiting.look();',
      },
    ],
  },
  {
    name: 'who joins does not look whether the name is still there',
    scenario: 'the last one out takes the name away',
    patches: [{ module: 'sync/joining', find: 'if (!segment.isLinked()) {', replace: 'if (false) {' }],
  },
  {
    // unlink-gate.pml
    name: 'who unlinks looks for participants outside of the gate',
    scenario: 'the last one out takes the name away',
    patches: [
      {
        module: 'ring/ephemeral',
        find: 'return segment.unlink(() => isDeserted(segment, slotCount));',
        replace: 'return isDeserted(segment, slotCount) && segment.unlink();',
      },
    ],
  },
  {
    name: 'who joins does not hold the gate',
    scenario: 'the last one out takes the name away',
    patches: [
      {
        module: 'sync/joining',
        find: 'return segment.withGate(() => {',
        replace: 'return ((body) => body())(() => {',
      },
    ],
  },
  {
    name: 'a frame is published before its payload is written',
    scenario: 'publish and park',
    patches: [
      {
        module: 'ring/lane-writer',
        find: 'this.#bytes.set(payload, start + FRAME_HEADER_BYTES + extra);\n        this.#position = end;',
        replace:
          'this.#position = end;\n        Atomics.store(this.#words, this.#base + LANE_POSITION, end);\n        this.#bytes.set(payload, start + FRAME_HEADER_BYTES + extra);',
      },
    ],
  },
  {
    name: 'recovery frees the lease before it has finished the claim',
    scenario: 'a half-made claim is found',
    patches: [
      {
        module: 'ring/claim',
        find: `            Atomics.store(words, header + LANE_NEXT, to);
        Atomics.compareExchange(words, header + LANE_LEASE, owner, LEASE_FREE);`,
        replace: `            { Atomics.compareExchange(words, header + LANE_LEASE, owner, LEASE_FREE); Atomics.store(words, header + LANE_NEXT, to); }
        else Atomics.compareExchange(words, header + LANE_LEASE, owner, LEASE_FREE);`,
      },
    ],
  },
  {
    name: 'recovery frees the lease of the dead without finishing the claim',
    scenario: 'a half-made claim is found',
    patches: [
      {
        module: 'ring/claim',
        find: '            Atomics.store(words, header + LANE_NEXT, to);\n',
        replace: '            ;\n',
      },
    ],
  },
  {
    name: 'next and the position that were read together before the lease are compared modulo 2^32',
    scenario: 'a look that is 2^32 bytes old',
    patches: [
      {
        module: 'ring/claim',
        find: 'const position = STRONG_ORDER ? words[header + LANE_POSITION] : Atomics.load(words, header + LANE_POSITION);\n        const extending',
        replace:
          'const position = next === seen ? published : Atomics.load(words, header + LANE_POSITION);\n        const extending',
      },
    ],
  },
  {
    name: 'the generation is raised after the slot was let go',
    scenario: 'one place for two',
    patches: [
      {
        module: 'sync/slots',
        find: `this.raise(slot);
        Atomics.store(this.#words, this.#base + slot * SLOT_WORDS + SLOT_STATE_WORD, SLOT_STATE.free);
        this.#segment.unlock(slot);`,
        replace: `Atomics.store(this.#words, this.#base + slot * SLOT_WORDS + SLOT_STATE_WORD, SLOT_STATE.free);
        this.#segment.unlock(slot);
        this.raise(slot);`,
      },
    ],
  },
  {
    name: 'a lane is freed before its memory is given back',
    scenario: 'an empty lane for two',
    patches: [
      {
        module: 'ring/lane',
        find: 'this.#context.segment.punch(this.#offset, this.capacity);\n',
        replace:
          'this.setState(LANE_STATE.free); this.disown(me); this.#context.segment.punch(this.#offset, this.capacity);\n',
      },
    ],
  },
  {
    name: 'a sleeper executes no barrier for those who publish without one',
    scenario: 'publish and park',
    relaxed: true,
    patches: [
      {
        module: 'sync/idle',
        find: 'if (this.#waiting.thorough !== false)\n            this.#segment.fence();',
        replace: '',
      },
    ],
  },
  {
    name: 'who acknowledges last executes no barrier before it looks at what others have',
    scenario: 'two acknowledge the last messages',
    relaxed: true,
    patches: [{ module: 'ring/channel', find: 'Atomics.add(this.#words, this.drainDoorbell, 0);', replace: '' }],
  },
];
