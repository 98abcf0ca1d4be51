/** A block on the channel of child_process. */
export interface ChannelMessage {
  readonly number: number;
  readonly block: Uint8Array;
}
