import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Segment } from '@ringway/memory';
import { bodyByte, recordLayout } from '../../dist/sync-layout.js';
import { sleeperWords } from '@ringway/sync';
import { Peer } from './primitive-peer.js';

let scenes = 0;

/** What a test opens, names and starts, so that it ends with the test. */
export class Scene {
  readonly #names = new Set<string>();
  readonly #handles = new Set<{ close(): void }>();
  readonly #peers = new Set<Peer>();

  /** A name that nobody has used. */
  name(): string {
    scenes += 1;
    const name = `scene-${process.pid}-${scenes}`;
    this.#names.add(name);
    return name;
  }

  /** Something that is closed after the test. */
  own<T extends { close(): void }>(handle: T): T {
    this.#handles.add(handle);
    return handle;
  }

  /** Another process. */
  async peer(): Promise<Peer> {
    const peer = await Peer.start();
    this.#peers.add(peer);
    return peer;
  }

  async peers(count: number): Promise<Peer[]> {
    return Promise.all(Array.from({ length: count }, () => this.peer()));
  }

  /** For `afterEach`. */
  async clear(): Promise<void> {
    await Promise.all([...this.#peers].map((peer) => peer.kill()));
    this.#peers.clear();
    for (const handle of this.#handles) handle.close();
    this.#handles.clear();
    for (const name of this.#names) Segment.unlink(name);
    this.#names.clear();
  }
}

/** The words of a primitive's record, read from its object as an onlooker does. */
export function recordWords(name: string, participants = 64): Int32Array {
  const { bytes } = recordLayout(participants);
  const [info] = Segment.list().filter((found) => found.name === name);
  const fd = openSync(info.path, 'r');
  try {
    const words = new Int32Array(bytes / 4);
    if (fstatSync(fd).size < bodyByte(participants) + bytes) throw new Error(`${name} is too short for a record`);
    readSync(fd, words, 0, bytes, bodyByte(participants));
    return words;
  } finally {
    closeSync(fd);
  }
}

/** How many sleep at a primitive: those that want to write, too. */
export function sleepers(name: string, participants = 64): number {
  const words = recordWords(name, participants);
  const layout = recordLayout(participants);
  let count = 0;
  for (const start of [layout.sleepers, layout.writers]) {
    for (let word = 0; word < sleeperWords(participants); word++) {
      // The last bit of the first word names nobody.
      let bits = words[start / 4 + word] & (word === 0 ? 0x7fffffff : ~0);
      for (; bits !== 0; bits &= bits - 1) count++;
    }
  }
  return count;
}
