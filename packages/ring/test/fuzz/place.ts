import { LocalSegment, Segment, type SegmentHandle } from '@ringway/memory';
import { Queue, type Codec, type QueueGeometry } from '@ringway/ring';

import { channelGeometry, channelSpec } from '../../dist/channel.js';
import { KIND_QUEUE } from '../../dist/layout.js';

/** A process's view of the queue; that of {@link Place.kill} is what SIGKILL leaves. */
export interface Peer {
  readonly segment: SegmentHandle;
  readonly queue: Queue;
}

/**
 * The constructor is for `Queue.open` and `Queue.local`; a second handle of a heap segment, and a handle that can be
 * killed, need it as well.
 */
const QueueOf = Queue as unknown as new (
  segment: SegmentHandle,
  options: { readonly codec: Codec<unknown> },
  reopen: undefined,
) => Queue;

/** Where a queue is, heap or shared memory, for several peers in one process that share nothing else. */
export class Place {
  readonly codec: Codec<unknown>;
  readonly peers = new Set<Peer>();
  readonly #segments: SegmentHandle[] = [];
  readonly #open: () => SegmentHandle;
  readonly #name: string | undefined;

  private constructor(codec: Codec<unknown>, first: SegmentHandle, open: () => SegmentHandle, name?: string) {
    this.codec = codec;
    this.#name = name;
    this.#segments.push(first);
    this.#open = open;
  }

  static heap(codec: Codec<unknown>, options: QueueGeometry): Place {
    const { kind, geometry, size } = channelSpec(KIND_QUEUE, channelGeometry(options));
    const header = { kind, geometry, size, codecName: codec.name, codecId: 0, schemaId: 0 };
    const first = LocalSegment.create('fuzz', header);
    return new Place(codec, first, () => first.reopen());
  }

  static shared(codec: Codec<unknown>, options: QueueGeometry, name: string): Place {
    const spec = {
      ...channelSpec(KIND_QUEUE, channelGeometry(options)),
      codecName: codec.name,
      codecId: 0,
      schemaId: 0,
    };
    return new Place(codec, Segment.create(name, spec), () => Segment.open(name, { kind: KIND_QUEUE }), name);
  }

  /** The segment as a stranger sees it. */
  get stranger(): SegmentHandle {
    return this.#segments[0];
  }

  /** Another process opens the queue. */
  open(): Peer {
    const segment = this.#open();
    this.#segments.push(segment);
    const peer = { segment, queue: new QueueOf(segment, { codec: this.codec }, undefined) };
    this.peers.add(peer);
    return peer;
  }

  /** Locks and watches go, no step of the protocol runs. */
  kill(peer: Peer): void {
    this.peers.delete(peer);
    peer.segment.close();
    // Nothing of it touches the memory any more; its timer goes.
    peer.queue.close();
  }

  /** After the queues: whatever is open still goes, and the name. */
  close(): void {
    for (const segment of this.#segments) segment.close();
    if (this.#name !== undefined) Queue.unlink(this.#name);
  }
}
