import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { posix } from '@ringway/memory';

const PACKAGE = fileURLToPath(new URL('../../', import.meta.url));
const DOCUMENT = fileURLToPath(new URL('../../../../docs/posix.md', import.meta.url));

interface Fence {
  readonly language: string;
  readonly text: string;
}

function fences(text: string): Fence[] {
  return [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, language, inside]) => ({ language, text: inside }));
}

describe('docs/posix.md', () => {
  const text = readFileSync(DOCUMENT, 'utf8');

  it('is a program that runs, and prints what stands there', () => {
    const parts = fences(text);
    const source = parts.filter(({ language }) => language === 'js').map((part) => part.text);
    const printed = parts.filter(({ language }) => language === 'text').map((part) => part.text);
    assert.ok(source.length >= 8 && printed.length >= 5, 'the page has its examples');
    const program = source
      .join('')
      // What people install lies above this package; a name of its own, so that nothing else is disturbed.
      .replace("from 'ringway'", "from '@ringway/memory'")
      .replaceAll("'/counter'", `'/ringway.${process.env.RINGWAY_NAMESPACE ?? ''}counter'`);
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      cwd: PACKAGE,
      encoding: 'utf8',
    });
    assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: printed.join(''), stderr: '' });
  });

  it('has each function, and uses each in a line that runs', () => {
    const source = fences(text)
      .filter(({ language }) => language === 'js')
      .map((part) => part.text)
      .join('');
    for (const [name, value] of Object.entries(posix)) {
      if (typeof value !== 'function') continue;
      assert.match(text, new RegExp(`\`posix\\.${name}\``), name);
      assert.match(source, new RegExp(`posix\\.${name}\\(`), name);
    }
  });
});
