import type { Command } from 'commander';
import type { Output } from './output.js';

/** Where the objects are; given to every command that looks for segments. */
const DIR_OPTION = ['--dir <directory>', 'where the segments are (default: RINGWAY_DIR, else /dev/shm)'] as const;

/**
 * Adds the commands. Each one's code is loaded when it is called: `--help` reads none of it.
 *
 * @param ended - is told the exit code
 */
export function addCommands(program: Command, output: Output, ended: (code: number) => void): void {
  program
    .command('cp')
    .description('copy a file by mapping it; the target appears whole or not at all')
    .argument('<source>', 'a regular file')
    .argument('<target>', 'a file, which is replaced, or a directory to copy into')
    .option('-n, --no-clobber', 'do not replace an existing target: that is an error')
    .option('--json', 'print one line of JSON instead of a progress bar', false)
    .action(async (source: string, target: string, options: { clobber: boolean; json: boolean }) => {
      const { cp } = await import('./commands/cp.js');
      ended(await cp(output, source, target, options));
    });
  program
    .command('ls')
    .description('list the segments: kind, size, who takes part, owner, mode, age')
    .option(...DIR_OPTION)
    .option('--json', 'print one line of JSON', false)
    .action(async (options: { dir?: string; json: boolean }) => {
      const { ls } = await import('./commands/ls.js');
      ended(ls(output, options));
    });
  program
    .command('rm')
    .description('remove segments by name; who has one open goes on')
    .argument('<names...>', 'names as ls shows them')
    .option(...DIR_OPTION)
    .option('-f, --force', 'a name that does not exist is no error', false)
    .option('--json', 'print one line of JSON', false)
    .action(async (names: string[], options: { dir?: string; force: boolean; json: boolean }) => {
      const { rm } = await import('./commands/rm.js');
      ended(rm(output, names, options));
    });
}
