// Where the sanitizers' builds and what they are made of lie.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { root } from '../run.mjs';

export const native = join(root, 'native');

/** The C++ tests, with the Makefile that builds them. */
export const unitTests = join(native, 'test', 'cpp');

/** All that is built for the sanitizers, apart from what `npm run build` makes. */
export const builds = join(unitTests, 'build');

/** The addon under AddressSanitizer and UndefinedBehaviorSanitizer. */
export const addonBuild = join(builds, 'addon');
export const sanitizedAddon = join(addonBuild, 'build', 'Release', 'ringway.node');

/** An addon with faults. */
export const seededAddon = join(builds, 'asan', 'seeded.node');

/** The directory that has `include/node`, of the running Node, or undefined. */
export function headersPrefix() {
  const { HOME, XDG_CACHE_HOME, npm_config_devdir, npm_config_nodedir } = process.env;
  const cache = XDG_CACHE_HOME ?? (HOME === undefined ? undefined : join(HOME, '.cache'));
  const downloads = npm_config_devdir ?? (cache === undefined ? undefined : join(cache, 'node-gyp'));
  const downloaded = downloads === undefined ? undefined : join(downloads, process.versions.node);
  return [dirname(dirname(process.execPath)), npm_config_nodedir, downloaded].find(
    (prefix) => prefix !== undefined && existsSync(join(prefix, 'include', 'node', 'node_api.h')),
  );
}

/** What the Makefile of the C++ tests wants to know. */
export function makeVariables() {
  const addonApi = dirname(createRequire(join(native, 'package.json')).resolve('node-addon-api/napi.h'));
  return [`NODE_INCLUDE=${join(headersPrefix() ?? '', 'include', 'node')}`, `ADDON_API_INCLUDE=${addonApi}`];
}
