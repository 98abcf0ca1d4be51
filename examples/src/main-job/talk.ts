/**
 * What a worker tells the process that started it, over the channel that fork() makes. The messages themselves never go
 * this way.
 */
export type Report =
  /** A producer goes on with this message. */
  | { readonly type: 'sending'; readonly number: number; readonly time: number }
  /** A worker has come to the message at which it was to ask, and waits for `go-on`, or for its death. */
  | { readonly type: 'asks'; readonly number: number }
  /** A receiver of the speed phase is ready. */
  | { readonly type: 'ready' }
  /** A receiver of the speed phase has received and checked everything. */
  | { readonly type: 'received'; readonly messages: number };

/** What it is told. */
export type Order = 'go-on' | 'stop';
