import { RingwayError } from '@ringway/memory';
import { checkWait, type IdleStrategy } from '@ringway/sync';
import { Blackboard } from '../blackboard.js';
import type { BlackboardWriter } from '../blackboard-writer.js';
import { bytes } from '../codec.js';
import type { Handle, Pattern, Received, Receiver, Sender } from './pattern.js';

/** What everybody writes and watches. */
const KEY = 'key';
/** The longest of the values do not fit in place. */
const GEOMETRY = { maxKeys: 4, valueBytes: 120, maxParticipants: 16 };

type Board = Blackboard<Uint8Array>;

function received(value: Uint8Array): Received {
  return { bytes: value, redelivered: false, settle: () => undefined };
}

function senderOf(writer: BlackboardWriter<Uint8Array>): Sender {
  return {
    send: (message, options) => {
      try {
        checkWait(options);
        writer.write(message);
        return Promise.resolve();
      } catch (error) {
        return Promise.reject(error);
      }
    },
    trySend: (message) => {
      writer.write(message);
      return true;
    },
    close: () => {
      writer.close();
    },
  };
}

/** Receives the newest value that it has not seen. */
class Watcher implements Receiver {
  readonly #board: Board;
  readonly #watches = new Set<ReturnType<Board['watch']>>();
  #seen = 0;
  #closed = false;

  constructor(board: Board) {
    this.#board = board;
  }

  async receive(options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Received | undefined> {
    this.#check();
    const watch = this.#board.watch(KEY, { from: this.#seen, ...options });
    this.#watches.add(watch);
    try {
      const next = await watch.next();
      // It was left, and by nobody but `close`.
      if (next.done === true) throw closedError();
      const { value, version } = next.value;
      this.#seen = version;
      return value && received(value);
    } finally {
      this.#watches.delete(watch);
      await watch.return?.();
    }
  }

  tryReceive(): Received | undefined {
    this.#check();
    if (this.#board.version(KEY) <= this.#seen) return undefined;
    const found = this.#board.read(KEY);
    if (found === undefined) return undefined;
    this.#seen = found.version;
    return received(found.value);
  }

  close(): void {
    this.#closed = true;
    for (const watch of this.#watches) void watch.return?.();
  }

  #check(): void {
    if (this.#closed) throw closedError();
  }
}

/** A watch that is left ends; the suite wants the error of a receiver that was closed. */
function closedError(): RingwayError {
  return new RingwayError('ERR_RINGWAY_CLOSED', 'this watcher was closed');
}

/** How a handle waits is an option of the handle: it has one for each way. */
class BoardHandle implements Handle {
  readonly #open: (idle: IdleStrategy) => Board;
  readonly #boards = new Map<IdleStrategy, Board>();
  #closed = false;

  constructor(open: (idle: IdleStrategy) => Board) {
    this.#open = open;
  }

  sender(idle: IdleStrategy): Sender {
    return senderOf(this.#board(idle).writer(KEY));
  }

  receiver(idle: IdleStrategy): Receiver {
    return new Watcher(this.#board(idle));
  }

  close(): void {
    this.#closed = true;
    for (const board of this.#boards.values()) board.close();
  }

  #board(idle: IdleStrategy): Board {
    if (this.#closed) throw new RingwayError('ERR_RINGWAY_CLOSED', 'this handle was closed');
    const known = this.#boards.get(idle);
    if (known !== undefined) return known;
    const board = this.#open(idle);
    this.#boards.set(idle, board);
    return board;
  }
}

/** On the heap there is one, and it waits as the first who joins wants to. */
function localBoard(): Handle {
  let board: Board | undefined;
  return new BoardHandle((idle) => (board ??= Blackboard.local({ codec: bytes(), ...GEOMETRY, idle })));
}

/** A key of a `Blackboard`, as the suite wants it. */
export const pattern: Pattern = {
  name: 'blackboard',
  module: import.meta.url,
  promises: {
    keeps: 'latest',
    reaches: 'all',
    backPressure: false,
    manySenders: false,
    lateJoin: 'latest',
    atDeath: 'gone',
  },
  open: (name) => new BoardHandle((idle) => Blackboard.open(name, { codec: bytes(), ...GEOMETRY, idle })),
  local: localBoard,
  unlink: (name) => {
    Blackboard.unlink(name);
  },
};
