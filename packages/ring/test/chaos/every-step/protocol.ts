import type { QueueGeometry } from '../../../dist/index.js';
import type { Fate, Place } from '../../steps/kill-at-step.js';
import type { RoleName } from './roles.js';

/** Where a point plays: a fresh queue or topic, and a folder for the journals. */
export interface Ground {
  readonly kind: 'queue' | 'topic';
  readonly name: string;
  readonly folder: string;
  readonly geometry: QueueGeometry;
}

/** What a survivor can be asked for. */
export type Request =
  /** Opens the queue, or makes it. */
  | { readonly do: 'open'; readonly ground: Ground }
  /** Joins as a producer whose journal has this id. */
  | { readonly do: 'produce'; readonly id: number; readonly label: string }
  /** Joins as a consumer whose journal has this id. */
  | { readonly do: 'consume'; readonly id: number }
  /** Sends so many messages of so many bytes, waiting for room. */
  | { readonly do: 'send'; readonly count: number; readonly bytes: number }
  /** Sends as many messages as there is room for, within reason; answers how many. */
  | { readonly do: 'fill' }
  /** Ends the stream. */
  | { readonly do: 'end' }
  /** Receives so many messages, and acknowledges only these of them. */
  | { readonly do: 'receive'; readonly count: number; readonly acknowledge: readonly number[] }
  /** Begins to receive and to acknowledge; answers at once, and goes on until the stream has ended. */
  | { readonly do: 'serve' }
  /** Answers when nothing has come for so many milliseconds, or the stream has ended. */
  | { readonly do: 'quiet'; readonly milliseconds: number }
  /** Answers when the stream has ended. */
  | { readonly do: 'served' }
  /** Leaves, and closes the queue. */
  | { readonly do: 'leave' }
  /** Fills every place of the queue, sends through every lane, and leaves. */
  | { readonly do: 'prove' };

export interface Answer {
  readonly id: number;
  readonly result?: number;
  readonly error?: string;
  readonly code?: string | undefined;
}

/** What the victim is told: plays its role, and meets its fate at this step; 0: never. */
export interface Sentence {
  readonly role: RoleName;
  readonly ground: Ground;
  /** Of its journals. */
  readonly id: number;
  readonly step: number;
  /** Also at the first access that stands there in the code, by its index in the tree's sites. */
  readonly site?: number;
  readonly fate: Fate;
}

/** What a victim says, one line of JSON each, on a pipe of its own: what was written before the signal is there after it. */
export type Word =
  /** The modules are loaded. */
  | { readonly ready: true }
  /** It is about to wait for what the survivors do. */
  | { readonly waits: true }
  /** It meets its fate now. */
  | { readonly place: Place }
  /** It goes on after SIGSTOP, at this time of CLOCK_MONOTONIC in nanoseconds. */
  | { readonly resumed: string }
  /** It has played its role to the end and left; so many steps. */
  | { readonly done: number }
  | { readonly failed: string };

/** Descriptor of a victim's pipe. */
export const WORD_FD = 3;

/** Ids in the journals. */
export const ID = { victim: 1, sender: 2, first: 3, second: 4, receiver: 5, letters: 6 } as const;

/** Label of the producer that dies first, and of who adopts its lane. */
export const HEIRLOOM = 'heirloom';
/** Payload of an ordinary message: some twenty fill a lane. */
export const MESSAGE_BYTES = 192;
export const LANE_BYTES = 4096;
/** Does not fit a frame. */
export const SPILLED_BYTES = LANE_BYTES / 4 + 64;

/** Name of the queue that takes the dead letters of this one. */
export function lettersOf(name: string): string {
  return `letters-${name}`;
}

/** A ground's geometry in the words of a topic. */
export function topicGeometry({ geometry }: Ground): {
  readonly laneBytes: number | undefined;
  readonly maxPublishers: number;
  readonly maxSubscribers: number;
} {
  const { laneBytes, maxProducers = 0, maxConsumers = 0 } = geometry;
  return { laneBytes, maxPublishers: maxProducers, maxSubscribers: maxConsumers };
}
