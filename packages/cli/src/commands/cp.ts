import { statSync } from 'node:fs';
import { copyFile } from '@ringway/memory';
import { EXIT_CODE } from '../exit-code.js';
import { Interruption } from '../interruption.js';
import type { Output } from '../output.js';
import { startBar } from '../progress.js';

/** Options of `ringway cp`. */
export interface CpOptions {
  /** Whether an existing target is replaced. */
  readonly clobber: boolean;
  readonly json: boolean;
}

/** Copies a file. Returns the exit code. Errors as of `copyFile`. */
export async function cp(
  output: Output,
  source: string,
  target: string,
  { clobber, json }: CpOptions,
): Promise<number> {
  const interruption = new Interruption();
  // Loaded before the copying begins, which takes no notice of it where there is no terminal.
  const shown = process.stderr.isTTY && !json;
  const bar = shown ? await startBar(statSync(source, { throwIfNoEntry: false })?.size ?? 0) : undefined;
  const begun = performance.now();
  try {
    const { path, size } = await copyFile(source, target, {
      force: clobber,
      signal: interruption.signal,
      onProgress: (done) => bar?.update(done),
    });
    if (json) output.json({ source, target: path, bytes: size, milliseconds: Math.round(performance.now() - begun) });
    return EXIT_CODE.done;
  } catch (error) {
    if (interruption.exitCode === undefined) throw error;
    return interruption.exitCode;
  } finally {
    bar?.stop();
    interruption.end();
  }
}
