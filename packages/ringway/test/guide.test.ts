import assert from 'node:assert/strict';
import { join } from 'node:path';
import { fences, type Fence } from './support/markdown.js';
import { ROOT, document, packageReadmes } from './support/repository.js';
import { Sandbox } from './support/sandbox.js';

interface Example {
  readonly code: Fence;
  /** What the page says that it prints. */
  readonly output: string | undefined;
}

/** The files of a page, each with the text below it. */
function examplesOf(page: string): Example[] {
  const found = fences(document(page));
  return found.flatMap((code, index) => {
    const next = found.at(index + 1);
    return code.language === 'js' ? [{ code, output: next?.language === 'text' ? next.text : undefined }] : [];
  });
}

for (const page of ['docs/guide.md', 'docs/sync.md', ...packageReadmes()]) {
  describe(page, () => {
    const sandbox = new Sandbox();
    const examples = examplesOf(page);

    before(async () => {
      const { status, stderr } = await sandbox.shell(`npm install ${JSON.stringify(join(ROOT, 'packages/ringway'))}`);
      assert.equal(status, 0, stderr);
    });

    after(() => sandbox.clean());

    examples.forEach(({ code, output }, index) => {
      it(`example ${index + 1} of ${examples.length} prints what stands below it`, async () => {
        sandbox.write('example.mjs', code.text);
        assert.deepEqual(await sandbox.node('example.mjs'), { status: 0, stdout: output, stderr: '' });
      });
    });

    if (examples.length === 0) {
      it('has no example that would have to run', () => {
        assert.doesNotMatch(document(page), /```js/);
      });
    }
  });
}
