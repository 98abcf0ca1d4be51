import { isUtf8 } from 'node:buffer';
import { msgpack, type Codec } from 'ringway';

/** One line of a text. */
export interface LineMessage {
  /** Its number, from 0. */
  readonly n: number;
  /** The line with its line end; as bytes where it is not valid UTF-8, so that nothing is lost on the way. */
  readonly text: string | Uint8Array;
}

/** How lines become bytes. */
export function lineCodec(): Codec<LineMessage> {
  return msgpack<LineMessage>();
}

/** Makes the message of a line. */
export function lineMessage(n: number, line: Buffer): LineMessage {
  return { n, text: isUtf8(line) ? line.toString('utf8') : line };
}

/** The line's bytes again. */
export function lineBytes({ text }: LineMessage): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
}
