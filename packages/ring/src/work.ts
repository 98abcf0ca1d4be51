import { Pending, type WaitOptions } from '@ringway/sync';

/** What the handlers and loops of one consumer have in hand: `stop` waits until that is done. */
export class Work {
  readonly #inHand = new Set<object>();
  readonly #waits = new Set<Pending<void>>();

  /** Whether nothing is in hand. */
  get done(): boolean {
    return this.#inHand.size === 0;
  }

  /** Something is in hand from here, until {@link Work.end} is called with the same token. */
  begin(token: object): void {
    this.#inHand.add(token);
  }

  /** It is done. Idempotent. */
  end(token: object): void {
    if (this.#inHand.delete(token)) this.#tell();
  }

  /** Something is in hand until the promise is settled. */
  track(run: Promise<unknown>): void {
    this.begin(run);
    const done = (): void => {
      this.end(run);
    };
    run.then(done, done);
  }

  /** Resolves when nothing is in hand. */
  finished(options: WaitOptions | undefined): Promise<void> {
    const pending = new Pending<void>(options, 'the handlers did not finish', () => this.#waits.delete(pending));
    this.#waits.add(pending);
    this.#tell();
    return pending.promise;
  }

  /** The consumer was closed: what is in hand is nobody's to wait for. */
  abandon(): void {
    this.#inHand.clear();
    this.#tell();
  }

  #tell(): void {
    if (this.#waits.size === 0 || !this.done) return;
    for (const pending of this.#waits) pending.resolve();
    this.#waits.clear();
  }
}
