import type { Judge, Post } from './crew.js';

/**
 * Carries out a plan of kills: the first consumer that asks dies, the others go on. When it is dead, and not before,
 * the producer that asks dies, too: the order is the same each time, however small the file.
 */
export class Executioner implements Judge {
  readonly #consumerDied: Promise<void>;
  #consumers: number;
  #consumerIsDead!: () => void;

  /** @param killsConsumer - whether a consumer is to die; otherwise the producer does not wait for that */
  constructor(killsConsumer: boolean) {
    this.#consumers = killsConsumer ? 1 : 0;
    this.#consumerDied = new Promise((resolve) => {
      this.#consumerIsDead = resolve;
    });
    if (!killsConsumer) this.#consumerIsDead();
  }

  async mayGoOn(role: Post['role']): Promise<boolean> {
    if (role === 'producer') {
      await this.#consumerDied;
      return false;
    }
    if (this.#consumers === 0) return true;
    this.#consumers--;
    return false;
  }

  died(role: Post['role']): void {
    if (role === 'consumer') this.#consumerIsDead();
  }
}
