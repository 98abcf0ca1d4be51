import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Command, type Option } from 'commander';

import { addCommands } from '../dist/commands.js';
import { EXIT_CODE } from '../dist/exit-code.js';
import { Output } from '../dist/output.js';

describe('docs/cli.md', () => {
  const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
  const program = new Command();
  addCommands(program, new Output(process.stdout), () => undefined);

  /** The part of the page under the heading of a command. */
  function section(name: string): string {
    const found = page.split(/^## /m).find((text) => text.startsWith(`${name}\n`));
    assert.ok(found !== undefined, `a heading ${name}`);
    return found;
  }

  it('has each command, and no other', () => {
    const told = [...page.matchAll(/^## (.+)$/gm)].map(([, name]) => name);
    assert.deepEqual(
      told,
      program.commands.map((command) => command.name()),
    );
  });

  it('has each option of each command, and no other', () => {
    for (const command of program.commands) {
      const told = [...section(command.name()).matchAll(/^\| (?:`-\w`, )?`(--[a-z-]+)[^|]*\|/gm)].map(
        ([, name]) => name,
      );
      const known = command.options.map(({ long }: Option) => long);
      assert.deepEqual(told.sort(), known.sort(), command.name());
    }
  });

  it('has the exit codes', () => {
    const told = [...page.matchAll(/^\| (\d+)(?: \+ n)? \|/gm)].map(([, code]) => Number(code));
    assert.deepEqual(
      told,
      Object.values(EXIT_CODE).sort((a, b) => a - b),
    );
  });
});
