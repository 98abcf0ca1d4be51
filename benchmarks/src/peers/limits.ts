/** Longest wait of a blocking call, in milliseconds: whoever has lost both its peer and the one that started it must end. */
export const BLOCKING_TIMEOUT_MS = 30_000;
