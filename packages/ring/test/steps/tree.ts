import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { instrument, type Site } from './instrument.js';

/** A change of a compiled module, before it is instrumented. */
export interface Patch {
  /** `<package>/<module>`, as in `ring/claim`. */
  readonly module: string;
  /** Must occur exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** The compiled modules of the packages, those of the protocol instrumented, in a folder of their own. */
export interface Tree {
  readonly root: string;
  readonly sites: readonly Site[];
  /** URL of a compiled module, `<package>/<module>`. */
  url(module: string): string;
  remove(): void;
}

const INSTRUMENTED = ['sync', 'ring'];
const COPIED = ['memory'];

/** Makes one. Throws where a patch does not fit: the code has changed, and the patch must follow it. */
export function makeTree(patches: readonly Patch[]): Tree {
  const packages = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
  const root = mkdtempSync(join(tmpdir(), 'ringway-steps-'));
  const scope = join(root, 'node_modules', '@ringway');
  mkdirSync(scope, { recursive: true });
  const require = createRequire(import.meta.url);
  symlinkSync(dirname(dirname(require.resolve('msgpackr'))), join(root, 'node_modules', 'msgpackr'));
  symlinkSync(join(dirname(packages), 'native'), join(scope, 'native'));
  const sites: Site[] = [];
  const open = new Set(patches);
  for (const name of [...COPIED, ...INSTRUMENTED]) {
    cpSync(join(packages, name, 'package.json'), join(scope, name, 'package.json'), { recursive: true });
    mkdirSync(join(scope, name, 'dist'), { recursive: true });
    const dist = join(packages, name, 'dist');
    for (const file of readdirSync(dist)) {
      if (!file.endsWith('.js')) continue;
      let source = readFileSync(join(dist, file), 'utf8');
      for (const patch of patches) {
        if (`${patch.module}.js` !== `${name}/${file}`) continue;
        source = patched(source, patch);
        open.delete(patch);
      }
      const made = INSTRUMENTED.includes(name) ? instrument(source, `${name}/${file}`, sites) : source;
      writeFileSync(join(scope, name, 'dist', file), made);
    }
  }
  for (const { module } of open) throw new Error(`there is no module ${module} to change`);
  return {
    root,
    sites,
    url: (module) => {
      const [name, file] = module.split('/');
      return new URL(`file://${join(scope, name, 'dist', `${file}.js`)}`).href;
    },
    remove: () => {
      rmSync(root, { recursive: true, force: true });
    },
  };
}

function patched(source: string, { module, find, replace }: Patch): string {
  const parts = source.split(find);
  if (parts.length !== 2) {
    throw new Error(
      `${module}: expected exactly one place with\n${find}\nfound ${parts.length - 1}; the change must follow the code`,
    );
  }
  return parts.join(replace);
}
