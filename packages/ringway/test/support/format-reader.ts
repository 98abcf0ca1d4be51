import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { tablesUnder, type Table } from './markdown.js';

/** A message as it stands in a lane. */
export interface FoundMessage {
  /** Metadata entries by tag. */
  readonly metadata: ReadonlyMap<number, Buffer>;
  readonly payload: Buffer;
  /** Whether the payload refers to an object of its own. */
  readonly spilled: boolean;
}

/** A lane that was ever taken. */
export interface FoundLane {
  readonly state: number;
  readonly label: string;
  readonly epoch: number;
  readonly position: number;
  readonly next: number;
  readonly claims: readonly { slot: number; from: number; to: number; acknowledged: number }[];
  /** From the floor to the published position. */
  readonly messages: readonly FoundMessage[];
}

/**
 * Reads a queue's object with nothing but the numbers that the tables of `docs/format.md` tell, and the rules that its
 * text tells: it is there to show that the page suffices. It uses no constant of the code on purpose.
 */
export class FormatReader {
  readonly #bytes: Buffer;
  readonly #byte = new Map<string, number>();
  readonly #text: string;

  /** Copies the object, as an observer does. */
  constructor(markdown: string, path: string) {
    this.#text = markdown;
    for (const heading of ['Header', 'Geometry', 'Channel words', 'Slots', 'Lane headers', 'Claim rows']) {
      for (const row of this.#table(heading).rows)
        this.#byte.set(row[row.length - 1].replaceAll('`', ''), Number(row[0]));
    }
    const fd = openSync(path, 'r');
    try {
      this.#bytes = Buffer.alloc(fstatSync(fd).size);
      readSync(fd, this.#bytes, 0, this.#bytes.length, 0);
    } finally {
      closeSync(fd);
    }
  }

  get magic(): string {
    return this.#bytes.toString('latin1', this.#at('MAGIC_OFFSET'), this.#at('MAGIC_OFFSET') + 7);
  }

  get codec(): string {
    return this.#string(this.#at('CODEC_NAME_OFFSET'), 32);
  }

  get creationId(): string {
    return this.#bytes.toString('hex', this.#at('CREATION_ID_OFFSET'), this.#at('CREATION_ID_OFFSET') + 8);
  }

  get size(): number {
    return Number(this.#bytes.readBigUInt64LE(this.#at('SIZE_OFFSET')));
  }

  get laneBytes(): number {
    return this.#word(this.#at('GEOMETRY_LANE_BYTES'));
  }

  /** State, pid, role and label of each slot that is not free. */
  slots(): { slot: number; state: number; pid: number; role: number; label: string }[] {
    return Array.from({ length: this.#consumers + this.#producers }, (_, slot) => {
      const entry = this.#area('slot table') + slot * 256;
      return {
        slot,
        state: this.#word(entry + this.#at('SLOT_STATE_WORD')),
        pid: this.#word(entry + this.#at('SLOT_PID_WORD')),
        role: this.#word(entry + this.#at('SLOT_ROLE_WORD')),
        label: this.#string(entry + this.#at('SLOT_LABEL_BYTE'), 48),
      };
    }).filter(({ state }) => state !== 0);
  }

  lanes(): FoundLane[] {
    const taken = this.#word(this.#area('queue words') + this.#at('CHANNEL_LANES_HIGH'));
    return Array.from({ length: taken }, (_, index) => this.#lane(index));
  }

  #lane(index: number): FoundLane {
    const header = this.#area('lane headers') + index * 384;
    const position = this.#word(header + this.#at('LANE_POSITION'));
    const next = this.#word(header + this.#at('LANE_NEXT'));
    const claims = Array.from({ length: this.#consumers }, (_, slot) => {
      const row = this.#area('claim rows') + (index * this.#consumers + slot) * 64;
      return {
        slot,
        from: this.#word(row + this.#at('ROW_FROM')),
        to: this.#word(row + this.#at('ROW_TO')),
        acknowledged: this.#bytes.readDoubleLE(row + this.#at('ROW_ACKED_FLOAT')),
      };
    }).filter(({ from, to }) => from % 8 === 0 && ((to - from) | 0) > 0);
    const floor = claims.reduce((least, { from }) => (((from - least) | 0) < 0 ? from : least), next);
    return {
      state: this.#word(header + this.#at('LANE_STATE_WORD')),
      label: this.#string(header + this.#at('LANE_LABEL_BYTE'), 48),
      epoch: this.#word(header + this.#at('LANE_EPOCH')),
      position,
      next,
      claims,
      messages: [...this.#frames(index, floor, position)],
    };
  }

  *#frames(lane: number, floor: number, position: number): Generator<FoundMessage> {
    const start = this.#area('lanes') + lane * this.laneBytes;
    const ring = this.#bytes.subarray(start, start + this.laneBytes);
    const twice = Buffer.concat([ring, ring]);
    const [length, type, flags, metadata] = this.#table('Frames').rows.map(([byte]) => Number(byte));
    const types = new Map(
      tablesUnder(this.#text, 'Frames')[1].rows.map(([name, number]) => [Number(number), name.replaceAll('`', '')]),
    );
    for (let at = floor; at !== position;) {
      const frame = twice.subarray(at % this.laneBytes);
      const bytes = frame.readUInt32LE(length);
      const extra = frame.readUInt16LE(metadata);
      const kind = types.get(frame.readUInt8(type));
      if ((frame.readUInt8(flags) & 1) !== (extra === 0 ? 0 : 1))
        throw new Error('flag and bytes of metadata disagree');
      const found = Buffer.from(frame.subarray(8, 8 + bytes));
      if (kind === 'message' || kind === 'spill') {
        yield {
          metadata: entries(found.subarray(0, extra)),
          payload: found.subarray(extra),
          spilled: kind === 'spill',
        };
      }
      at = (at + Math.ceil((8 + bytes) / 8) * 8) >>> 0;
    }
  }

  #area(name: string): number {
    const [consumers, producers] = [this.#consumers, this.#producers];
    const slots = 4096 + 1024;
    const headers = slots + 256 * (consumers + producers);
    const rows = headers + 384 * producers;
    const lanes = Math.ceil((rows + 64 * producers * consumers) / 4096) * 4096;
    const areas = { 'queue words': 4096, 'slot table': slots, 'lane headers': headers, 'claim rows': rows, lanes };
    return areas[name as keyof typeof areas];
  }

  get #producers(): number {
    return this.#word(this.#at('GEOMETRY_MAX_PRODUCERS'));
  }

  get #consumers(): number {
    return this.#word(this.#at('GEOMETRY_MAX_CONSUMERS'));
  }

  #at(name: string): number {
    const found = this.#byte.get(name);
    if (found === undefined) throw new Error(`the format tells no offset of ${name}`);
    return found;
  }

  #table(heading: string): Table {
    return tablesUnder(this.#text, heading)[0];
  }

  #word(byte: number): number {
    return this.#bytes.readUInt32LE(byte);
  }

  #string(byte: number, size: number): string {
    const field = this.#bytes.subarray(byte, byte + size);
    const end = field.indexOf(0);
    return field.toString('utf8', 0, end < 0 ? size : end);
  }
}

function entries(list: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let at = 0; at < list.length;) {
    const bytes = list.readUInt16LE(at + 2);
    found.set(list.readUInt8(at), list.subarray(at + 4, at + 4 + bytes));
    at += Math.ceil((4 + bytes) / 8) * 8;
  }
  return found;
}
