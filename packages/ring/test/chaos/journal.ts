import { closeSync, openSync, readFileSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * What a process has on record survives its SIGKILL: each entry is one appending write of whole records. A record is three u32.
 *
 * A producer's journal: (intended, up to, 0) before it sends, (sent, up to, 0) when `send` has told so. A consumer's: (producer, sequence, flags) before it
 * acknowledges.
 */
export class Journal {
  readonly #fd: number;

  constructor(folder: string, kind: 'producer' | 'consumer', id: number) {
    this.#fd = openSync(join(folder, `${kind}-${id}`), 'a');
  }

  /** One record. */
  write(first: number, second: number, third: number): void {
    const record = Buffer.allocUnsafe(RECORD_BYTES);
    record.writeUInt32LE(first, 0);
    record.writeUInt32LE(second, 4);
    record.writeUInt32LE(third, 8);
    writeSync(this.#fd, record);
  }

  close(): void {
    closeSync(this.#fd);
  }
}

const RECORD_BYTES = 12;
export const INTENDED = 1;
export const SENT = 2;
export const FLAG_REDELIVERED = 1;
/** The bytes were not those of any message. */
export const FLAG_TORN = 2;

/** All journals of a kind: id and records, as triples. */
export function readJournals(folder: string, kind: 'producer' | 'consumer'): { id: number; records: Uint32Array }[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${kind}-`))
    .map((name) => {
      const bytes = readFileSync(join(folder, name));
      const whole = bytes.length - (bytes.length % RECORD_BYTES);
      const records = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + whole));
      return { id: Number(name.slice(kind.length + 1)), records };
    });
}
