import { RingwayError } from '@ringway/memory';

/** The handles of this thread, by what they lead to: a thread that blocks while another handle of its own has the lock would wait for itself. */
export class ThreadHolders<T> {
  readonly #handles = new Map<string, Set<T>>();

  add(identity: string, handle: T): void {
    const known = this.#handles.get(identity);
    if (known === undefined) this.#handles.set(identity, new Set([handle]));
    else known.add(handle);
  }

  delete(identity: string, handle: T): void {
    const known = this.#handles.get(identity);
    known?.delete(handle);
    if (known?.size === 0) this.#handles.delete(identity);
  }

  some(identity: string, holds: (handle: T) => boolean): boolean {
    for (const handle of this.#handles.get(identity) ?? []) if (holds(handle)) return true;
    return false;
  }
}

/** For a thread that would wait for itself. */
export function deadlockError(what: string): RingwayError {
  return new RingwayError(
    'ERR_RINGWAY_DEADLOCK',
    `this thread has the ${what} already, and cannot release it while it is blocked: use acquire(), or release it first`,
  );
}
