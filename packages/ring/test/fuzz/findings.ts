import { ERROR_CODES } from '@ringway/memory';
import { DecodeError } from '@ringway/ring';

/** What was found wrong with one segment. */
export interface Finding {
  readonly kind: 'crash' | 'hang' | 'leak';
  readonly segment: number;
  /** What was done, and what came of it. */
  readonly what: string;
}

const CODES: ReadonlySet<string> = new Set(ERROR_CODES);
/** How long an aborted wait may take to end, in milliseconds, on a machine that is busy with other things. */
const ABORTED_WITHIN_MS = 5000;
const PATIENCE_TURNS = 50;

/**
 * Whether this is what a caller may be given for what a stranger wrote: a code of the closed union, one of the
 * operating system, or an abort. Whatever is wrapped must be such an error, too, but for what the codec itself threw.
 */
export function isTyped(error: unknown, codecThrows: boolean): boolean {
  if (!(error instanceof Error)) return false;
  const { code, errno } = error as NodeJS.ErrnoException;
  if (code === 'ABORT_ERR' || (typeof code === 'string' && typeof errno === 'number')) return true;
  if (code === undefined || !CODES.has(code)) return false;
  if (error.cause === undefined) return true;
  if (error instanceof DecodeError && codecThrows) return true;
  // Wrapped by a parser, which says so.
  return code === 'ERR_RINGWAY_FORMAT' || isTyped(error.cause, codecThrows);
}

/** Judges what each call of a segment's users comes to. */
export class Oracle {
  readonly segment: number;
  readonly findings: Finding[] = [];
  readonly #codecThrows: boolean;
  readonly #traced: boolean;
  readonly #patienceMs: number;

  /**
   * @param codecThrows - whether the codec may refuse what it is given
   * @param traced - whether to print each step, at once: the process may not live to tell later
   * @param patienceMs - how long an aborted wait may take
   */
  constructor(segment: number, codecThrows: boolean, traced: boolean, patienceMs = ABORTED_WITHIN_MS) {
    this.#patienceMs = patienceMs;
    this.segment = segment;
    this.#codecThrows = codecThrows;
    this.#traced = traced;
  }

  /** A step, for who replays a segment. */
  note(step: string): void {
    if (this.#traced) console.log(step);
  }

  /** A call that may be refused, with a typed error. */
  attempt<T>(what: string, call: () => T): T | undefined {
    this.note(what);
    try {
      return call();
    } catch (error) {
      this.#judge(what, error);
      return undefined;
    }
  }

  /** A call that must never throw. */
  must(what: string, call: () => void): void {
    this.note(what);
    try {
      call();
    } catch (error) {
      this.crash(`${what} threw ${describe(error)}`);
    }
  }

  /** A wait that has been aborted, or will be at once: it must end. */
  async settle<T>(what: string, start: () => Promise<T>): Promise<T | undefined> {
    this.note(what);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      // In many turns of the event loop: a process that had no processor for long has not hung.
      let left = PATIENCE_TURNS;
      timer = setInterval(() => {
        if (--left === 0) resolve('late');
      }, this.#patienceMs / PATIENCE_TURNS);
    });
    try {
      const outcome = await Promise.race([start().then((value) => ({ value })), late]);
      if (outcome !== 'late') return outcome.value;
      this.#add('hang', `${what} has not ended ${this.#patienceMs} ms after its abort`);
    } catch (error) {
      this.#judge(what, error);
    } finally {
      clearInterval(timer);
    }
    return undefined;
  }

  /** What must hold whatever a stranger writes. */
  check(holds: boolean, what: string): void {
    if (!holds) this.crash(what);
  }

  crash(what: string): void {
    this.#add('crash', what);
  }

  leak(what: string): void {
    this.#add('leak', what);
  }

  #judge(what: string, error: unknown): void {
    if (isTyped(error, this.#codecThrows))
      this.note(`  ${(error as NodeJS.ErrnoException).code ?? ''}: ${String(error)}`);
    else this.crash(`${what} threw ${describe(error)}`);
  }

  #add(kind: Finding['kind'], what: string): void {
    this.note(`  ${kind}: ${what}`);
    this.findings.push({ kind, segment: this.segment, what });
  }
}

/** An error with its stack and those of its causes. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\n  caused by ${describe(error.cause)}`;
  return (error.stack ?? String(error)) + cause;
}
