import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `lost`: something is missing that should be there. `doubled`: somebody has what only another may have, or something
 * came twice or from nowhere.
 */
export type Kind = 'lost' | 'doubled' | 'stalled';

export interface Finding {
  readonly kind: Kind;
  readonly text: string;
}

/** What was seen to be wrong, by whichever process. Each is one appending write, so it survives who wrote it. */
export class Findings {
  readonly #path: string;

  constructor(folder: string) {
    this.#path = join(folder, 'findings');
  }

  add(kind: Kind, text: string): void {
    appendFileSync(this.#path, `${JSON.stringify({ kind, text })}\n`);
  }

  all(): Finding[] {
    if (!existsSync(this.#path)) return [];
    return readFileSync(this.#path, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Finding);
  }
}
