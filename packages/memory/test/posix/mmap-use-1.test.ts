import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

import { mapFile, posix } from '@ringway/memory';

import { mountRefusal } from '../support/scratch.js';
import { itUnless } from '../support/conditional.js';
import { Files, PAGE } from './support/files.js';
import { refuses } from './support/throws.js';
import { throwsCode } from '../support/throws.js';

const { MAP_SHARED, PROT_READ, PROT_WRITE } = posix;

describe('posix: mmap, use 1: an ordinary file for input and output', () => {
  const files = new Files();

  afterEach(() => files.clean());

  it('reads and writes the file by its bytes', async () => {
    const path = files.file('Hello, file');
    const fd = files.open(path, 'r+');
    const mapping = files.keep(posix.mmap(null, 11, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    assert.equal(Buffer.from(mapping.bytes).toString(), 'Hello, file');
    mapping.bytes.set(Buffer.from('J'), 0);
    await posix.msyncAsync(mapping, 11, posix.MS_SYNC);
    assert.equal(readFileSync(path, 'utf8'), 'Jello, file');
  });

  it('reads and writes it in the comfortable form', async () => {
    const path = files.file(new Uint8Array(3 * PAGE).fill(7));
    const mapping = files.keep(mapFile(path, { offset: PAGE, populate: true }));
    assert.equal(mapping.length, 2 * PAGE);
    mapping.view(Int32Array, PAGE, 2).set([1, 2]);
    mapping.flushSync(PAGE, PAGE);
    await mapping.flush();
    const written = readFileSync(path);
    assert.deepEqual([written.readInt32LE(2 * PAGE), written.readInt32LE(2 * PAGE + 4)], [1, 2]);
  });

  it('takes a URL, and maps a part', () => {
    const url = pathToFileURL(files.file('0123456789'));
    assert.equal(Buffer.from(files.keep(mapFile(url, { length: 4 })).bytes).toString(), '0123');
  });

  it('maps a file that may only be read, and keeps what is written into the mapping', () => {
    const path = files.file('read');
    const mapping = files.keep(mapFile(path, { readonly: true }));
    mapping.bytes[0] = 0x52;
    mapping.flushSync();
    assert.deepEqual([mapping.bytes[0], readFileSync(path, 'utf8')], [0x52, 'read']);
  });

  it('refuses an empty file, and what is beyond the end, with the sizes', () => {
    const path = files.file('');
    assert.match(refuses(() => mapFile(path), 'EINVAL', 'mmap').message, /must not be 0/);
    const error = refuses(() => mapFile(path, { length: PAGE + 1 }), 'EINVAL', 'mmap');
    assert.match(error.message, new RegExp(`${PAGE + 1} bytes from 0 .* has 0 bytes`));
    assert.equal(error.path, path);
  });

  it('refuses what is missing, a directory, and a FIFO without waiting for its other end', () => {
    assert.throws(() => mapFile('/nonexistent/file'), { code: 'ENOENT' });
    refuses(() => mapFile('/tmp', { readonly: true, length: 1 }), 'ENODEV', 'mmap');
    const fifo = files.fifo();
    refuses(() => mapFile(fifo, { readonly: true, length: 1 }), 'ENODEV', 'mmap');
  });

  itUnless(mountRefusal('tmpfs'), 'tells by an error when there is no room for a page of the file', () => {
    const path = `${files.mount('tmpfs', `size=${4 * PAGE}`)}/sparse`;
    const fd = files.open(path, 'w+');
    posix.ftruncate(fd, 64 * PAGE);
    const mapping = files.keep(posix.mmap(null, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
    mapping.bytes.fill(1);
    throwsCode(() => mapping.bytes, 'ERR_RINGWAY_SEGMENT_TRUNCATED');
  });
});
