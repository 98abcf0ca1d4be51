import type { Delivery } from '../../../dist/delivery.js';
import type { QueueProgram, QueueScenario } from '../queue-model.js';
import type { World } from '../world.js';
import { acknowledge, end, filler, reader, sendAll, senderOfOne, sleeper, takeWhatIsThere, taker } from './programs.js';

/** Has sent these, and has one message in hand; acknowledges it, and leaves when it is told that everything is. */
function holderOfOne(name: string, numbers: readonly number[], bit: number): QueueProgram {
  let inHand: Delivery<Uint8Array> | undefined;
  return {
    name,
    prepare: (world) => {
      world.consumer({ prefetch: 1 });
      sendAll(world, numbers);
      inHand = world.tryReceive();
    },
    body: (world) => {
      acknowledge(world, inHand);
      world.awaitSignal(bit);
      world.leave();
    },
  };
}

/** Several consumers on one lane: leases, claims, acknowledgements, the floor, handing over, the end. */
export const claims: readonly QueueScenario[] = [
  {
    name: 'two claim',
    budget: 3,
    programs: [
      {
        ...taker('first', 3, 2),
        prepare: (world) => {
          world.consumer({ prefetch: 2 });
          sendAll(world, [1, 2, 3]);
        },
      },
      taker('second', 3, 2),
    ],
  },
  {
    name: 'two claim while room is made',
    budget: 3,
    programs: [filler([1, 2, 3], [4, 5]), taker('first', 3, 1), taker('second', 3, 2)],
  },
  {
    name: 'a claim is extended',
    budget: 3,
    programs: [
      filler([1, 2], [3, 4, 5]),
      {
        name: 'consumer',
        prepare: (world) => {
          world.consumer({ prefetch: 1 });
        },
        body: (world) => {
          const first = world.tryReceive();
          const second = world.tryReceive();
          const third = world.tryReceive();
          // Out of order: the floor stays at the first.
          if (second !== undefined) world.ack(second);
          if (first !== undefined) world.ack(first);
          if (third !== undefined) world.ack(third);
          takeWhatIsThere(world, 2);
          world.leave();
        },
      },
    ],
  },
  {
    name: 'two park',
    budget: 3,
    programs: [
      {
        name: 'producer',
        prepare: (world) => {
          world.producer();
        },
        body: (world) => {
          world.send(1);
          world.send(2);
          world.awaitSignal(0);
          world.awaitSignal(1);
          world.leave();
        },
      },
      ...[0, 1].map((bit) => ({
        name: bit === 0 ? 'first' : 'second',
        prepare: (world: World): void => {
          world.consumer({ prefetch: 1 });
        },
        body: (world: World): void => {
          const delivery = world.receive();
          world.signal(bit);
          // Busy with it until the other one has one, too.
          world.awaitSignal(1 - bit);
          if (delivery !== undefined) world.ack(delivery);
          world.leave();
        },
      })),
    ],
  },
  {
    name: 'handover',
    budget: 3,
    programs: [
      {
        name: 'leaver',
        prepare: (world) => {
          world.consumer();
          sendAll(world, [1, 2, 3]);
          end(world);
        },
        body: (world) => {
          acknowledge(world, world.tryReceive());
          world.tryReceive();
          world.leave();
        },
      },
      reader('heir'),
    ],
  },
  {
    name: 'end',
    budget: 3,
    programs: [
      {
        name: 'producer',
        prepare: (world) => {
          world.producer();
        },
        body: (world) => {
          world.send(1);
          end(world);
        },
      },
      reader('first'),
      reader('second'),
    ],
  },
  {
    name: 'two acknowledge the last messages',
    budget: 3,
    programs: [
      {
        name: 'waiter',
        body: async (world) => {
          await world.drained();
          world.signal(0);
          world.signal(1);
        },
      },
      holderOfOne('first', [1, 2], 0),
      holderOfOne('second', [], 1),
    ],
  },
  {
    name: 'the drain is awaited',
    budget: 3,
    programs: [
      {
        name: 'consumer',
        prepare: (world) => {
          world.consumer({ prefetch: 1 });
          sendAll(world, [1, 2]);
        },
        body: (world) => {
          takeWhatIsThere(world, 2);
          world.awaitSignal();
          world.leave();
        },
      },
      {
        name: 'waiter',
        body: async (world) => {
          await world.drained();
          world.signal();
        },
      },
    ],
  },
  {
    name: 'a second one joins',
    budget: 3,
    programs: [
      filler([1, 2, 3], [4]),
      taker('first', 3, 1),
      {
        name: 'second',
        body: (world) => {
          world.consumer({ prefetch: 1 });
          takeWhatIsThere(world, 2);
          world.leave();
        },
      },
    ],
  },
  {
    name: 'one gives up',
    budget: 3,
    programs: [
      {
        name: 'gives up',
        prepare: (world) => {
          world.consumer();
        },
        body: async (world) => {
          const controller = new AbortController();
          const waiting = world.consumer().receive({ signal: controller.signal });
          controller.abort();
          try {
            const delivery = await waiting;
            if (delivery !== undefined) world.got(delivery);
            // It was there at once.
            world.signal();
          } catch (error) {
            if ((error as NodeJS.ErrnoException).code !== 'ABORT_ERR') throw error;
          }
          world.awaitSignal();
          world.leave();
        },
      },
      senderOfOne('producer'),
      sleeper('stays'),
    ],
  },
];
