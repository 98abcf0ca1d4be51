import assert from 'node:assert/strict';

import { AttachmentNames, checkName, nameOfEntry, objectPath, resolvePlace } from '../dist/names.js';
import type { Place } from '../dist/names.js';
import { throwsCode } from './support/throws.js';

describe('names of segments', () => {
  const shared: Place = { directory: '/dev/shm', chosen: false, namespace: 'ns-' };
  const chosen: Place = { directory: '/srv/x', chosen: true, namespace: 'ns-' };

  it('accept letters, digits, dot, underscore and hyphen, up to 150 of them', () => {
    for (const name of ['a', 'A.b_c-9', '...', '-', 'x'.repeat(150)]) assert.doesNotThrow(() => checkName(name));
  });

  it('refuse everything else', () => {
    for (const name of ['', '.', '..', 'a/b', 'a b', 'ä', 'a\0', 'a\n', 'x'.repeat(151), 5 as unknown as string]) {
      throwsCode(() => checkName(name), 'ERR_RINGWAY_INVALID_NAME');
    }
  });

  it('lead to /dev/shm, or into the directory that was chosen', () => {
    assert.equal(objectPath('orders', shared), '/dev/shm/ringway.ns-orders');
    assert.equal(objectPath('orders', chosen), '/srv/x/ns-orders.ringway');
  });

  it('are found again from the entries of the directory', () => {
    assert.equal(nameOfEntry('ringway.ns-orders', shared), 'orders');
    assert.equal(nameOfEntry('ns-orders.ringway', chosen), 'orders');
    for (const entry of ['ringway.orders', 'orders', 'ringway.ns-', 'ringway.ns-..', 'ringway.ns-a~']) {
      assert.equal(nameOfEntry(entry, shared), undefined);
    }
    for (const entry of ['orders.ringway', 'ns-orders', 'ns-.ringway']) {
      assert.equal(nameOfEntry(entry, chosen), undefined);
    }
  });

  it('leave room for the longest attachment in a file name', () => {
    const place: Place = { directory: '/d', chosen: true, namespace: 'n'.repeat(60) };
    const names = new AttachmentNames(objectPath('x'.repeat(150), place), '0123456789abcdef');
    assert.equal(names.path('s'.repeat(19)).length - '/d/'.length, 255);
    throwsCode(() => names.path('s'.repeat(20)), 'ERR_RINGWAY_INVALID_NAME');
    throwsCode(() => names.path('a/b'), 'ERR_RINGWAY_INVALID_NAME');
  });

  it('of attachments give the suffix back, for this creation id only', () => {
    const names = new AttachmentNames('/d/a.ringway', '0123456789abcdef');
    assert.equal(names.suffix('a.ringway.0123456789abcdef.3.7'), '3.7');
    assert.equal(names.suffix('a.ringway.0123456789abcdee.3.7'), undefined);
    assert.equal(names.suffix('a.ringway'), undefined);
  });
});

describe('the place of segments', () => {
  const before = { dir: process.env.RINGWAY_DIR, namespace: process.env.RINGWAY_NAMESPACE };
  const restore = (key: string, value: string | undefined): void => {
    if (value === undefined) Reflect.deleteProperty(process.env, key);
    else process.env[key] = value;
  };

  afterEach(() => {
    restore('RINGWAY_DIR', before.dir);
    restore('RINGWAY_NAMESPACE', before.namespace);
  });

  it('is /dev/shm, unless RINGWAY_DIR or dir say otherwise; dir wins', () => {
    restore('RINGWAY_DIR', undefined);
    assert.equal(resolvePlace(undefined).directory, '/dev/shm');
    process.env.RINGWAY_DIR = '/srv/one';
    assert.deepEqual([resolvePlace(undefined).directory, resolvePlace('/srv/two').directory], ['/srv/one', '/srv/two']);
    process.env.RINGWAY_DIR = '';
    assert.equal(resolvePlace(undefined).chosen, false);
  });

  it('puts RINGWAY_NAMESPACE before every name, and refuses a bad one', () => {
    process.env.RINGWAY_NAMESPACE = 'team.a-';
    assert.equal(objectPath('q', resolvePlace(undefined)), '/dev/shm/ringway.team.a-q');
    for (const bad of ['a/b', '../', 'x'.repeat(61)]) {
      process.env.RINGWAY_NAMESPACE = bad;
      throwsCode(() => resolvePlace(undefined), 'ERR_RINGWAY_INVALID_NAME');
    }
  });

  it('must be the path of a directory', () => {
    assert.throws(() => resolvePlace(''), TypeError);
    assert.throws(() => resolvePlace('a\0b'), TypeError);
  });
});
