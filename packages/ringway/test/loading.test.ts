import assert from 'node:assert/strict';
import { join } from 'node:path';
import { ROOT } from './support/repository.js';
import { Sandbox } from './support/sandbox.js';

/** Prints whether the addon is among the shared objects of the process. */
const LOADED = `process.report.excludeNetwork = true;
  console.log(process.report.getReport().sharedObjects.some((path) => path.endsWith('ringway.node')));`;

describe('loading ringway', () => {
  const sandbox = new Sandbox();

  before(async () => {
    const { status, stderr } = await sandbox.shell(`npm install ${JSON.stringify(join(ROOT, 'packages/ringway'))}`);
    assert.equal(status, 0, stderr);
  });

  after(() => sandbox.clean());

  const prints = async (code: string, output: string, ...options: string[]): Promise<void> => {
    assert.deepEqual(await sandbox.node(...options, '-e', code), { status: 0, stdout: output, stderr: '' });
  };
  const prelude = 'const queue = Queue.local(); queue.close(); Queue.exists("a"); Queue.list(); support();';

  it('by import loads no addon, nor does anything that needs no shared memory', async () => {
    const code = `import { Queue, support } from 'ringway'; ${prelude} ${LOADED}`;
    await prints(code, 'false\n', '--input-type=module');
  });

  it('by the first open of a queue loads the addon', async () => {
    const open = 'const name = `loading-${process.pid}`; Queue.open(name).close(); Queue.unlink(name);';
    await prints(`import { Queue } from 'ringway'; ${open} ${LOADED}`, 'true\n', '--input-type=module');
  });

  it('by require gives the same, and loads no addon', async () => {
    const code = `const { Queue, support } = require('ringway'); ${prelude} ${LOADED}`;
    await prints(code, 'false\n', '--no-warnings');
  });

  it('by import and by require in one process gives one and the same', async () => {
    const code = `import { createRequire } from 'node:module'; import { Queue } from 'ringway';
      console.log(createRequire(import.meta.url)('ringway').Queue === Queue);`;
    sandbox.write('both.mjs', code);
    assert.deepEqual(await sandbox.node('--no-warnings', 'both.mjs'), { status: 0, stdout: 'true\n', stderr: '' });
  });

  it('gives nothing of what is private: only the package itself can be imported', async () => {
    const code = "import('ringway/dist/index.js').catch(({ code }) => console.log(code));";
    await prints(code, 'ERR_PACKAGE_PATH_NOT_EXPORTED\n', '--input-type=module');
  });
});
