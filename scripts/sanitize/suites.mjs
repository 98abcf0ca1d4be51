// Which tests run in Node with the sanitized addon.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../run.mjs';

/** All tests of a workspace but for some files, as absolute paths. */
function testsOf(workspace, without = []) {
  const folder = join(root, workspace, 'test-dist');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.test.js') && !without.includes(name))
    .map((name) => join(folder, name));
}

const some = (workspace, names) => names.map((name) => join(root, workspace, 'test-dist', `${name}.test.js`));

/**
 * For each part: its files, those of the quick form, and the tests that cannot run here, with the reason.
 */
export const suites = {
  native: {
    files: () => testsOf('native'),
    quickFiles: () => some('native', ['descriptor', 'file-lock', 'futex', 'lifecycle', 'mapping', 'watch']),
    skipped: [],
  },
  memory: {
    files: () => testsOf('packages/memory'),
    quickFiles: () => some('packages/memory', ['attachments', 'locks-and-gate', 'segment-close', 'watches']),
    skipped: [
      { title: 'without the addon is told so', why: 'it is told where the addon is' },
      { title: 'takes no more memory than a process may have', why: 'what the sanitizer takes counts, too' },
    ],
  },
  sync: {
    files: () => testsOf('packages/sync'),
    quickFiles: () => some('packages/sync', ['doorbell', 'slots']),
    skipped: [],
  },
  ring: {
    // chaos and killed-anywhere kill processes by the hundred, which says nothing of memory that the others do not say.
    files: () => testsOf('packages/ring', ['chaos.test.js', 'killed-anywhere.test.js', 'fairness.test.js']),
    quickFiles: () => some('packages/ring', ['spill', 'workers']),
    skipped: [],
  },
};
