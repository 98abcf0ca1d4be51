// The addon a second time, with AddressSanitizer and UndefinedBehaviorSanitizer in it.
import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { dependencyFile } from '../run.mjs';
import { addonBuild, headersPrefix, native } from './places.mjs';
import { runProgram } from './program.mjs';

/**
 * Builds it as `npm run build` does, from the same `binding.gyp`, but in a directory of its own that shows the sources. Resolves
 * to the outcome of node-gyp.
 */
export function buildAddon() {
  mkdirSync(addonBuild, { recursive: true });
  for (const name of ['binding.gyp', 'src']) {
    if (!existsSync(join(addonBuild, name))) symlinkSync(join(native, name), join(addonBuild, name));
  }
  const prefix = headersPrefix();
  const args = [dependencyFile('node-gyp', 'bin/node-gyp.js'), 'configure', 'build', '--jobs=max'];
  if (prefix !== undefined) args.push(`--nodedir=${prefix}`);
  return runProgram(process.execPath, args, {
    cwd: addonBuild,
    env: {
      // Behaviour that is undefined ends the process, so that whoever started it sees it fail.
      CXXFLAGS: '-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all',
      LDFLAGS: '-fsanitize=address,undefined',
    },
  });
}
