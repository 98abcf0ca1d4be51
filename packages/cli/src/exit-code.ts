/** How a command ends, for the shell. `docs/cli.md` says the same. */
export const EXIT_CODE = {
  done: 0,
  /** Something could not be done; stderr says what. */
  failed: 1,
  /** The command line was wrong; nothing was done. */
  usage: 2,
  /** What a shell adds to the number of the signal that ended a program. */
  signal: 128,
} as const;
