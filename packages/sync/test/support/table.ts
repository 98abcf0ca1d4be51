import { LocalSegment } from '@ringway/memory';

import { Doorbells, Roster, SLOT_BYTES, Slots, sleeperWords } from '@ringway/sync';

const TABLE_BYTE = 4096;

/** One opener's view of a participant table on the heap: another one stands for another process. */
export class Table {
  readonly segment: LocalSegment;
  readonly words: Int32Array;
  readonly slots: Slots;
  readonly doorbells: Doorbells;
  readonly roster: Roster;
  /** Index of the first sleepers word. */
  readonly sleepers: number;

  private constructor(segment: LocalSegment, count: number) {
    const bytes = count * SLOT_BYTES;
    const control = segment.map(TABLE_BYTE, segment.header.size - TABLE_BYTE);
    this.segment = segment;
    this.words = new Int32Array(control);
    this.sleepers = bytes / 4;
    this.slots = new Slots(segment, control, 0, count);
    this.doorbells = new Doorbells(segment, control, bytes, count, this.slots);
    this.roster = new Roster(segment, this.slots);
  }

  /** A table of `count` slots, with sleepers words behind it. */
  static create(count: number): Table {
    const bytes = count * SLOT_BYTES + sleeperWords(count) * 4;
    const segment = LocalSegment.create('table', {
      kind: 9,
      geometry: [],
      size: TABLE_BYTE + Math.ceil(bytes / 4096) * 4096,
      codecName: '',
      codecId: 0,
      schemaId: 0,
    });
    return new Table(segment, count);
  }

  /** Another opener of the same table. */
  reopen(): Table {
    return new Table(this.segment.reopen(), this.slots.count);
  }

  /** As after SIGKILL: its locks go, and nothing else happens. */
  kill(): void {
    this.segment.close();
  }

  /** Takes a slot as a newcomer does. */
  join(slot: number, label = '', role = 1): void {
    if (!this.slots.tryLock(slot)) throw new Error(`slot ${slot} is locked`);
    this.slots.occupy(slot, label, role);
  }

  /** The sleepers words. */
  bits(): number[] {
    return [...this.words.subarray(this.sleepers, this.sleepers + sleeperWords(this.slots.count))];
  }

  /** How often a slot was rung: each ring moves its doorbell before and after the announcement is taken away. */
  rung(slot: number): number {
    return this.words[this.slots.doorbell(slot)] / 2;
  }
}
