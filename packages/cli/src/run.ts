import { Command, CommanderError } from 'commander';
import { addCommands } from './commands.js';
import { EXIT_CODE } from './exit-code.js';
import { report } from './failure.js';
import { Output, PipeClosed } from './output.js';
import { version } from './version.js';

/**
 * Runs one command line, and prints on stdout and stderr. Never throws.
 *
 * @param args - what stands behind the program's name
 * @returns the exit code: 0 done, 1 something could not be done, 2 the command line was wrong
 */
export async function run(args: readonly string[]): Promise<number> {
  const output = new Output(process.stdout);
  // Where nobody reads the errors either, the exit code has to tell.
  process.stderr.on('error', () => undefined);
  let code: number = EXIT_CODE.done;
  const program = new Command('ringway')
    .description('Looks after the shared memory of Ringway, and copies files by mapping them')
    .version(version())
    .exitOverride()
    .showHelpAfterError();
  addCommands(program, output, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: 'user' });
    await output.finish();
    return code;
  } catch (error) {
    // Whoever read it has enough: `ringway ls | head -1`.
    if (error instanceof PipeClosed) return code;
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODE.done : EXIT_CODE.usage;
    report(error);
    return EXIT_CODE.failed;
  }
}
