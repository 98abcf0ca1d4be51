import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { support } from '@ringway/memory';

import { Scratch } from './support/scratch.js';

/** Runs a module's text in a process of its own; what it prints. */
function run(text: string, cwd: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', text], { cwd, encoding: 'utf8' }).trim();
}

const SPEC_TEXT = `{ kind: 1, geometry: [], size: 8192, codecName: '', codecId: 0, schemaId: 0 }`;
const TRY_CREATE = `
  try { Segment.create('q', ${SPEC_TEXT}); console.log('made'); } catch (error) { console.log(error.code + ' ' + error.message); }
`;

describe('the platform', () => {
  const scratch = new Scratch();
  const here = dirname(fileURLToPath(import.meta.url));

  afterEach(() => scratch.clean());

  it('is supported where these tests run', () => {
    assert.deepEqual(support(), { supported: true });
  });

  it('loads no addon for import, exists, list and the heap', () => {
    const loaded = run(
      `import { LocalSegment, Segment, support } from '@ringway/memory';
       support(); Segment.exists('q'); Segment.list();
       const local = LocalSegment.create('q', ${SPEC_TEXT}); local.map(0, 4096); local.close();
       console.log(process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node')).length);`,
      here,
    );
    assert.equal(loaded, '0');
  });

  it('that is another one is told apart with its name, and only when memory is needed', () => {
    const said = run(
      `Object.defineProperty(process, 'platform', { value: 'sunos' });
       const { Segment } = await import('@ringway/memory');
       Segment.exists('q');
       ${TRY_CREATE}`,
      here,
    );
    assert.match(said, /^ERR_RINGWAY_UNSUPPORTED_PLATFORM .*sunos/);
  });

  it('without the addon is told so', () => {
    const dir = scratch.directory();
    const scope = join(dir, 'node_modules', '@ringway');
    for (const [name, entry] of [
      ['memory', '@ringway/memory'],
      ['native', '@ringway/native'],
    ] as const) {
      const dist = dirname(fileURLToPath(import.meta.resolve(entry)));
      mkdirSync(join(scope, name), { recursive: true });
      cpSync(dist, join(scope, name, 'dist'), { recursive: true });
      cpSync(join(dirname(dist), 'package.json'), join(scope, name, 'package.json'));
    }
    const said = run(`import { Segment } from '@ringway/memory'; ${TRY_CREATE}`, dir);
    assert.match(said, /^ERR_RINGWAY_UNSUPPORTED_PLATFORM .*addon is missing/);
  });
});
