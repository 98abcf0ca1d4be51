import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

import { posix } from '@ringway/memory';

import { itUnless } from '../support/conditional.js';

const compiler = process.env.CXX ?? 'g++';
const missing =
  spawnSync(compiler, ['--version']).error === undefined ? undefined : `there is no C++ compiler ${compiler}`;

/** What the headers of this machine say of the names that they know. */
function fromHeaders(names: readonly string[]): Record<string, number> {
  const source = [
    '#include <fcntl.h>',
    '#include <sys/mman.h>',
    '#include <linux/memfd.h>',
    '#include <linux/mman.h>',
    ...names.flatMap((name) => [`#ifdef ${name}`, `ringway "${name}" = (${name})`, '#endif']),
  ].join('\n');
  // The preprocessor alone: macros of headers are expressions of integers.
  const { stdout, stderr, status } = spawnSync(compiler, ['-E', '-P', '-D_GNU_SOURCE', '-x', 'c', '-'], {
    input: source,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  const found = [...stdout.matchAll(/ringway "(\w+)" = (\([^"]*?\))(?=\s*(?:ringway|$))/g)];
  return Object.fromEntries(found.map(([, name, expression]) => [name, evaluate(expression)]));
}

/** Evaluates an expression of C that has only numbers, parentheses and shifts. */
function evaluate(expression: string): number {
  const text = expression.replaceAll(/\s+/g, '').replaceAll(/(?<=[\da-fA-F])[UL]+/g, '');
  const parts = text.replaceAll(/[()]/g, '').split('<<');
  const numbers = parts.map((digits) => (/^0[0-7]+$/.test(digits) ? parseInt(digits, 8) : Number(digits)));
  return numbers.reduce((left, right) => left << right);
}

describe('posix: the constants', () => {
  const constants = Object.fromEntries(
    Object.entries(posix).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );

  itUnless(missing, 'are those of the headers of C', () => {
    const names = Object.keys(constants);
    const headers = fromHeaders(names);
    // Headers may be older than the kernel, which knows more.
    assert.ok(Object.keys(headers).length > 50, `only ${Object.keys(headers).join(' ')}`);
    for (const [name, value] of Object.entries(headers)) assert.equal(constants[name], value, name);
  });

  it('are all there: of protections, flags, advices, seals and openings', () => {
    for (const prefix of ['PROT_', 'MAP_', 'MS_', 'MADV_', 'O_', 'MFD_', 'F_SEAL_']) {
      assert.ok(
        Object.keys(constants).some((name) => name.startsWith(prefix)),
        prefix,
      );
    }
  });
});
