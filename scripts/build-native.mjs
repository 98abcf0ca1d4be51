// Builds the addon when its sources have changed: `node scripts/build-native.mjs [--verbose]`.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const native = join(root, 'native');
const addon = join(native, 'build', 'Release', 'ringway.node');
const verbose = process.argv.includes('--verbose');

/** Prefix of an installation of Node that has its headers, or undefined. */
function headersPrefix() {
  return [dirname(dirname(process.execPath)), process.env.npm_config_nodedir].find(
    (prefix) => prefix !== undefined && existsSync(join(prefix, 'include', 'node', 'node_api.h')),
  );
}

/** Whether node-gyp has downloaded the headers of this Node before. */
function hasDownloadedHeaders() {
  const home = process.env.HOME;
  const cache = process.env.XDG_CACHE_HOME ?? (home === undefined ? undefined : join(home, '.cache'));
  const folder = process.env.npm_config_devdir ?? (cache === undefined ? undefined : join(cache, 'node-gyp'));
  return folder !== undefined && existsSync(join(folder, process.versions.node, 'include', 'node', 'node_api.h'));
}

/** The tools without which nothing compiles, as a person would look for them. */
function missingTools() {
  const tools = [
    { name: 'g++ (a C++17 compiler)', command: process.env.CXX ?? 'g++' },
    { name: 'make', command: process.env.MAKE ?? 'make' },
    { name: 'python3', command: process.env.npm_config_python ?? process.env.PYTHON ?? 'python3' },
  ];
  return tools
    .filter(({ command }) => spawnSync(`${command} --version`, { shell: true, stdio: 'ignore' }).status !== 0)
    .map(({ name }) => name);
}

function explain(missing) {
  return [
    `The native part of Ringway cannot be built: missing ${missing.join(', ')}.`,
    'Install what it needs, then run `npm run build`:',
    '  Debian, Ubuntu   apt-get install g++ make python3 libnode-dev',
    '  Fedora           dnf install gcc-c++ make python3 nodejs-devel',
    '  Alpine           apk add g++ make python3 nodejs-dev',
    'A Node from nodejs.org or NodeSource brings its headers along; for any other, npm_config_nodedir names a directory',
    'that has include/node/node_api.h.',
  ].join('\n');
}

function inputs() {
  const folders = [join(native, 'src'), join(native, 'test', 'fixtures')].filter((folder) => existsSync(folder));
  const sources = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  return [join(native, 'binding.gyp'), ...sources.filter((path) => /\.(cc|h)$/.test(path))];
}

function isBuilt() {
  if (!existsSync(addon)) return false;
  const built = statSync(addon).mtimeMs;
  return inputs().every((path) => statSync(path).mtimeMs <= built);
}

/** Runs node-gyp. An empty answer is success, else it is what to tell the user. */
function build() {
  const prefix = headersPrefix();
  const missing = missingTools();
  if (missing.length > 0) return explain(missing);

  const gyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js');
  const environment = { ...process.env, PATH: [dirname(process.execPath), process.env.PATH].join(delimiter) };
  // node-gyp takes these for its own options, and they beat the command line's absence: of two answers only ours counts.
  for (const name of Object.keys(environment)) {
    if (/^npm_(package_)?config_(node_gyp_)?nodedir$/i.test(name)) delete environment[name];
  }
  // Not `rebuild`: that removes the last build before it knows whether there will be another.
  const args = [gyp, 'configure', 'build', '--jobs=max', ...(prefix === undefined ? [] : [`--nodedir=${prefix}`])];
  const run = spawnSync(process.execPath, args, {
    cwd: native,
    env: environment,
    encoding: 'utf8',
    stdio: verbose ? 'inherit' : 'pipe',
    maxBuffer: Infinity,
  });
  if (run.error !== undefined) return `node-gyp did not start: ${run.error.message}`;
  if (run.status === 0) return '';
  // Without headers node-gyp wants to download them, which is what fails on a machine without network.
  if (prefix === undefined && !hasDownloadedHeaders()) return explain([`the headers of Node ${process.versions.node}`]);
  const output = verbose ? '' : `${run.stdout}${run.stderr}`;
  return `${output}\nThe native part of Ringway did not compile: see above.`;
}

if (process.platform !== 'linux' || (process.arch !== 'x64' && process.arch !== 'arm64')) {
  console.log(
    `The native part of Ringway is skipped: it is for Linux on x64 and arm64, this is ${process.platform} on ${process.arch}.`,
  );
} else if (!isBuilt()) {
  const problem = build();
  if (problem !== '') {
    console.error(problem.trim());
    process.exitCode = 1;
  }
}
