import { Random } from '../chaos/random.js';
import type { Companion } from './companion.js';
import { Oracle, type Finding } from './findings.js';
import { Mutator } from './mutator.js';
import { Place } from './place.js';
import { Scene } from './scene.js';
import { fuzzObject } from './spoiled-object.js';
import { useOnce } from './use.js';

/**
 * How a segment is used and spoiled: on the heap or in shared memory, between the calls and in turns of the event loop;
 * in shared memory by another process at the same time; or as an object of the file system.
 */
export const KINDS = ['heap', 'shared', 'stranger', 'object'] as const;
export type Kind = (typeof KINDS)[number];

/** What became of one segment. */
export interface Result {
  readonly kind: Kind;
  readonly findings: readonly Finding[];
}

/** One in so many segments is of that kind; the rest is on the heap. */
const SHARED_EVERY = 40;
const OBJECT_EVERY = 40;
const STRANGER_EVERY = 500;

/** The choices of one segment follow from the run's seed and its number alone. */
export function randomOf(seed: number, segment: number): Random {
  return new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(segment + 1, 0x85ebca6b));
}

function kindOf(segment: number): Kind {
  if (segment % STRANGER_EVERY === 3) return 'stranger';
  if (segment % SHARED_EVERY === 1) return 'shared';
  return segment % OBJECT_EVERY === 2 ? 'object' : 'heap';
}

/**
 * Makes one segment, spoils it before and while it is used, and judges what its users were told.
 *
 * @param name - of a queue that nobody else has
 * @param traced - whether to print what is done
 */
export async function fuzzSegment(
  seed: number,
  segment: number,
  name: string,
  companion: Companion,
  traced: boolean,
): Promise<Result> {
  const random = randomOf(seed, segment);
  const kind = kindOf(segment);
  if (kind === 'object') {
    const oracle = new Oracle(segment, true, traced);
    await fuzzObject(random, oracle, name);
    return { kind, findings: oracle.findings };
  }
  const scene = new Scene(
    random,
    (codecThrows) => new Oracle(segment, codecThrows, traced),
    (codec, geometry) => (kind === 'heap' ? Place.heap(codec, geometry) : Place.shared(codec, geometry, name)),
  );
  const { oracle } = scene;
  const lanes = scene.lanesInUse();
  const mutator = new Mutator(random, scene.view, lanes, (step) => oracle.note(step));
  try {
    if (kind === 'stranger') await besideStranger(scene, mutator, companion, { name, lanes });
    else await between(scene, mutator, random.between(2, 8));
  } finally {
    scene.close();
  }
  // Whatever was decoded.
  oracle.check(Object.keys(Object.prototype).length === 0, 'the prototype of all objects was written to');
  return { kind, findings: oracle.findings };
}

async function between(scene: Scene, mutator: Mutator, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    // Frames that nobody has claimed yet: their lengths are still to be read.
    if (scene.random.next() < 0.2) scene.fill();
    for (let count = scene.random.pick([0, 1, 1, 1, 2, 5]); count > 0; count--) mutator.mutate();
    await useOnce(scene, mutator);
  }
}

async function besideStranger(
  scene: Scene,
  mutator: Mutator,
  companion: Companion,
  { name, lanes }: { name: string; lanes: readonly number[] },
): Promise<void> {
  const { random, oracle } = scene;
  const how = random.pick(['scribble', 'scribble', 'ring'] as const);
  const command = { spoil: name, how, seed: random.between(0, 2 ** 31), lanes };
  oracle.note(`another process: ${how}`);
  const written = await companion.beside(command, () => between(scene, mutator, random.between(20, 60)));
  oracle.check(written > 0, 'the stranger has written nothing');
}
