/** An error as `--json` prints it. */
export interface Failure {
  /** As in `docs/errors.md`, or the name of an errno; null for what has none. */
  readonly code: string | null;
  readonly message: string;
}

/** An error as people and programs want to see it. */
export function failure(error: unknown): Failure {
  if (!(error instanceof Error)) return { code: null, message: String(error) };
  return { code: 'code' in error && typeof error.code === 'string' ? error.code : null, message: error.message };
}

/** Prints an error on stderr: the message, and the code unless the message begins with it. A fault of ours also with its stack. */
export function report(error: unknown): void {
  const { code, message } = failure(error);
  if (code === null && error instanceof Error) process.stderr.write(`ringway: ${error.stack ?? message}\n`);
  else if (code === null || message.startsWith(code)) process.stderr.write(`ringway: ${message}\n`);
  else process.stderr.write(`ringway: ${code}: ${message}\n`);
}
