import { setImmediate as nextTurn } from 'node:timers/promises';
import { FILLING_BYTES, messageOf, seen, type Seen } from './message.js';
import { failureOf, type Answers, type Ended, type Fared, type Orders } from './orders.js';
import type { Handle, Received, Receiver, Sender } from './pattern.js';
import { scribble } from './stranger.js';

/** Turns of the event loop after which what could be done at once has been done. */
const TURNS = 20;
/** Why what was begun is aborted. */
export const ABORT_REASON = 'given up';
/** What the codes of the library's errors begin with. */
const TYPED = 'ERR_RINGWAY_';

/** A call that was begun, and that nobody awaits yet. */
interface Wait {
  readonly controller: AbortController;
  readonly ended: Promise<Ended>;
  open: boolean;
}

type Performers = { readonly [K in keyof Orders]: (order: Orders[K]) => Answers[K] | Promise<Answers[K]> };

function take(received: Received, settle: boolean): Seen {
  if (settle) received.settle();
  return seen(received.bytes, received.redelivered);
}

/** The next message of a stream that nobody has ended. */
async function next(receiver: Receiver, settle: boolean): Promise<Seen> {
  const received = await receiver.receive();
  if (received === undefined) throw new Error('the stream ended, and nobody had ended it');
  return take(received, settle);
}

/** Somebody who takes part, and does what it is told: in this thread, in a worker or in a process. */
export class Actor {
  readonly #open: (name: string) => Handle;
  readonly #senders = new Map<string, Sender>();
  readonly #receivers = new Map<string, Receiver>();
  readonly #waits = new Map<string, Wait>();
  #handle: Handle | undefined;

  /** @param open - how it opens what it is told to open */
  constructor(open: (name: string) => Handle) {
    this.#open = open;
  }

  /** Does what it is told. Rejects where that fails, and the order was not about failing. */
  async perform<K extends keyof Orders>(what: K, order: Orders[K]): Promise<Answers[K]> {
    return await this.#performers[what](order);
  }

  readonly #performers: Performers = {
    open: ({ name }) => {
      this.#senders.clear();
      this.#receivers.clear();
      this.#waits.clear();
      this.#handle = this.#open(name);
      return undefined;
    },
    close: () => {
      this.#handle?.close();
      this.#handle = undefined;
      return undefined;
    },
    sender: ({ who, idle }) => this.#join(this.#senders, who, (handle) => handle.sender(idle)),
    receiver: ({ who, idle }) => this.#join(this.#receivers, who, (handle) => handle.receiver(idle)),
    leave: ({ who }) => {
      (this.#senders.get(who) ?? this.#receiver(who)).close();
      return undefined;
    },
    send: async ({ who, first, count }) => {
      const sender = this.#sender(who);
      for (let number = first; number < first + count; number++) await sender.send(messageOf(number));
      return undefined;
    },
    fill: ({ who, first, most }) => {
      const sender = this.#sender(who);
      let sent = 0;
      while (sent < most && sender.trySend(messageOf(first + sent, FILLING_BYTES))) sent++;
      return sent;
    },
    flood: ({ who }) => {
      const sender = this.#sender(who);
      void (async () => {
        for (let number = 0; ; number++) await sender.send(messageOf(number));
      })();
      return undefined;
    },
    receive: async ({ who, count, settle }) => {
      const receiver = this.#receiver(who);
      const all: Seen[] = [];
      while (all.length < count) all.push(await next(receiver, settle));
      return all;
    },
    'receive until': async ({ who, lasts }) => {
      const receiver = this.#receiver(who);
      const awaited = new Set(lasts);
      const all: Seen[] = [];
      while (awaited.size > 0) {
        const seen = await next(receiver, true);
        awaited.delete(seen.number);
        all.push(seen);
      }
      return all;
    },
    take: ({ who }) => {
      const receiver = this.#receiver(who);
      const all: Seen[] = [];
      for (let received = receiver.tryReceive(); received !== undefined; received = receiver.tryReceive()) {
        all.push(take(received, true));
      }
      return all;
    },
    begin: ({ who, what, number = 0, aborted = false }) => {
      const controller = new AbortController();
      if (aborted) controller.abort(new Error(ABORT_REASON));
      const { signal } = controller;
      const call: Promise<Ended> =
        what === 'send'
          ? this.#sender(who)
              .send(messageOf(number, FILLING_BYTES), { signal })
              .then(() => ({}))
          : this.#receiver(who)
              .receive({ signal })
              .then((received) => (received === undefined ? {} : { seen: take(received, true) }));
      const ended = call.catch((error: unknown) => ({ failure: failureOf(error) }));
      const wait: Wait = { controller, ended, open: true };
      void ended.then(() => (wait.open = false));
      this.#waits.set(who, wait);
      return undefined;
    },
    abort: ({ who }) => {
      this.#wait(who).controller.abort(new Error(ABORT_REASON));
      return undefined;
    },
    waits: async ({ who }) => {
      for (let turn = 0; turn < TURNS; turn++) await nextTurn();
      return this.#wait(who).open;
    },
    ended: ({ who }) => this.#wait(who).ended,
    attempt: ({ who }) => {
      try {
        const sender = this.#senders.get(who);
        if (sender === undefined) this.#receiver(who).tryReceive();
        else sender.trySend(messageOf(0));
      } catch (error) {
        return failureOf(error);
      }
      return undefined;
    },
    use: ({ sender, receiver, rounds }) => this.#use(this.#sender(sender), this.#receiver(receiver), rounds),
    scribble: ({ name, seed, writes }) => scribble(name, seed, writes),
  };

  #join<P>(all: Map<string, P>, who: string, join: (handle: Handle) => P): undefined {
    if (this.#handle === undefined) throw new Error(`${who} cannot join: nothing is open`);
    all.set(who, join(this.#handle));
    return undefined;
  }

  async #use(sender: Sender, receiver: Receiver, rounds: number): Promise<Fared> {
    let succeeded = 0;
    let refused = 0;
    const faults: string[] = [];
    const attempt = (call: () => boolean): void => {
      try {
        if (call()) succeeded++;
      } catch (error) {
        if (failureOf(error).code.startsWith(TYPED)) refused++;
        else faults.push(error instanceof Error ? String(error.stack) : String(error));
      }
    };
    for (let round = 0; round < rounds; round++) {
      attempt(() => sender.trySend(messageOf(round)));
      attempt(() => {
        const received = receiver.tryReceive();
        received?.settle();
        return received !== undefined;
      });
      await nextTurn();
    }
    return { succeeded, refused, faults };
  }

  #sender(who: string): Sender {
    return found(this.#senders, who, 'sender');
  }

  #receiver(who: string): Receiver {
    return found(this.#receivers, who, 'receiver');
  }

  #wait(who: string): Wait {
    return found(this.#waits, who, 'wait');
  }
}

function found<V>(all: ReadonlyMap<string, V>, who: string, what: string): V {
  const value = all.get(who);
  if (value === undefined) throw new Error(`there is no ${what} ${who}`);
  return value;
}
