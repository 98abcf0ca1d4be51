import assert from 'node:assert/strict';
import { fstatSync, ftruncateSync, readFileSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { load } from '@ringway/native';
import { closeObject, closeObjects, openObject, PAGE, reopen } from './support/object.js';
import { Fixture, killFixtures } from './support/process.js';

const { errno } = constants;
const BLOCK = 512;

/** A feature of newer releases of Node. */
type Transferable = ArrayBuffer & { transfer?: () => ArrayBuffer };

describe('a mapping', () => {
  const native = load();
  const mapped: ArrayBuffer[] = [];

  function map(fd: number, offset: number, length: number): ArrayBuffer {
    const buffer = native.map(fd, offset, length);
    if (typeof buffer === 'number') assert.fail(`map: ${buffer}`);
    mapped.push(buffer);
    return buffer;
  }

  function mapTwice(fd: number, offset: number, length: number): ArrayBuffer {
    const buffer = native.mapTwice(fd, offset, length);
    if (typeof buffer === 'number') assert.fail(`mapTwice: ${buffer}`);
    mapped.push(buffer);
    return buffer;
  }

  /** How often an object is mapped in this process. */
  function countMappings(fd: number): number {
    const { ino } = fstatSync(fd);
    return readFileSync('/proc/self/maps', 'utf8')
      .split('\n')
      .filter((line) => line.split(/\s+/)[4] === String(ino)).length;
  }

  afterEach(async () => {
    await killFixtures();
    for (const buffer of mapped.splice(0)) native.unmap(buffer);
    closeObjects();
  });

  it('is the memory of the object, for all who map it', () => {
    const fd = openObject(2 * PAGE);
    const one = new Int32Array(map(fd, 0, 2 * PAGE));
    const other = new Int32Array(map(reopen(fd), PAGE, PAGE));
    one[PAGE / 4 + 3] = 42;
    assert.equal(other[3], 42);
    const bytes = Buffer.alloc(4);
    readSync(fd, bytes, 0, 4, PAGE + 12);
    assert.equal(bytes.readInt32LE(), 42);
  });

  it('outlives its descriptor', () => {
    const fd = openObject(PAGE);
    const words = new Int32Array(map(fd, 0, PAGE));
    closeObject(fd);
    words[0] = 1;
    assert.equal(words[0], 1);
  });

  it('shows the same bytes twice, back to back', () => {
    const fd = openObject(3 * PAGE);
    const bytes = new Uint8Array(mapTwice(fd, PAGE, PAGE));
    assert.equal(bytes.length, 2 * PAGE);
    bytes.set([1, 2, 3, 4], PAGE - 2);
    assert.deepEqual([...bytes.subarray(PAGE - 2, PAGE + 2)], [1, 2, 3, 4]);
    assert.deepEqual([...bytes.subarray(0, 2)], [3, 4]);
    assert.deepEqual([...bytes.subarray(2 * PAGE - 2)], [1, 2]);
    assert.equal(countMappings(fd), 2);
  });

  it('gets its memory when it is populated', () => {
    const fd = openObject(4 * PAGE);
    const buffer = map(fd, 0, 4 * PAGE);
    assert.equal(native.populate(buffer, PAGE, 2 * PAGE), 0);
    assert.equal(fstatSync(fd).blocks * BLOCK, 2 * PAGE);
    assert.equal(native.populate(buffer, 4 * PAGE, 0), 0);
  });

  it('reports memory beyond the end of the object, instead of a fault', () => {
    assert.equal(native.populate(map(openObject(PAGE), 0, 2 * PAGE), PAGE, PAGE), -errno.EFAULT);
  });

  it('ends when it is unmapped: its views are empty, and a second time it is none', () => {
    const fd = openObject(PAGE);
    const buffer = map(fd, 0, PAGE);
    const bytes = new Uint8Array(buffer);
    assert.equal(countMappings(fd), 1);
    assert.equal(native.unmap(buffer), true);
    assert.equal(countMappings(fd), 0);
    assert.equal(buffer.byteLength, 0);
    assert.equal(bytes.length, 0);
    assert.equal(bytes[0], undefined);
    assert.throws(() => new Uint8Array(buffer), TypeError);
    assert.equal(native.unmap(buffer), false);
  });

  it('ends for this process alone', () => {
    const fd = openObject(PAGE);
    const buffer = mapTwice(fd, 0, PAGE);
    const other = new Int32Array(map(fd, 0, PAGE));
    new Int32Array(buffer)[PAGE / 4] = 7;
    native.unmap(buffer);
    assert.equal(other[0], 7);
  });

  it('is no other ArrayBuffer', () => {
    assert.equal(native.unmap(new ArrayBuffer(8)), false);
    assert.equal(native.unmap(Buffer.from('pool').buffer), false);
    assert.equal(native.unmap(new ArrayBuffer(0)), false);
  });

  it('is copied, not shared, when it is cloned', () => {
    const buffer = map(openObject(PAGE), 0, PAGE);
    const copy = structuredClone(buffer);
    new Int32Array(buffer)[0] = 9;
    assert.equal(new Int32Array(copy)[0], 0);
    assert.equal(native.unmap(copy), false);
    assert.equal(native.unmap(buffer), true);
  });

  const transferable = 'transfer' in ArrayBuffer.prototype;
  (transferable ? it : it.skip)(
    `can be unmapped after its memory was transferred to another ArrayBuffer${transferable ? '' : ' (skipped: this Node has no ArrayBuffer.prototype.transfer)'}`,
    () => {
      const fd = openObject(PAGE);
      const buffer: Transferable = map(fd, 0, PAGE);
      const moved = buffer.transfer?.() ?? buffer;
      assert.equal(native.unmap(buffer), false);
      assert.equal(native.unmap(moved), true);
      assert.equal(moved.byteLength, 0);
      assert.equal(countMappings(fd), 0);
    },
  );

  it('reports what mmap reports', () => {
    const fd = openObject(PAGE);
    assert.equal(native.map(2 ** 30, 0, PAGE), -errno.EBADF);
    assert.equal(native.mapTwice(2 ** 30, 0, PAGE), -errno.EBADF);
    assert.equal(native.map(reopen(fd, 'r'), 0, PAGE), -errno.EACCES);
    assert.equal(native.map(fd, 0, 2 ** 48), -errno.ENOMEM);
    assert.equal(native.mapTwice(fd, 0, 2 ** 47), -errno.ENOMEM);
    assert.equal(countMappings(fd), 0);
  });

  it('is as large as the runtime allows, and refused by an error beyond', () => {
    const fd = openObject(0);
    const huge = 2 ** 33;
    ftruncateSync(fd, huge);
    try {
      const bytes = new Uint8Array(map(fd, 0, huge));
      bytes[0] = 1;
      assert.equal(bytes.length, huge);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ERR_BUFFER_TOO_LARGE');
      assert.equal(countMappings(fd), 0);
    }
  });

  it('is unmapped when nobody refers to it any more', async () => {
    const collected = new Fixture('collect', [], ['--expose-gc']);
    assert.deepEqual(await collected.end(), { status: 0, output: '' });
  });

  it('takes no harm from libuv at work on its views while it is unmapped', async () => {
    const stress = new Fixture('unmap-under-work');
    assert.deepEqual(await stress.end(), { status: 0, output: '' });
  });

  it('refuses arguments that no call could mean', () => {
    const fd = openObject(PAGE);
    const buffer = map(fd, 0, PAGE);
    const range = { name: 'RangeError', code: 'ERR_OUT_OF_RANGE' };
    const type = { name: 'TypeError', code: 'ERR_INVALID_ARG_TYPE' };
    const value = { name: 'TypeError', code: 'ERR_INVALID_ARG_VALUE' };
    assert.throws(() => native.map(fd, 0, 0), range);
    assert.throws(() => native.map(fd, 0, PAGE + 1), range);
    assert.throws(() => native.map(fd, 8, PAGE), range);
    assert.throws(() => native.map(fd, -PAGE, PAGE), range);
    assert.throws(() => native.mapTwice(fd, 0, 2 ** 53 - PAGE), range);
    assert.throws(() => native.map('1' as unknown as number, 0, PAGE), type);
    assert.throws(() => native.populate(buffer, 0, PAGE + 1), range);
    assert.throws(() => native.populate(buffer, PAGE, 1), range);
    assert.throws(() => native.populate(buffer, 8, 8), range);
    assert.throws(() => native.populate(new ArrayBuffer(PAGE), 0, PAGE), value);
    assert.throws(() => native.populate(new Uint8Array(8) as unknown as ArrayBuffer, 0, 8), type);
    assert.throws(() => native.unmap(new Uint8Array(buffer) as unknown as ArrayBuffer), type);
    native.unmap(buffer);
    assert.throws(() => native.populate(buffer, 0, 0), value);
  });
});
